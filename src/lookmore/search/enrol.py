"""Sharp images, or embeddings that exist already, become entries of a gallery."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from lookmore.chain.guide import Report, teacher_flip
from lookmore.checkpoint.checkpoint import load_checkpoint
from lookmore.checkpoint.load import load
from lookmore.checkpoint.network import Pixels
from lookmore.checkpoint.recogniser import Picture, Recogniser
from lookmore.data.images import read_image
from lookmore.data.square import to_square
from lookmore.data.threads import in_threads
from lookmore.engine.config import MachineConfig
from lookmore.engine.device import chosen_device
from lookmore.errors import CheckpointError, DataError, TeacherError, UnreadableImageError
from lookmore.evaluate.encoder import Encoder, stream_encoder, teacher_encoder
from lookmore.evaluate.run import run_teacher
from lookmore.recipe.load import recipe_from
from lookmore.search.entries import Entries
from lookmore.search.listing import Listed
from lookmore.search.space import Space

_BATCH = 32


class Looked(NamedTuple):
    """What one look at images gave."""

    embeddings: NDArray[np.float32]
    """``(N, D)`` unit rows, placed."""

    quality: NDArray[np.float32] | None
    """``(N,)`` in [0, 1], where the network says how recognisable an image is."""


class Enrolled(NamedTuple):
    """Images, ready for a gallery."""

    entries: Entries
    """Those that could be read."""

    unreadable: tuple[tuple[str, str], ...]
    """Path and reason of those that could not."""


@dataclass(frozen=True, kw_only=True)
class Enroller:
    """A run's network for sharp images: what it sees lies where the student's probes will be."""

    space: Space
    """Where its embeddings lie."""

    see: Callable[[Picture], Pixels]
    """Makes an image of any size ``(S, S, 3)`` uint8, as the network sees it."""

    ask: Callable[[Pixels], Looked]
    """Embeds a batch ``(N, S, S, 3)`` of them."""

    def look(self, images: Sequence[Picture]) -> Looked:
        """Embed a batch of images of any size; UnreadableImageError if one cannot be read."""
        return self.ask(np.stack([self.see(image) for image in images]))

    def enrol(
        self, listed: Listed, *, report: Report | None = None, max_unreadable: float = 0.01
    ) -> Enrolled:
        """Embed images of people.

        Args:
            listed: Whose images there are, and how each is read.
            report: Told of progress.
            max_unreadable: Share of the images that may be unreadable and left out.

        Returns:
            Entries, and what was left out.

        Raises:
            DataError: If too many are unreadable, or nobody's image is left.
            TeacherError: If the network cannot look at images.
        """
        rows: list[Looked] = []
        kept: list[int] = []
        unreadable: list[tuple[str, str]] = []
        total = len(listed.images)

        def seen(at: int) -> Pixels | str:
            try:
                return self.see(listed.read(at).permute(1, 2, 0).numpy())
            except UnreadableImageError as error:
                return str(error)

        for start in range(0, total, _BATCH):
            batch: list[Pixels] = []  # and not the photographs themselves, which may be large
            places = range(start, min(start + _BATCH, total))
            for at, pixels in zip(places, in_threads(seen, places), strict=True):
                if isinstance(pixels, str):
                    unreadable.append((listed.images[at], pixels))
                else:
                    batch.append(pixels)
                    kept.append(at)
            if len(unreadable) > max_unreadable * total:
                raise DataError(
                    f"{len(unreadable)} of the first {min(start + _BATCH, total)} of {total} "
                    f"images cannot be read, the first because {unreadable[0][1]}: repair or "
                    "remove them, or raise --max-unreadable"
                )
            if batch:
                rows.append(self.ask(np.stack(batch)))
            if report is not None:
                report(min(start + _BATCH, total), total)
        if not rows:
            raise DataError("there is no image to enrol")
        qualities = [found.quality for found in rows if found.quality is not None]
        entries = Entries(
            people=tuple(listed.people[at] for at in kept),
            images=tuple(listed.images[at] for at in kept),
            embeddings=np.concatenate([found.embeddings for found in rows]),
            quality=np.concatenate(qualities) if qualities else None,
        )
        return Enrolled(entries, tuple(unreadable))


def open_enroller(run: str | Path, *, through: str = "teacher") -> Enroller:
    """Open the network of a run that looks at a gallery's images.

    Args:
        run: Run folder, ``runs/NAME``; for ``through="student"`` anything that `load` opens.
        through: ``teacher``, ``assistant`` or ``student``.

    Raises:
        CheckpointError: If there is no such run or network, or its stages do not belong together.
        TeacherError: If the teacher cannot be opened, is another than the student learnt from, or
            is a file of embeddings, which cannot look.
    """
    student = load(run)
    place = str(Path(run).resolve())
    space = Space.of(student, through=through, run=place)
    if through == "student":
        return Enroller(
            space=space,
            see=lambda image: student.see(image).pixels,
            ask=lambda pixels: _student_said(student, pixels),
        )
    folder = Path(run) if (Path(run) / "student").is_dir() else Path(run).parent
    if "recipe" not in student.facts or not (folder / "student").is_dir():
        raise CheckpointError(
            f"{run} is the student alone, its {through} is in its run folder: name that, or "
            "import embeddings"
        )
    recipe = recipe_from(student.facts["recipe"], source=str(folder))
    if through == "assistant":
        encoder = _assistant(folder, student)
    else:
        teacher, _ = run_teacher(folder, recipe, device=chosen_device(MachineConfig()))
        if teacher.fingerprint != space.fingerprint:
            raise TeacherError(
                f"the teacher {teacher.name} is another today ({teacher.fingerprint[:8]}) than the "
                f"student of {folder} learnt from ({space.fingerprint[:8]}): restore its weights "
                "and settings, or train again"
            )
        encoder = teacher_encoder(
            teacher, student.guide_space, side=recipe.data.side, flip=teacher_flip(recipe)
        )
        if encoder.recall is not None:
            raise TeacherError(
                f"the teacher {teacher.name} is a file and cannot look at images: import its "
                "embeddings, 'lookmore index RUN FILE.parquet'"
            )
    side, fit = recipe.data.side, recipe.data.fit
    return Enroller(
        space=space,
        see=lambda image: _sharp_square(image, side=side, fit=fit),
        ask=lambda pixels: _sharp_rows(encoder, pixels),
    )


def _assistant(folder: Path, student: Recogniser) -> Encoder:
    checkpoint = load_checkpoint(folder / "assistant")
    digest = checkpoint.facts["weights_sha256"]
    if digest != student.facts["assistant"]:
        raise CheckpointError(
            f"{folder / 'assistant'} is not the one that the student learnt from: train again"
        )
    return stream_encoder(checkpoint.stream, name="assistant", weights=digest, flip=False)


def _sharp_square(image: Picture, *, side: int, fit: str) -> Pixels:
    return to_square(read_image(image), side=side, fit=fit).permute(1, 2, 0).numpy()


def _sharp_rows(encoder: Encoder, pixels: Pixels) -> Looked:
    squares = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    with torch.inference_mode():
        rows = encoder.place(encoder.embed(squares.float() / 255))
    return Looked(rows.numpy(), None)


def _student_said(student: Recogniser, pixels: Pixels) -> Looked:
    answers = student.answer(pixels)
    return Looked(answers["embeddings"], answers.get("recognisability"))
