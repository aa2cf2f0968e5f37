"""The networks, asked by many requests at once: one thread and one queue for each."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import NamedTuple, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from lookmore.checkpoint.recogniser import Recogniser
from lookmore.search import Enroller
from lookmore.serve.batcher import Batcher, QueueFullError, StoppedError
from lookmore.serve.metrics import Histogram
from lookmore.serve.pictures import Pixels
from lookmore.serve.refusal import RefusalError
from lookmore.serve.settings import ServeConfig

IMAGES_PER_REQUEST = 16
"""Most images of one request."""

Row: TypeAlias = NDArray[np.float32]
"""An embedding, ``(D,)`` of length 1."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Word(NamedTuple):
    """What the student says of one image."""

    embedding: Row
    """Its embedding."""

    recognisability: float | None
    """In [0, 1]; ``None`` if it does not tell."""


class Networks(NamedTuple):
    """Who is asked."""

    student: Batcher[Pixels, Word]
    """Takes pixels as `Recogniser.see` prepares them."""

    teacher: Batcher[Pixels, Row] | None
    """Takes squares of any side; ``None`` where there is none to ask beside the student."""

    assistant: Batcher[Pixels, Row] | None
    """Likewise; only for enrolling where the gallery holds the assistant's embeddings."""

    seconds: float
    """Longest that an answer may take."""

    @classmethod
    def start(
        cls,
        student: Recogniser,
        *,
        teacher: Enroller | None,
        assistant: Enroller | None,
        config: ServeConfig,
        batches: Histogram,
    ) -> Self:
        """Start a thread for each network.

        Args:
            student: Asked for all probes.
            teacher: Asked beside it, where there is one.
            assistant: Asked for enrolling, where the gallery is its.
            config: Sizes, waits and room of the queues.
            batches: Takes the size of each batch, by network.
        """

        def words(items: list[Pixels]) -> list[Word]:
            answers = student.answer(np.stack(items))
            told = answers.get("recognisability")
            scores = [None] * len(items) if told is None else [float(score) for score in told]
            return [
                Word(row, score) for row, score in zip(answers["embeddings"], scores, strict=True)
            ]

        def queue(
            name: str, work: Callable[[list[Pixels]], list[Answer]]
        ) -> Batcher[Pixels, Answer]:
            return Batcher(
                work,
                most=config.batch,
                wait_s=config.batch_wait_ms / 1000,
                room=config.queue * IMAGES_PER_REQUEST,
                observe=lambda size: batches.observe(size, name),
                name=name,
            )

        def sharp(name: str, network: Enroller | None) -> Batcher[Pixels, Row] | None:
            if network is None:
                return None
            return queue(name, lambda items: list(network.look(items).embeddings))

        return cls(
            queue("student", words),
            sharp("teacher", teacher),
            sharp("assistant", assistant),
            config.answer_seconds,
        )

    @property
    def waiting(self) -> dict[str, float]:
        """Images in each queue, by network."""
        queues = {"student": self.student, "teacher": self.teacher, "assistant": self.assistant}
        return {name: float(len(queue)) for name, queue in queues.items() if queue is not None}

    def close(self) -> None:
        """Finish what is queued; nothing more is taken in."""
        for queue in (self.student, self.teacher, self.assistant):
            if queue is not None:
                queue.close()

    def wait(self, futures: Sequence[Future[Answer]]) -> list[Answer]:
        """Return the answers of a request.

        Args:
            futures: Of `submit`.

        Raises:
            RefusalError: 503, if they take too long.
        """
        try:
            return [future.result(timeout=self.seconds) for future in futures]
        except TimeoutError as error:
            for future in futures:
                future.cancel()
            raise RefusalError(
                503, f"the answer was not ready within {self.seconds:g} seconds: try again later"
            ) from error


def submit(queue: Batcher[Item, Answer], items: list[Item]) -> list[Future[Answer]]:
    """Queue the images of a request.

    Args:
        queue: Of a network.
        items: For that network.

    Raises:
        RefusalError: 503, if there is no room, or the server stops.
    """
    try:
        return queue.submit(items)
    except QueueFullError as error:
        raise RefusalError(503, "too many images are waiting: try again in a second") from error
    except StoppedError as error:
        raise RefusalError(503, "the server is stopping") from error
