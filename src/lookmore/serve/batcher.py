"""Requests that come at the same time share one pass of the network, in one thread."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class QueueFullError(Exception):
    """More is waiting than will be answered in good time."""


class StoppedError(Exception):
    """Nothing is taken in any more."""


class _Waiting(NamedTuple, Generic[Item, Answer]):
    item: Item
    future: Future[Answer]
    since: float


class Batcher(Generic[Item, Answer]):
    """Collects items and has them worked on together.

    Items are worked on as soon as there are ``most`` of them, or once the first has waited for
    ``wait_s``; while the thread is at work, others queue up for the next batch.

    Args:
        work: From a list of items to as many answers, in order; only called by one thread.
        most: Items in one batch.
        wait_s: Longest that a first item waits for others, in seconds.
        room: Items that may wait.
        observe: Told the size of each batch.
        name: Of the thread.
    """

    def __init__(
        self,
        work: Callable[[list[Item]], list[Answer]],
        *,
        most: int,
        wait_s: float,
        room: int,
        observe: Callable[[int], None],
        name: str,
    ) -> None:
        self._work, self._observe = work, observe
        self._most, self._wait_s, self._room = most, wait_s, room
        self._waiting: deque[_Waiting[Item, Answer]] = deque()
        self._changed = threading.Condition()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        """Items that wait."""
        return len(self._waiting)

    def submit(self, items: list[Item]) -> list[Future[Answer]]:
        """Queue items, all or none.

        Args:
            items: To be worked on; one that is cancelled before its batch begins is left out.

        Returns:
            Their answers to come; a batch that fails gives each of its items the error.

        Raises:
            QueueFullError: If there is no room for them.
            StoppedError: After `close`.
        """
        now = time.monotonic()
        futures: list[Future[Answer]] = [Future() for _ in items]
        with self._changed:
            if self._is_stopped:
                raise StoppedError
            if len(self._waiting) + len(items) > self._room:
                raise QueueFullError
            self._waiting.extend(
                _Waiting(item, future, now) for item, future in zip(items, futures, strict=True)
            )
            self._changed.notify()
        return futures

    def close(self) -> None:
        """Take in nothing more, finish what is queued, and return when it is done."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            taken = [entry for entry in batch if entry.future.set_running_or_notify_cancel()]
            if not taken:
                continue
            self._observe(len(taken))
            try:
                answers = self._work([entry.item for entry in taken])
                pairs = list(zip(taken, answers, strict=True))
            except BaseException as error:  # whatever it is, somebody waits for it
                for entry in taken:
                    entry.future.set_exception(error)
                continue
            for entry, answer in pairs:
                entry.future.set_result(answer)

    def _next(self) -> list[_Waiting[Item, Answer]]:
        """Return the next batch; nothing once stopped and empty."""
        with self._changed:
            while not self._waiting and not self._is_stopped:
                self._changed.wait()
            while not self._is_stopped and len(self._waiting) < self._most:
                left = self._waiting[0].since + self._wait_s - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            count = min(self._most, len(self._waiting))
            return [self._waiting.popleft() for _ in range(count)]
