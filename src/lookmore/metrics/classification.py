"""Naming the class of an image: accuracy over images, and over classes."""

import numpy as np
from numpy.typing import NDArray

from lookmore.metrics.checks import finite_array, index_array


def top1_hits(logits: np.ndarray, labels: np.ndarray) -> NDArray[np.bool_]:
    """Say for each image whether its own class has the largest score, alone.

    Equals are counted against us: a network that scores all classes alike is never right.

    Args:
        logits: ``(N, C)`` finite scores or probabilities, larger is likelier.
        labels: ``(N,)`` integers from 0 to C - 1.

    Returns:
        ``(N,)`` bool.

    Raises:
        ValueError: If shapes disagree, a score is not finite, or a label names no class.

    Example:
        >>> top1_hits(np.array([[0.9, 0.1], [0.5, 0.5]]), np.array([0, 1])).tolist()
        [True, False]
    """
    scores = finite_array(logits, name="logits", ndim=2)
    classes = index_array(labels, name="labels", rows=len(scores))
    if classes.min() < 0 or classes.max() >= scores.shape[1]:
        raise ValueError(
            f"labels must lie from 0 to {scores.shape[1] - 1}, "
            f"got {classes.min()} to {classes.max()}"
        )
    own = np.take_along_axis(scores, classes[:, None], axis=1)
    hits: NDArray[np.bool_] = (scores >= own).sum(axis=1) == 1
    return hits


def top1_accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of images whose own class has the largest score.

    Args:
        logits: ``(N, C)`` finite scores or probabilities, larger is likelier.
        labels: ``(N,)`` integers from 0 to C - 1.

    Returns:
        In [0, 1]; larger is better.

    Raises:
        ValueError: For `top1_hits`'s reasons.
    """
    return float(top1_hits(logits, labels).mean())


def mean_class_accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over classes of the share of their images named rightly.

    A rare class counts as much as a common one; a class without images does not count.

    Args:
        logits: ``(N, C)`` finite scores or probabilities, larger is likelier.
        labels: ``(N,)`` integers from 0 to C - 1.

    Returns:
        In [0, 1]; larger is better.

    Raises:
        ValueError: For `top1_hits`'s reasons.

    Example:
        >>> logits = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
        >>> mean_class_accuracy(logits, np.array([0, 0, 0, 1]))
        0.5
    """
    hits = top1_hits(logits, labels)
    images = np.bincount(labels)
    present = images > 0
    return float((np.bincount(labels, weights=hits)[present] / images[present]).mean())
