"""Batcher: what comes together is worked on together, nothing is lost, and the room has an end."""

import threading
from concurrent.futures import wait

import pytest

from lookmore.serve.batcher import Batcher, QueueFullError, StoppedError


class Work:
    """Doubles numbers; waits at the gate first, so that others can queue up."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = threading.Event()
        self.began = threading.Event()

    def __call__(self, items: list[int]) -> list[int]:
        """Do it."""
        self.began.set()
        assert self.gate.wait(20)
        self.batches.append(items)
        return [2 * item for item in items]


def batcher(
    work: Work, *, most: int = 4, wait_s: float = 0.0, room: int = 100
) -> Batcher[int, int]:
    return Batcher(work, most=most, wait_s=wait_s, room=room, observe=lambda size: None, name="try")


def test_items_that_wait_together_are_worked_on_together_and_in_order() -> None:
    work = Work()
    queue = batcher(work)
    first = queue.submit([1])
    assert work.began.wait(20)  # the thread is busy with the first
    rest = [queue.submit([number])[0] for number in range(2, 8)]
    assert len(queue) == 6
    work.gate.set()
    assert [future.result(20) for future in [*first, *rest]] == [2, 4, 6, 8, 10, 12, 14]
    assert work.batches == [[1], [2, 3, 4, 5], [6, 7]]
    queue.close()


def test_a_lone_item_waits_no_longer_than_it_must() -> None:
    work = Work()
    work.gate.set()
    queue = batcher(work, wait_s=0.01)
    assert queue.submit([3])[0].result(20) == 6
    queue.close()


def test_a_full_batch_does_not_wait() -> None:
    work = Work()
    work.gate.set()
    queue = batcher(work, most=2, wait_s=1000.0)
    assert [future.result(20) for future in queue.submit([1, 2])] == [2, 4]
    queue.close()


def test_what_has_no_room_is_refused_whole() -> None:
    work = Work()
    queue = batcher(work, room=3)
    queue.submit([0])
    assert work.began.wait(20)
    queue.submit([1, 2])
    with pytest.raises(QueueFullError):
        queue.submit([3, 4])
    assert len(queue) == 2
    work.gate.set()
    queue.close()


def test_closing_finishes_what_is_queued_and_takes_no_more() -> None:
    work = Work()
    queue = batcher(work)
    futures = queue.submit([1, 2, 3, 4, 5, 6])
    threading.Timer(0.05, work.gate.set).start()
    queue.close()
    assert [future.result(0) for future in futures] == [2, 4, 6, 8, 10, 12]
    with pytest.raises(StoppedError):
        queue.submit([7])


def test_an_error_reaches_everyone_in_the_batch_and_nobody_else() -> None:
    def work(items: list[int]) -> list[int]:
        if 13 in items:
            raise ArithmeticError("thirteen")
        return items

    queue: Batcher[int, int] = Batcher(
        work, most=2, wait_s=1000.0, room=9, observe=lambda size: None, name="try"
    )
    bad, good = queue.submit([13, 1]), queue.submit([2, 3])
    for future in bad:
        with pytest.raises(ArithmeticError, match="thirteen"):
            future.result(20)
    assert [future.result(20) for future in good] == [2, 3]
    queue.close()


def test_a_cancelled_item_is_left_out() -> None:
    work = Work()
    queue = batcher(work)
    queue.submit([0])
    assert work.began.wait(20)
    gone, kept = queue.submit([1, 2])
    assert gone.cancel()
    work.gate.set()
    assert kept.result(20) == 4
    queue.close()
    assert work.batches == [[0], [2]]


def test_many_threads_get_their_own_answers() -> None:
    work = Work()
    work.gate.set()
    sizes: list[int] = []
    queue = Batcher(work, most=8, wait_s=0.002, room=1000, observe=sizes.append, name="try")
    found: dict[int, int] = {}

    def ask(number: int) -> None:
        found[number] = queue.submit([number])[0].result(20)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.close()
    assert found == {number: 2 * number for number in range(100)}
    assert sum(sizes) == 100 and max(sizes) <= 8


def test_an_item_is_finished_before_its_future_says_so() -> None:
    work = Work()
    work.gate.set()
    queue = batcher(work)
    done, waiting = wait(queue.submit([1, 2]), timeout=20)
    assert len(done) == 2 and not waiting
    queue.close()
