"""Similarities that do not sink with the quality of the images: correction for attenuation."""

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Real = TypeVar("Real", bound=np.floating)

EXPONENT: Final = 0.5
"""1 would undo all of the attenuation, were recognisability exact, and were strangers' cosines
attenuated as friends' are. At a half, strangers pass as often among poor images as among good."""

LEAST: Final = 0.5
"""Recognisability below which nothing more is made up for. There it is a guess about a guess: of
noise, a likeness could be made."""


def corrected(embeddings: NDArray[Real], recognisability: NDArray[np.floating]) -> NDArray[Real]:
    """Make rows longer, the less recognisable their images: products become corrected cosines.

    The embedding of a small image has the cosine ``r`` to that of the sharp one, so that two of
    them have about ``r * r'`` times the cosine that the sharp images would have: one threshold
    takes poor images for different people, good ones for the same. Where every row is divided by
    the root of ``r``, a dot product is corrected for that, whoever computes it; a sharp gallery of
    the teacher's (``r`` = 1) stays as it is. One probe's matches keep their order.

    Args:
        embeddings: ``(B, D)`` floating point, rows of length 1.
        recognisability: ``(B,)`` in [0, 1], as a student tells it; below 0.5 it counts as 0.5.

    Returns:
        ``(B, D)`` of the type of ``embeddings``; rows of length 1 to 1.41. Products may exceed 1.

    Raises:
        ValueError: If there is not one number in [0, 1] for each row.

    Source:
        The correction of correlations for attenuation: Spearman, *The Proof and Measurement of
        Association between Two Things*, American Journal of Psychology 15, 1904,
        doi:10.2307/1412159. The exponent is ours, chosen on people held out of training
        (docs/experiments.md).

    Example:
        >>> corrected(np.eye(2), np.array([1.0, 0.5])).round(4)
        array([[1.    , 0.    ],
               [0.    , 1.4142]])
    """
    if embeddings.ndim != 2 or recognisability.shape != embeddings.shape[:1]:
        raise ValueError(
            "recognisability must be one number for each row of embeddings, got "
            f"{recognisability.shape} for {embeddings.shape}"
        )
    if not ((recognisability >= 0) & (recognisability <= 1)).all():
        raise ValueError("recognisability must lie in [0, 1]")
    lengths = 1 / attenuation(recognisability.astype(np.float64))
    return embeddings * lengths[:, None].astype(embeddings.dtype)


def attenuation(recognisability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what few pixels leave of a cosine, as far as `corrected` makes up for it.

    Args:
        recognisability: Any shape, in [0, 1].

    Returns:
        The same shape, in [0.71, 1].
    """
    return np.maximum(recognisability, LEAST) ** EXPONENT
