"""One stream: images in [0, 1] of any side to embeddings and class scores."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lookmore.backbones.onnx_backbone import OnnxBackbone
from lookmore.streams.recognisability import RecognisabilityHead


class StreamOutput(NamedTuple):
    """What a stream says about a batch, all in float32."""

    embeddings: Tensor
    """``(B, D)``, rows of length 1."""

    raw: Tensor
    """``(B, D)``, the same before normalisation."""

    logits: Tensor | None
    """``(B, C)`` class scores, higher is likelier; None if the stream has no classes."""

    recognisability: Tensor | None = None
    """``(B,)`` predicted cosine to the guide's embedding of the sharp image, in [0, 1], without a
    graph to the stream; None if the stream does not predict it."""


class Stream(nn.Module):
    """A backbone with its own preprocessing before it and a head behind it.

    The preprocessing is inside, so that every stream can be handed the same images.

    Args:
        backbone: Normalised images ``(B, 3, side, side)`` to ``(B, features_width)``; an
            attribute ``features_width`` says how many.
        width: Numbers in an embedding, ``D``.
        classes: Classes to score, ``C``; 0 for none.
        side: Height and width the backbone sees, in pixels; other images are resized.
        mean: Subtracted from each channel, on the [0, 1] scale, in the order of ``order``.
        std: What each channel is then divided by, likewise.
        order: ``"rgb"`` or ``"bgr"``, as the backbone wants its colours.
        dropout: Share of the features silenced in training.
        recognisability: Whether to predict how near each embedding is to the guide's.
        backbone_name: What the table of backbones calls it, for the description; a stream around
            a backbone of your own can be trained, but only you can build it again.

    Raises:
        ValueError: If the backbone does not say its ``features_width``.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        *,
        backbone: nn.Module,
        width: int,
        classes: int = 0,
        side: int,
        mean: tuple[float, float, float] = (0.5, 0.5, 0.5),
        std: tuple[float, float, float] = (0.25, 0.25, 0.25),
        order: str = "rgb",
        dropout: float = 0.0,
        recognisability: bool = False,
        backbone_name: str = "custom",
    ) -> None:
        super().__init__()
        features_width = getattr(backbone, "features_width", None)
        if not isinstance(features_width, int):
            raise ValueError("backbone must have an integer attribute features_width")
        self.backbone_name, self.side, self.order = backbone_name, side, order
        self.width, self.classes = width, classes
        # Settings, not weights: they are kept in the description, and warm starts leave them be.
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)
        self.backbone = backbone
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Sequential(nn.Linear(features_width, width), nn.BatchNorm1d(width))
        self.classifier = nn.Linear(width, classes) if classes else None
        self.recognisability: RecognisabilityHead | None = None
        if recognisability:
            self.recognisability = RecognisabilityHead(features_width=features_width, width=width)

    def forward(self, images: Tensor) -> StreamOutput:
        """Return what the stream says about ``images``.

        The backbone runs in whatever precision autocast asks for; everything around it in
        float32, so that relations between embeddings keep their digits.

        Args:
            images: ``(B, 3, H, W)`` floating point RGB in [0, 1]; at least two in training mode.

        Raises:
            ValueError: If ``images`` are not that.
        """
        self._check(images)
        with _full_precision(images):
            seen = self.prepare(images)
        features = self.backbone(seen)
        with _full_precision(images):
            features = features.float()
            raw = self.head(self.dropout(features))
            logits = None if self.classifier is None else self.classifier(raw)
            scores = None if self.recognisability is None else self.recognisability(features, raw)
            return StreamOutput(F.normalize(raw), raw, logits, scores)

    def prepare(self, images: Tensor) -> Tensor:
        """Return ``(B, 3, side, side)`` float32 as the backbone sees them: sized, ordered, scaled.

        Resizing is bicubic, antialiased and clamped to [0, 1].
        """
        images = self.resized(images.float())
        if self.order == "bgr":
            images = images.flip(1)
        normalised = (images - self.mean) / self.std
        # Native backbones train faster on the CPU in this layout; lookmore doctor measures both.
        return normalised.contiguous(memory_format=torch.channels_last)

    def resized(self, images: Tensor) -> Tensor:
        """Return ``(B, 3, side, side)``: bicubic, antialiased, clamped; as they are if they fit."""
        if images.shape[2:] == (self.side, self.side):
            return images
        size = (self.side, self.side)
        return F.interpolate(images, size=size, mode="bicubic", antialias=True).clamp(0.0, 1.0)

    def embed(self, images: Tensor, *, flip: bool = False) -> Tensor:
        """Return the embeddings alone, without a graph.

        Args:
            images: ``(B, 3, H, W)`` floating point RGB in [0, 1].
            flip: Add the mirror image's embedding to each, and normalise again.

        Returns:
            ``(B, D)`` float32, rows of length 1, usable in a later loss.

        Raises:
            RuntimeError: If the stream is in training mode, where images of a batch would
                change one another's embeddings.
        """
        if self.training:
            raise RuntimeError("a stream embeds in evaluation mode only: call eval() first")
        with torch.inference_mode():
            embeddings = self(images).embeddings
            if flip:
                embeddings = F.normalize(embeddings + self(images.flip(3)).embeddings)
        return cast(Tensor, embeddings.clone())  # inference tensors may not enter a graph; this may

    def describe(self) -> dict[str, Any]:
        """Return all that ``stream_from_description`` needs besides the weights, as plain JSON."""
        # named only where it is, so that streams without it keep the fingerprint they had
        more: dict[str, Any] = {} if self.recognisability is None else {"recognisability": True}
        if isinstance(self.backbone, OnnxBackbone):
            more["graph"] = self.backbone.graph.plain()
        return {
            "backbone": self.backbone_name,
            "side": self.side,
            "width": self.width,
            "classes": self.classes,
            "mean": [round(value, 7) for value in self.mean.flatten().tolist()],
            "std": [round(value, 7) for value in self.std.flatten().tolist()],
            "order": self.order,
            "dropout": self.dropout.p,
            "parameters": sum(parameter.numel() for parameter in self.parameters()),
            **more,
        }

    def _check(self, images: Tensor) -> None:
        if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
            raise ValueError(
                f"images must be floating point of shape (B, 3, H, W), got {images.dtype} of "
                f"shape {tuple(images.shape)}"
            )
        if self.training and len(images) < 2:
            raise ValueError(
                f"training needs batches of at least 2 images for batch statistics, got "
                f"{len(images)}"
            )


def _full_precision(images: Tensor) -> AbstractContextManager[None]:
    device = images.device.type
    if torch.is_autocast_enabled(device):
        return cast(AbstractContextManager[None], torch.autocast(device, enabled=False))
    return nullcontext()  # nothing to switch off, and nothing for an exporter to stumble over
