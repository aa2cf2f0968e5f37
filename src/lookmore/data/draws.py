"""Random numbers that can be drawn again: pure functions of image, view, name and seed.

Nothing here has a state. A view or a low-resolution image may be needed a second time, in
another order, in another batch or in another process, and must come out the same; so its
random numbers hang on the image's content and not on how many numbers were drawn before.
"""

from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor

_STEP = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd: view numbers spread evenly


def uniform(keys: np.ndarray, views: np.ndarray, *, name: str, seed: int) -> np.ndarray:
    """Return one number per image and view, evenly spread over [0, 1).

    Args:
        keys: ``(B,)`` uint64, content keys of the images.
        views: ``(B,)`` int64, view numbers, 0 or more.
        name: What the number is for; different names are independent.
        seed: Of the run; different seeds are independent.

    Returns:
        ``(B,)`` float64 in [0, 1), multiples of 2**-53.

    Raises:
        ValueError: If ``keys`` and ``views`` are not ``(B,)`` uint64 and integer.

    Example:
        >>> key = np.array([7, 7], dtype=np.uint64)
        >>> uniform(key, np.array([1, 1]), name="flip", seed=0).round(6).tolist()
        [0.393041, 0.393041]
    """
    return (hashes(keys, views, name=name, seed=seed) >> np.uint64(11)) * 2.0**-53


def between(
    keys: np.ndarray, views: np.ndarray, *, low: float, high: float, name: str, seed: int
) -> np.ndarray:
    """Return one number per image and view, evenly spread over [low, high).

    Returns:
        ``(B,)`` float64; exactly ``low`` where the two bounds are equal.
    """
    return low + (high - low) * uniform(keys, views, name=name, seed=seed)


def choice(keys: np.ndarray, views: np.ndarray, *, count: int, name: str, seed: int) -> np.ndarray:
    """Return one index per image and view, each of ``0 .. count - 1`` equally likely.

    Returns:
        ``(B,)`` int64.
    """
    return (uniform(keys, views, name=name, seed=seed) * count).astype(np.int64)


def noise(
    keys: np.ndarray, views: np.ndarray, *, shape: tuple[int, ...], name: str, seed: int
) -> Tensor:
    """Return standard normal numbers of a shape, on the CPU, per image and view.

    Returns:
        ``(B, *shape)`` float32, mean 0, standard deviation 1.
    """
    generator = torch.Generator()
    drawn = torch.empty(len(keys), *shape)
    for row, number in zip(drawn, hashes(keys, views, name=name, seed=seed), strict=True):
        torch.randn(shape, out=row, generator=generator.manual_seed(int(number) >> 1))
    return drawn


def hashes(keys: np.ndarray, views: np.ndarray, *, name: str, seed: int) -> np.ndarray:
    """Return ``(B,)`` uint64 that look random: a view's place in the image's own sequence.

    Source:
        The sequence is SplitMix64: Steele, Lea and Flood, *Fast splittable pseudorandom
        number generators*, OOPSLA 2014, doi:10.1145/2660193.2660195. Ours starts it at a
        hash of key, name and seed, and jumps straight to the view's place.
    """
    if keys.ndim != 1 or keys.dtype != np.uint64:
        raise ValueError(f"keys must be (B,) uint64, got {keys.shape} {keys.dtype}")
    if views.shape != keys.shape or not np.issubdtype(views.dtype, np.integer):
        raise ValueError(
            f"views must be {keys.shape} integers like keys, got {views.shape} {views.dtype}"
        )
    digest = blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    starts = _mixed(keys ^ np.uint64(int.from_bytes(digest, "little")))
    return _mixed(starts + (views.astype(np.uint64) + np.uint64(1)) * _STEP)


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Return the SplitMix64 finaliser of ``(B,)`` uint64: every bit depends on every bit."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = numbers ^ (numbers >> np.uint64(31))
    return mixed
