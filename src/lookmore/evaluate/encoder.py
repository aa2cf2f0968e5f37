"""Anything that turns images of any side into embeddings: a teacher or a stream."""

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.chain.guide import Report
from lookmore.checkpoint.checkpoint import write_whole
from lookmore.data.pack import Pack
from lookmore.degradation.resize import enlarge
from lookmore.evaluate.probes import probe_batches
from lookmore.streams.stream import Stream
from lookmore.teachers import Teacher
from lookmore.teachers.base import CPU
from lookmore.teachers.embedding_file import EmbeddingFile
from lookmore.teachers.space import GuideSpace

_FORMAT = 2


class Encoder(NamedTuple):
    """A named way from images to unit embeddings."""

    stream: str
    """``teacher``, ``assistant``, ``student`` or ``student_alone``."""

    fingerprint: str
    """Equal means equal embeddings, before they are placed."""

    embed: Callable[[Tensor], Tensor]
    """``(B, 3, s, s)`` in [0, 1], any side, to ``(B, D)`` rows; these are kept on disk."""

    place: Callable[[Tensor], Tensor] = F.normalize
    """``(B, D)`` rows to unit rows where they are compared: a run's own, so that the teacher is
    asked once for all folds, each of which has another mean."""

    recall: Callable[[Sequence[str]], Tensor] | None = None
    """Image ids to ``(B, D)`` rows, for a teacher that is a file and cannot see; such an
    encoder has sharp embeddings only."""


def teacher_encoder(teacher: Teacher, space: GuideSpace, *, side: int, flip: bool) -> Encoder:
    """Return the teacher, fed small images scaled up to the side it was made for.

    Args:
        teacher: Never trained here.
        space: Where its embeddings are compared.
        side: Of the sharp images, in pixels; smaller ones are enlarged to it (bicubic).
        flip: Average over mirror images.
    """

    def embed(images: Tensor) -> Tensor:
        if images.shape[-1] < side:
            images = enlarge(images, side=side)
        found = teacher.embed(images)
        if flip:
            found = (found + teacher.embed(images.flip(3))) / 2
        return found

    facts = [teacher.fingerprint, side, flip]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    if isinstance(teacher, EmbeddingFile):
        return Encoder("teacher", digest, embed, space.place, teacher.embed_ids)
    return Encoder("teacher", digest, embed, space.place)


def stream_encoder(stream: Stream, *, name: str, weights: str, flip: bool) -> Encoder:
    """Return a trained stream.

    Args:
        stream: In evaluation mode.
        name: ``assistant``, ``student`` or ``student_alone``.
        weights: Hash of its weights.
        flip: Sum the embeddings of each image and its mirror image.
    """
    facts = json.dumps([weights, flip])
    digest = hashlib.sha256(facts.encode()).hexdigest()
    return Encoder(name, digest, lambda images: stream.embed(images, flip=flip))


class Embedder:
    """Embeds images of a pack at any side, each (encoder, images, side) once, kept on disk.

    Args:
        pack: The sharp images.
        cache: Folder for what was computed.
        report: Told of progress.
        device: Where the encoders' networks compute.
    """

    def __init__(
        self,
        pack: Pack,
        *,
        cache: Path,
        report: Report,
        device: torch.device = CPU,
    ) -> None:
        self.pack, self.cache, self.report, self.device = pack, cache, report, device

    def __call__(
        self, encoder: Encoder, rows: np.ndarray, *, side: int, degradation: str = "bicubic"
    ) -> np.ndarray:
        """Return ``(B, D)`` float32 unit embeddings of pack ``rows`` seen at ``side`` pixels."""
        sharp = side >= self.pack.images.shape[-1]
        if encoder.recall is not None and sharp:
            return encoder.place(encoder.recall([self.pack.ids[row] for row in rows])).numpy()
        digest = hashlib.sha256(self.pack.keys[rows].tobytes())
        facts = [
            _FORMAT, encoder.fingerprint, int(side), "none" if sharp else degradation,
            self.pack.images.shape[-1],
        ]  # fmt: skip
        digest.update(json.dumps(facts).encode())
        path = self.cache / f"probes-{digest.hexdigest()[:24]}.npy"
        if path.exists():
            return encoder.place(torch.from_numpy(np.load(path).astype(np.float32))).numpy()
        found: list[Tensor] = []
        note = f"{encoder.stream} at {side} px"
        done = 0
        for part, images in probe_batches(self.pack, rows, side=side, degradation=degradation):
            with torch.inference_mode():
                found.append(encoder.embed(images.to(self.device)).cpu())
            done += len(part)
            self.report(done, len(rows), note)
        embeddings = torch.cat(found).float()
        content = io.BytesIO()
        np.save(content, embeddings.numpy())
        self.cache.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.getvalue())
        return encoder.place(embeddings).numpy()
