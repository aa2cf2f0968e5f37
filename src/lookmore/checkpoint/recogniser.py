"""A trained student in use: images in, embeddings, classes and decisions out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lookmore.checkpoint.artefact import Artefact
from lookmore.checkpoint.comparison import Comparison, choose_threshold
from lookmore.checkpoint.network import Answers, Network, Pixels
from lookmore.checkpoint.thresholds import Threshold
from lookmore.data.images import read_image
from lookmore.data.square import to_square
from lookmore.degradation.quantise import to_eight_bits
from lookmore.degradation.resize import enlarge, shrink
from lookmore.errors import CheckpointError
from lookmore.metrics import attenuation
from lookmore.teachers.space import GuideSpace

_BATCH = 256
_WIDEST = 512  # pixels a side: above, memory grows with the image and the result does not
Picture = str | Path | bytes | Image.Image | np.ndarray


class Seen(NamedTuple):
    """One image as the network will see it."""

    pixels: Pixels
    """``(side, side, 3)`` uint8 RGB."""

    side: int
    """Of the square that was cut out of the image, before it was resized, in pixels."""


class Recogniser:
    """A student with its preprocessing; get one from `lookmore.load`.

    Whether torch or onnxruntime computes makes no difference to anything here.

    Args:
        artefact: What the file says of the student.
        network: From pixels of the student's side to its answers.
    """

    def __init__(self, artefact: Artefact, network: Network) -> None:
        self.artefact = artefact
        self._network = network

    @property
    def side(self) -> int:
        """Height and width of what the network sees, in pixels."""
        return self.artefact.side

    @property
    def width(self) -> int:
        """Numbers in an embedding, ``D``."""
        return self.artefact.width

    @property
    def class_names(self) -> tuple[str, ...]:
        """What `classify` answers with; none if the student does not score classes."""
        return self.artefact.class_names

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """What ``lookmore calibrate`` found; none where it did not run."""
        return self.artefact.thresholds

    @property
    def guide_space(self) -> GuideSpace:
        """Where `place` brings the teacher's embeddings."""
        return self.artefact.guide_space

    @property
    def facts(self) -> dict[str, Any]:
        """Teacher, hash of the weights, commit, versions, and more of a run folder."""
        return self.artefact.facts

    def embed(self, images: Sequence[Picture], *, corrected: bool = False) -> NDArray[np.float32]:
        """Return one embedding per image.

        Args:
            images: Paths, bytes of image files, PIL images, or uint8 arrays ``(H, W[, 3])``; any
                size, in any mixture.
            corrected: Make rows longer, the less recognisable their images, so that one threshold
                fits good images and poor ones (`lookmore.metrics.attenuation.corrected`).
                `compare` and ``lookmore search`` need no such rows: they move the threshold.

        Returns:
            ``(N, D)`` float32, rows of length 1 unless corrected. Compare them by dot product with
            one another, or with `place`d embeddings of the teacher.

        Raises:
            CheckpointError: If ``corrected`` and the student does not tell its recognisability.
            UnreadableImageError: Naming the first image that cannot be read.
        """
        if not len(images):
            return np.zeros((0, self.width), np.float32)
        answers = self._answers(images)
        if not corrected:
            return answers["embeddings"]
        return attenuation.corrected(answers["embeddings"], _recognisability(answers))

    def classify(self, images: Sequence[Picture]) -> NDArray[np.float32]:
        """Return the probability of each class for each image.

        Args:
            images: As for `embed`.

        Returns:
            ``(N, C)`` float32, rows sum to 1, columns in the order of `class_names`.

        Raises:
            CheckpointError: If the student was not trained to score classes.
            UnreadableImageError: Naming the first image that cannot be read.
        """
        if not self.class_names:
            raise CheckpointError(
                "this student has no class scores: train with task classify, or compare embeddings"
            )
        if not len(images):
            return np.zeros((0, len(self.class_names)), np.float32)
        logits = torch.from_numpy(self._answers(images)["logits"])
        return logits.softmax(dim=1).numpy()

    def recognisability(self, images: Sequence[Picture]) -> NDArray[np.float32]:
        """Return how near each embedding is expected to be to the teacher's of the sharp image.

        Turn away, or look twice at, what scores low. How low that is hangs on the student: take
        it from images of your own.

        Args:
            images: As for `embed`.

        Returns:
            ``(N,)`` float32 in [0, 1]: the predicted cosine; larger is easier to recognise.

        Raises:
            CheckpointError: If the student was not trained to tell it.
            UnreadableImageError: Naming the first image that cannot be read.
        """
        if not len(images):
            return np.zeros(0, np.float32)
        return _recognisability(self._answers(images))

    def place(self, teacher_embeddings: np.ndarray) -> NDArray[np.float32]:
        """Bring the teacher's own embeddings into the space where they meet the student's.

        Args:
            teacher_embeddings: ``(G, D)``, as the teacher gives them: a gallery you already have.

        Returns:
            ``(G, D)`` float32, rows of length 1.

        Raises:
            ValueError: If their width is not the teacher's.
        """
        rows = np.asarray(teacher_embeddings, dtype=np.float32)
        width = self.guide_space.width
        if rows.ndim != 2 or rows.shape[1] != width:
            raise ValueError(f"teacher_embeddings must be (G, {width}), got {rows.shape}")
        return self.guide_space.place(torch.from_numpy(rows)).numpy()

    def compare(
        self, a: Picture, b: Picture | NDArray[np.floating], *, far: float | None = None
    ) -> Comparison:
        """Say how alike two are and, where thresholds were calibrated, whether they are the same.

        Two images are both looked at by the student. An image and a vector is a probe against a
        gallery: the vector is the teacher's own embedding of a sharp image.

        Args:
            a: An image, as for `embed`.
            b: An image, or ``(D,)`` floating point, as the teacher gives it (`place` is applied).
            far: Decide at this false accept rate; ``None`` = the smallest that was calibrated.

        Returns:
            Similarity, decision, and the threshold behind it.

        Raises:
            CheckpointError: If ``b`` is a vector and the student does not live in its teacher's
                space.
            ConfigError: If thresholds were calibrated, but not at ``far``.
            UnreadableImageError: If an image cannot be read.
            ValueError: If the vector has another width than the teacher's.
        """
        if not isinstance(b, np.ndarray) or b.ndim != 1:
            first, second = self.see(a), self.see(b)
            said = self.answer(np.stack([first.pixels, second.pixels]))
            return self.judge(
                said["embeddings"],
                sides=(first.side, second.side),
                recognisability=_told(said),
                far=far,
            )
        if not self.artefact.meets_teacher:
            raise CheckpointError(
                "this student does not live in its teacher's space, so the teacher's embedding "
                "says nothing to it: compare two images"
            )
        probe = self.see(a)
        said = self.answer(probe.pixels[None])
        rows = np.concatenate([said["embeddings"], self.place(b[None])])
        return self._compared(
            rows, probe_side=probe.side, against="teacher", recognisability=_told(said), far=far
        )

    def judge(
        self,
        rows: NDArray[np.float32],
        *,
        sides: tuple[int, int],
        recognisability: Sequence[float] | None,
        far: float | None = None,
    ) -> Comparison:
        """Do what `compare` does with two images whose embeddings are known already.

        Args:
            rows: ``(2, D)`` of `embed`.
            sides: Of the squares that were cut out of the two images, as `see` tells, in pixels.
            recognisability: Of the two images; ``None`` where the student does not tell it.
            far: As for `compare`.

        Raises:
            ConfigError: If thresholds were calibrated, but not at ``far``.
        """
        small, large = sorted(sides)
        is_sharp = large >= 2 * small and any(t.gallery == "student" for t in self.thresholds)
        against = "student" if is_sharp else "same side"
        return self._compared(
            rows, probe_side=small, against=against, recognisability=recognisability, far=far
        )

    def _compared(
        self,
        rows: NDArray[np.float32],
        *,
        probe_side: int,
        against: str,
        recognisability: Sequence[float] | None,
        far: float | None,
    ) -> Comparison:
        first, second = rows.astype(np.float64)  # as when thresholds were measured
        return Comparison(
            similarity=float(first @ second),
            probe_side=probe_side,
            against=against,
            threshold=choose_threshold(
                self.thresholds,
                probe_side=probe_side,
                gallery=against,
                recognisability=recognisability,
                far=far,
            ),
        )

    def see(self, image: Picture) -> Seen:
        """Return an image as the network will see it.

        It is made square as in training. If it is larger than `side`, it is shrunk (antialiased
        bicubic) as probes are in reports, if smaller, enlarged (bicubic); then rounded to 8 bits.

        Args:
            image: As for `embed`.

        Raises:
            UnreadableImageError: If it cannot be read.
        """
        pixels = read_image(image)
        height, width = pixels.shape[1:]
        fit = self.artefact.fit
        cut = min(height, width) if fit == "crop" else max(height, width)
        square = to_square(pixels, side=min(cut, max(_WIDEST, self.side)), fit=fit)
        ready = square[None].float() / 255
        if cut > self.side:
            ready = to_eight_bits(shrink(ready, side=self.side, kernel="bicubic"))
        elif cut < self.side:
            ready = to_eight_bits(enlarge(ready, side=self.side))
        return Seen(_as_pixels(ready[0]), cut)

    def answer(self, pixels: Pixels) -> Answers:
        """Return what the network says of images that were prepared by `see`.

        Args:
            pixels: ``(B, side, side, 3)`` uint8 RGB, ``B >= 1``.

        Returns:
            By name: ``embeddings`` ``(B, D)``, ``logits`` ``(B, C)`` where classes are scored, and
            ``recognisability`` ``(B,)`` where the student tells it.

        Raises:
            ValueError: If they have another shape or type.
        """
        shape = (self.side, self.side, 3)
        if pixels.ndim != 4 or pixels.shape[1:] != shape or pixels.dtype != np.uint8:
            raise ValueError(
                f"pixels must be (B, {self.side}, {self.side}, 3) uint8, got {pixels.shape} "
                f"{pixels.dtype}"
            )
        return self._network(pixels)

    def _answers(self, images: Sequence[Picture]) -> Answers:
        parts = []
        for start in range(0, len(images), _BATCH):
            seen = [self.see(image).pixels for image in images[start : start + _BATCH]]
            parts.append(self.answer(np.stack(seen)))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _told(answers: Answers) -> list[float] | None:
    scores = answers.get("recognisability")
    return None if scores is None else scores.tolist()


def _recognisability(answers: Answers) -> NDArray[np.float32]:
    if "recognisability" not in answers:
        raise CheckpointError(
            "this student does not tell its recognisability: train it from a guide, with a "
            "weight for the order individual and student.recognisability=true"
        )
    return answers["recognisability"]


def _as_pixels(image: Tensor) -> Pixels:
    """Return ``(S, S, 3)`` uint8 of ``(3, S, S)`` in [0, 1] that has 8 bits already."""
    levels = (image * 255).round().to(torch.uint8)
    return np.ascontiguousarray(levels.permute(1, 2, 0).numpy())
