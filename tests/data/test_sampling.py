"""epoch_batches: a pure function of seed and epoch; groups of one class, each image about once."""

from collections import Counter

import numpy as np
import pytest

from lookmore.data.sampling import epoch_batches

ROWS = np.arange(100, 160)
LABELS = np.repeat(np.arange(6), 10)


def batches(rows: np.ndarray, labels: np.ndarray, **settings: int) -> list[np.ndarray]:
    defaults = {"batch": 8, "images_per_class": 0, "seed": 0, "epoch": 0}
    return epoch_batches(rows, labels, **{**defaults, **settings})


@pytest.mark.parametrize("images_per_class", [0, 4])
def test_is_a_function_of_seed_and_epoch(images_per_class: int) -> None:
    def order(seed: int, epoch: int) -> list[int]:
        settings = {"seed": seed, "epoch": epoch, "images_per_class": images_per_class}
        return np.concatenate(batches(ROWS, LABELS, **settings)).tolist()

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(*pair)) for pair in [(1, 2), (1, 3), (2, 1), (2, 2)]}) == 4


def test_plain_shuffling_visits_each_image_at_most_once() -> None:
    found = batches(ROWS, LABELS)
    assert [len(batch) for batch in found] == [8] * 7  # 60 images: the last 4 are dropped
    visited = np.concatenate(found)
    assert len(set(visited)) == 56 and set(visited) <= set(ROWS)
    assert visited.tolist() != sorted(visited)


def test_a_batch_that_is_the_only_one_is_kept() -> None:
    (only,) = batches(ROWS[:5], LABELS[:5])
    assert sorted(only) == ROWS[:5].tolist()


def test_full_batches_are_all_kept() -> None:
    assert sorted(np.concatenate(batches(ROWS, LABELS, batch=20))) == ROWS.tolist()


def test_classes_come_in_groups_of_different_images() -> None:
    for batch in batches(ROWS, LABELS, images_per_class=4):
        for group in batch.reshape(-1, 4):
            assert len(set((group - 100) // 10)) == 1 and len(set(group)) == 4


def test_each_image_comes_about_once() -> None:
    visits = Counter(np.concatenate(batches(ROWS, LABELS, images_per_class=5, batch=10)).tolist())
    assert visits == Counter(ROWS.tolist())
    # Ten images in groups of four: two of each class come twice.
    filled = Counter(np.concatenate(batches(ROWS, LABELS, images_per_class=4)).tolist())
    assert set(filled) == set(ROWS) and sum(filled.values()) == 72 and max(filled.values()) == 2


def test_classes_meet_in_a_batch() -> None:
    labels = np.repeat(np.arange(20), 50)
    for batch in batches(np.arange(1000), labels, images_per_class=2, batch=20):
        assert len(set(labels[batch])) >= 5


def test_a_large_class_is_spread_over_the_epoch() -> None:
    labels = np.concatenate([np.zeros(200, dtype=np.int64), np.arange(1, 101).repeat(2)])
    found = batches(np.arange(400), labels, images_per_class=2, batch=20)
    shares = [np.mean(labels[batch] == 0) for batch in found]
    assert min(shares) > 0 and max(shares) < 1


def test_small_classes_never_show_an_image_twice() -> None:
    labels = np.arange(16)
    visited = np.concatenate(batches(np.arange(16), labels, images_per_class=4))
    assert sorted(visited) == list(range(16))


def test_groups_are_new_in_every_epoch() -> None:
    def groups(epoch: int) -> set[tuple[int, ...]]:
        found = batches(ROWS, LABELS, images_per_class=5, batch=10, epoch=epoch)
        return {tuple(sorted(group)) for batch in found for group in batch.reshape(-1, 5)}

    assert groups(0) != groups(1)


def test_images_without_a_label_stand_alone() -> None:
    labels = np.array([-1] * 8 + [0] * 4 + [1] * 4)
    visited = np.concatenate(batches(np.arange(16), labels, images_per_class=4, batch=16))
    assert sorted(visited) == list(range(16))
    nothing = np.full(16, -1)
    found = batches(np.arange(16), nothing, images_per_class=4)
    assert sorted(np.concatenate(found)) == list(range(16))


def test_one_class_alone_is_batched_too() -> None:
    found = batches(np.arange(16), np.zeros(16, dtype=np.int64), images_per_class=4)
    assert sorted(np.concatenate(found)) == list(range(16))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch": 0}, "positive multiple of images_per_class, got 0 and 0"),
        ({"batch": 10, "images_per_class": 4}, "got 10 and 4"),
        ({"images_per_class": -1}, "got 8 and -1"),
    ],
)
def test_refuses_sizes_that_cannot_be(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        batches(ROWS, LABELS, **settings)


def test_refuses_rows_without_labels_and_nothing_at_all() -> None:
    with pytest.raises(ValueError, match="of equal length and not empty, got 60 and 59"):
        batches(ROWS, LABELS[1:])
    with pytest.raises(ValueError, match="got 0 and 0"):
        batches(ROWS[:0], LABELS[:0])
