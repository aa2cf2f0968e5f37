"""Pieces made side by side are those made one after the other, and no one else notices."""

import threading
from collections.abc import Callable

import pytest
import torch

from lookmore.data.threads import in_threads


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest, set_threads: Callable[[int], None]) -> int:
    """How many threads torch may use, as long as the test runs."""
    number: int = request.param
    set_threads(number)
    return number


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 40])
def test_every_piece_is_made_once_and_in_order(threads: int, count: int) -> None:
    seen: list[int] = []

    def squared(number: int) -> int:
        seen.append(number)
        return number**2

    assert list(in_threads(squared, range(count))) == [number**2 for number in range(count)]
    assert sorted(seen) == list(range(count))


def test_as_many_are_at_work_at_once_as_torch_may_use(threads: int) -> None:
    meeting = threading.Barrier(threads, timeout=30)  # nobody passes before all have come
    assert len(list(in_threads(lambda number: meeting.wait(), range(2 * threads)))) == 2 * threads


def test_each_works_alone_and_others_have_all_threads_between_and_after(threads: int) -> None:
    inside = in_threads(lambda number: torch.get_num_threads(), range(5 * threads))
    found = [(within, torch.get_num_threads(), _of_a_new_thread()) for within in inside]
    assert found == [(1, threads, threads)] * 5 * threads
    assert torch.get_num_threads() == threads == _of_a_new_thread()


@pytest.mark.parametrize("count", [1, 15, 16, 17, 50])
def test_pieces_of_several_keep_the_order(threads: int, count: int) -> None:
    made = in_threads(lambda number: number**2, range(count), piece=4)
    assert list(made) == [number**2 for number in range(count)]


def test_no_more_than_two_pieces_for_each_thread_wait(threads: int) -> None:
    made: list[int] = []
    next(in_threads(made.append, range(100)))
    assert len(made) == (1 if threads == 1 else 2 * threads)
    made.clear()
    next(in_threads(made.append, range(100), piece=4))
    assert len(made) == (1 if threads == 1 else 8 * threads)


def test_a_piece_that_fails_is_told_and_leaves_all_threads(threads: int) -> None:
    def fails(number: int) -> int:
        if number == 1:
            raise ValueError("piece 1")
        return number

    with pytest.raises(ValueError, match="piece 1"):
        list(in_threads(fails, range(8)))
    assert torch.get_num_threads() == threads == _of_a_new_thread()


def _of_a_new_thread() -> int:
    found: list[int] = []

    def look() -> None:
        torch.ones(1).add(1)
        found.append(torch.get_num_threads())

    worker = threading.Thread(target=look)
    worker.start()
    worker.join()
    return found[0]
