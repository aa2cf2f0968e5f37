"""A trained run in use: images in, embeddings out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from lookmore.checkpoint.checkpoint import Checkpoint, load_checkpoint
from lookmore.checkpoint.thresholds import Threshold, read_thresholds
from lookmore.data.images import read_image
from lookmore.data.square import to_square
from lookmore.degradation.quantise import to_eight_bits
from lookmore.degradation.resize import shrink
from lookmore.errors import CheckpointError
from lookmore.teachers.space import GuideSpace

_BATCH = 256
Picture = str | Path | bytes | Image.Image | np.ndarray


class Recogniser:
    """A student with its preprocessing; get one from `lookmore.load`.

    Args:
        checkpoint: Of the stream.
        thresholds: What ``lookmore calibrate`` found; none where it did not run.
    """

    def __init__(self, checkpoint: Checkpoint, thresholds: tuple[Threshold, ...] = ()) -> None:
        self.stream = checkpoint.stream.eval()
        self.guide_mean = checkpoint.guide_mean
        self.facts: dict[str, Any] = checkpoint.facts
        self.thresholds = thresholds
        self._fit: str = checkpoint.facts["recipe"]["data"]["fit"]

    @property
    def side(self) -> int:
        """Height and width of what the network sees, in pixels."""
        return self.stream.side

    @property
    def width(self) -> int:
        """Numbers in an embedding, ``D``."""
        return self.stream.width

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of the classes it was trained on; what `classify` answers with."""
        return tuple(self.facts["class_names"])

    def embed(self, images: Sequence[Picture]) -> np.ndarray:
        """Return one embedding per image.

        Images are made square as in training. Those larger than `side` are shrunk (antialiased
        bicubic, rounded to 8 bits, as probes are in reports), smaller ones enlarged.

        Args:
            images: Paths, bytes of image files, PIL images, or uint8 arrays ``(H, W[, 3])``; any
                size, in any mixture.

        Returns:
            ``(N, D)`` float32, rows of length 1. Compare them by dot product with one another,
            or with `place`d embeddings of the teacher.

        Raises:
            UnreadableImageError: Naming the first image that cannot be read.
        """
        found = [output.embeddings for output in self._outputs(images)]
        return torch.cat(found).numpy() if found else np.zeros((0, self.width), np.float32)

    def classify(self, images: Sequence[Picture]) -> np.ndarray:
        """Return the probability of each class for each image.

        Args:
            images: As for `embed`.

        Returns:
            ``(N, C)`` float32, rows sum to 1, columns in the order of `class_names`.

        Raises:
            CheckpointError: If the student was not trained to score classes.
            UnreadableImageError: Naming the first image that cannot be read.
        """
        if not self.stream.classes:
            raise CheckpointError(
                "this student has no class scores: train with task classify, or compare embeddings"
            )
        found: list[Tensor] = []
        for output in self._outputs(images):
            if output.logits is not None:
                found.append(output.logits.softmax(dim=1))
        return torch.cat(found).numpy() if found else np.zeros((0, self.stream.classes), np.float32)

    def place(self, teacher_embeddings: np.ndarray) -> np.ndarray:
        """Bring the teacher's own embeddings into the space where they meet the student's.

        Args:
            teacher_embeddings: ``(G, D)``, as the teacher gives them: a gallery you already have.

        Returns:
            ``(G, D)`` float32, rows of length 1.

        Raises:
            ValueError: If their width is not the teacher's.
        """
        rows = np.asarray(teacher_embeddings, dtype=np.float32)
        width = len(self.guide_mean)
        if rows.ndim != 2 or rows.shape[1] != width:
            raise ValueError(f"teacher_embeddings must be (G, {width}), got {rows.shape}")
        return GuideSpace(mean=self.guide_mean).place(torch.from_numpy(rows)).numpy()

    def _outputs(self, images: Sequence[Picture]) -> Any:
        for start in range(0, len(images), _BATCH):
            pixels = [self._square(image) for image in images[start : start + _BATCH]]
            with torch.inference_mode():
                yield self.stream(torch.stack(pixels))

    def _square(self, image: Picture) -> Tensor:
        pixels = read_image(image)
        side = min(pixels.shape[1:])
        square = to_square(pixels, side=side, fit=self._fit)
        ready = square[None].to(torch.float32) / 255
        if side > self.side:  # as probes are made in evaluation
            ready = to_eight_bits(shrink(ready, side=self.side, kernel="bicubic"))
        elif side < self.side:
            ready = self.stream.resized(ready)
        return ready[0]


def load(path: str | Path) -> Recogniser:
    """Open a trained student.

    Args:
        path: A run folder (``runs/NAME``), or one of its stages (``runs/NAME/student``).

    Returns:
        The student, ready to embed images.

    Raises:
        CheckpointError: If there is no finished checkpoint, it is damaged, or the thresholds
            beside it were measured with other weights.
    """
    folder = Path(path)
    if (folder / "student").is_dir():
        folder = folder / "student"
    checkpoint = load_checkpoint(folder)
    digest = checkpoint.facts["weights_sha256"]
    return Recogniser(checkpoint, read_thresholds(folder, weights_sha256=digest))
