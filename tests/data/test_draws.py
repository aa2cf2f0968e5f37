"""draws: the same number for the same image, view, name and seed; otherwise as good as random."""

from hashlib import blake2b

import numpy as np
import pytest
import torch
from scipy import stats

from lookmore.data.draws import between, choice, noise, uniform

MASK = 2**64 - 1


def splitmix64(state: int) -> int:
    """The generator's output for a state, in Python's own whole numbers."""
    z = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def finalised(z: int) -> int:
    return splitmix64((z - 0x9E3779B97F4A7C15) & MASK)


def uniform_by_hand(key: int, view: int, *, name: str, seed: int) -> float:
    digest = blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    start = finalised(key ^ int.from_bytes(digest, "little"))
    return (splitmix64((start + view * 0x9E3779B97F4A7C15) & MASK) >> 11) / 2**53


@pytest.fixture
def keys() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2**64, 4096, dtype=np.uint64)


def same_view(keys: np.ndarray, view: int = 1) -> np.ndarray:
    return np.full(len(keys), view, dtype=np.int64)


def test_the_oracle_is_splitmix64() -> None:
    # First output for the seed 1234567, as in the task "Pseudo-random numbers/Splitmix64" of
    # rosettacode.org.
    assert splitmix64(1234567) == 6457827717110365317


def test_equals_the_definition_in_whole_numbers(keys: np.ndarray) -> None:
    keys, views = keys[:50], np.arange(50)
    expected = [
        uniform_by_hand(int(key), int(view), name="zoom", seed=3)
        for key, view in zip(keys, views, strict=True)
    ]
    np.testing.assert_array_equal(uniform(keys, views, name="zoom", seed=3), expected)


def test_order_and_batch_do_not_matter(keys: np.ndarray) -> None:
    views = np.arange(len(keys)) % 5
    together = uniform(keys, views, name="a", seed=0)
    order = np.random.default_rng(1).permutation(len(keys))[:100]
    np.testing.assert_array_equal(
        uniform(keys[order], views[order], name="a", seed=0), together[order]
    )


def test_numbers_are_spread_evenly(keys: np.ndarray) -> None:
    for numbers in (
        uniform(keys, same_view(keys), name="a", seed=0),
        uniform(np.arange(4096, dtype=np.uint64), same_view(keys), name="a", seed=0),
        uniform(np.zeros(4096, dtype=np.uint64), np.arange(4096), name="a", seed=0),
    ):
        assert numbers.min() >= 0 and numbers.max() < 1
        assert stats.kstest(numbers, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    ("view", "name", "seed"), [(2, "a", 0), (1, "b", 0), (1, "a", 1)], ids=["view", "name", "seed"]
)
def test_another_view_name_or_seed_is_independent(
    keys: np.ndarray, view: int, name: str, seed: int
) -> None:
    one = uniform(keys, same_view(keys, 1), name="a", seed=0)
    other = uniform(keys, same_view(keys, view), name=name, seed=seed)
    # 4096 independent pairs: correlations spread by 1/64.
    assert abs(np.corrcoef(one, other)[0, 1]) < 4 / 64
    assert not np.isin(one, other).any()


def test_between_stays_within_its_bounds(keys: np.ndarray) -> None:
    numbers = between(keys, same_view(keys), low=-3.0, high=5.0, name="a", seed=0)
    assert -3 <= numbers.min() < -2.9 and 4.9 < numbers.max() < 5
    assert (between(keys, same_view(keys), low=2.0, high=2.0, name="a", seed=0) == 2).all()


def test_choice_takes_each_index_equally_often(keys: np.ndarray) -> None:
    counts = np.bincount(choice(keys, same_view(keys), count=4, name="a", seed=0), minlength=4)
    assert len(counts) == 4
    assert stats.chisquare(counts).pvalue > 1e-3


def test_noise_is_standard_normal_and_hangs_on_its_image_only(keys: np.ndarray) -> None:
    keys = keys[:64]
    drawn = noise(keys, same_view(keys), shape=(3, 8, 8), name="grain", seed=0)
    assert drawn.shape == (64, 3, 8, 8) and drawn.dtype == torch.float32
    assert stats.kstest(drawn.flatten().numpy(), "norm").pvalue > 1e-3
    rows = np.array([40, 3])
    again = noise(keys[rows], same_view(keys[rows]), shape=(3, 8, 8), name="grain", seed=0)
    assert torch.equal(again, drawn[rows])
    assert not (drawn[0] == drawn[1]).any()


def test_noise_leaves_the_global_generator_alone(keys: np.ndarray) -> None:
    before = torch.random.get_rng_state()
    noise(keys[:2], same_view(keys[:2]), shape=(2,), name="grain", seed=0)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_no_images_give_no_numbers() -> None:
    none = np.array([], dtype=np.uint64)
    assert uniform(none, none.astype(np.int64), name="a", seed=0).shape == (0,)


@pytest.mark.parametrize(
    ("keys", "views", "message"),
    [
        (np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64), "keys must be .* uint64"),
        (np.zeros((2, 1), dtype=np.uint64), np.zeros(2, dtype=np.int64), r"keys must be \(B,\)"),
        (np.zeros(2, dtype=np.uint64), np.zeros(3, dtype=np.int64), r"views must be \(2,\)"),
        (np.zeros(2, dtype=np.uint64), np.zeros(2), "views must be .* integers"),
    ],
)
def test_refuses_what_is_not_keys_and_views(
    keys: np.ndarray, views: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        uniform(keys, views, name="a", seed=0)
