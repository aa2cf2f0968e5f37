"""The guide looks once at every view of every image; its answers stay on disk."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lookmore.data.pack import Pack
from lookmore.data.pack_views import identities_of, views_of
from lookmore.data.threads import in_threads
from lookmore.data.views import ViewConfig, view_fingerprint
from lookmore.errors import TeacherError
from lookmore.teachers.embedding_file import EmbeddingFile
from lookmore.teachers.kin import DATA_NAME, PROGRESS_NAME, Kin, rows_done, write_identities
from lookmore.teachers.table import GuideTable

_VERSION = 2
_STALE = 1e-3


@dataclass(frozen=True, kw_only=True)
class _Sight:
    """What the guide is shown, and how it is asked."""

    pack: Pack
    candidates: NDArray[np.int64]
    views: ViewConfig
    view_seed: int
    embed: Callable[[Tensor], Tensor]
    flip: bool

    def see(self, rows: NDArray[np.int64], views: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return ``(B, D)`` embeddings of one view of each row."""
        return self.ask(self.shown(rows, views))

    def shown(self, rows: NDArray[np.int64], views: NDArray[np.int64]) -> Tensor:
        """Return ``(B, 3, S, S)`` float32 in [0, 1], one view of each row."""
        return views_of(
            self.pack,
            rows,
            views,
            candidates=self.candidates,
            config=self.views,
            seed=self.view_seed,
        )

    def unknown(
        self, rows: NDArray[np.int64], known: NDArray[np.bool_]
    ) -> Iterator[tuple[int, NDArray[np.int64], Tensor]]:
        """Yield each view with the places in ``rows`` where it is not known, and the images."""
        columns = enumerate(known.T)
        open_ = [(view, asked) for view, column in columns if len(asked := np.flatnonzero(~column))]

        def shown(view_asked: tuple[int, NDArray[np.int64]]) -> Tensor:
            view, asked = view_asked
            return self.shown(rows[asked], np.full(len(asked), view))

        for (view, asked), images in zip(open_, in_threads(shown, open_), strict=True):
            yield view, asked, images

    def ask(self, images: Tensor) -> NDArray[np.float32]:
        """Return ``(B, D)`` embeddings of images."""
        seen = self.embed(images)
        if self.flip:
            seen = (seen + self.embed(images.flip(-1))) / 2
        return seen.detach().float().cpu().numpy()

    def identities(self) -> NDArray[np.uint64]:
        """Return ``(n, V)`` numbers, equal for equal views."""
        count, total = len(self.candidates), self.views.total
        flat = identities_of(
            self.pack,
            np.repeat(self.candidates, total),
            np.tile(np.arange(total), count),
            candidates=self.candidates,
            config=self.views,
            seed=self.view_seed,
        )
        return flat.reshape(count, total)


def guide_embeddings(
    *,
    pack: Pack,
    rows: NDArray[np.int64],
    views: ViewConfig,
    view_seed: int,
    embed: Callable[[Tensor], Tensor],
    fingerprint: str,
    width: int,
    folder: Path,
    flip: bool,
    batch: int = 64,
    progress: Callable[[int, int], None] | None = None,
) -> GuideTable:
    """Return the guide's embedding of every view of some images, from disk where they lie there.

    A table that was cut off is continued where it stopped; a finished one is opened. Only an
    identical question finds a table again: its folder is named by a hash of the pixels of
    ``rows``, in order, the views, the guide and ``flip``. But what the guide said of a view for
    another table, of another fold or with fewer views, is copied from there and not asked again;
    it may differ in the last digit, as the guide's answer does with the batch it is asked in.

    Args:
        pack: The images.
        rows: ``(n,)`` rows of the pack, ascending; blended views take their partners from here.
        views: Which views there are.
        view_seed: Seed of the views.
        embed: The guide: ``(B, 3, S, S)`` float32 in [0, 1] -> ``(B, width)``.
        fingerprint: What identifies the guide, weights and preprocessing.
        width: Embedding width ``D``.
        folder: Where tables lie, one folder for each; made if missing.
        flip: Whether an embedding is the mean of the image's and its mirror image's.
        batch: Images that the guide is shown at once.
        progress: Called with the number of finished images and of all, after every batch.

    Raises:
        TeacherError: If the folder cannot be written to, or the guide's answer is not finite
            ``(B, width)``.
        ValueError: If ``rows`` is empty or not ascending.
    """
    if len(rows) == 0:
        raise ValueError("rows must name at least one image")
    sight = _Sight(
        pack=pack, candidates=rows, views=views, view_seed=view_seed, embed=embed, flip=flip
    )
    shape = (len(rows), views.total, width)
    side = pack.images.shape[-1]
    plain = view_fingerprint(replace(views, count=1, blends=0), view_seed)
    question = _hashed([plain, fingerprint, flip, side, width, _VERSION])
    own = _hashed([views.count, shape], pack.keys[rows].tobytes())
    place = folder / f"guide-{question}-{own}"
    try:
        kin = Kin(folder.glob(f"guide-{question}-*"), but=place, width=width)
        _fill(place, sight, shape, kin, batch=batch, progress=progress)
    except OSError as error:
        raise TeacherError(
            f"cannot keep the guide's embeddings in {place}: {error.strerror}; they need "
            f"{4 * np.prod(shape) / 2**20:.0f} MiB"
        ) from error
    embeddings = np.memmap(_data(place), dtype=np.float32, mode="r", shape=shape)
    return GuideTable(embeddings=embeddings, rows=rows)


def _fill(
    place: Path,
    sight: _Sight,
    shape: tuple[int, int, int],
    kin: Kin,
    *,
    batch: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Compute what is not there yet, one batch of images after the other.

    The data are written as a file and not through a memory map, because a full disk is an
    error there and the end of the process here. Nothing is ever cut off, so that two
    processes filling the same table only write the same numbers twice.
    """
    count, total, width = shape
    row_bytes = 4 * total * width
    place.mkdir(parents=True, exist_ok=True)
    done = rows_done(place, row_bytes)
    if done == count:
        return
    identities = sight.identities()
    write_identities(place, identities)
    descriptor = os.open(_data(place), os.O_RDWR | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "r+b") as file:
        file.seek(done * row_bytes)
        for start in range(done, count, batch):
            rows = sight.candidates[start : start + batch]
            answers, known = kin.lookup(identities[start : start + batch])
            for view, asked, images in sight.unknown(rows, known):
                seen = sight.ask(images)
                if seen.shape != (len(asked), width):
                    raise TeacherError(_unfit(width, seen))
                answers[asked, view] = seen
            if not np.isfinite(answers).all():
                raise TeacherError(_unfit(width, answers))
            file.write(answers.astype("<f4").tobytes())
            file.flush()
            os.fsync(file.fileno())
            _write_rows_done(place, start + len(rows))
            if progress is not None:
                progress(start + len(rows), count)


def _unfit(width: int, answers: NDArray[np.float32]) -> str:
    return (
        f"the guide must answer with finite embeddings of width {width}, got width "
        f"{answers.shape[-1]}, smallest {answers.min()}, largest {answers.max()}"
    )


def _hashed(facts: list[object], more: bytes = b"") -> str:
    return hashlib.sha256(more + json.dumps(facts).encode()).hexdigest()[:16]


def _data(place: Path) -> Path:
    return place / DATA_NAME


def _write_rows_done(place: Path, rows: int) -> None:
    beside = place / f"progress.{os.getpid()}.tmp"
    beside.write_text(json.dumps({"rows": rows}))
    beside.replace(place / PROGRESS_NAME)


def recheck(
    table: GuideTable,
    *,
    pack: Pack,
    views: ViewConfig,
    view_seed: int,
    embed: Callable[[Tensor], Tensor],
    flip: bool,
    sample: int = 16,
    seed: int = 0,
) -> float:
    """Ask the guide again about a few entries of a table.

    Args:
        table: From ``guide_embeddings`` with the same arguments.
        pack: The images.
        views: Which views there are.
        view_seed: Seed of the views.
        embed: The guide.
        flip: As when the table was made.
        sample: Number of entries, drawn over images and views.
        seed: Draws the sample.

    Returns:
        Largest absolute difference.

    Raises:
        TeacherError: If it exceeds a thousandth of the largest entry: the table is stale.
    """
    rng = np.random.default_rng(seed)
    rows = rng.choice(table.rows, size=sample)
    indices = rng.integers(0, table.embeddings.shape[1], size=sample)
    sight = _Sight(
        pack=pack, candidates=table.rows, views=views, view_seed=view_seed, embed=embed, flip=flip
    )
    kept = table.lookup(rows, indices).numpy()
    difference = float(np.abs(sight.see(rows, indices) - kept).max())
    if not difference <= _STALE * float(np.abs(kept).max()):
        raise TeacherError(
            f"the guide's kept embeddings are stale: asked again, it differs by {difference:.2g}; "
            "delete the guide-... folders of the cache"
        )
    return difference


def stored_embeddings(
    *, pack: Pack, rows: NDArray[np.int64], views: ViewConfig, teacher: EmbeddingFile
) -> GuideTable:
    """Return the table of a teacher that holds embeddings and sees no images.

    Raises:
        TeacherError: If there are views besides the image itself, or an image has no embedding.
    """
    if views.total != 1:
        raise TeacherError(
            f"teacher {teacher.name!r} cannot see images and holds view 0 only, got {views.total} "
            "views: set views.count=1 and views.blends=0"
        )
    embeddings = teacher.embed_ids([pack.ids[row] for row in rows]).numpy()
    return GuideTable(embeddings=embeddings[:, None], rows=rows)
