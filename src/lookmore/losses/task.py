"""The task's own loss: what the labels say, beside what the guide says."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from lookmore.errors import ConfigError

_DEFAULT_SCALE = 32.0
_DEFAULT_MARGINS = {"arcface": 28.6, "cosface": 0.35, "triplet": 0.2, "proxy-anchor": 0.1}
_LOSSES = ("none", "cross-entropy", *_DEFAULT_MARGINS)
_SCALED = ("arcface", "cosface", "proxy-anchor")


@dataclass(frozen=True, kw_only=True)
class TaskLossConfig:
    """Which loss the labels take part with."""

    loss: str = "none"
    """none, cross-entropy, arcface, cosface, triplet or proxy-anchor."""

    weight: float = 1.0
    """What the loss counts beside the relations, above 0; the objective applies it."""

    scale: float = _DEFAULT_SCALE
    """What cosines are multiplied with before the softmax: arcface, cosface, proxy-anchor."""

    margin: float = 0.0
    """How much clearer than right an answer must be; degrees for arcface, a difference of
    cosines for cosface and proxy-anchor, of distances of unit rows for triplet. 0 is the loss's
    default: 28.6 degrees, 0.35, 0.1 and 0.2."""

    label_smoothing: float = 0.0
    """Share of each label that cross-entropy spreads evenly over all classes, in [0, 1)."""

    def __post_init__(self) -> None:
        if self.loss not in _LOSSES:
            raise ConfigError(f"task.loss must be one of {', '.join(_LOSSES)}, got {self.loss!r}")
        for name in ("weight", "scale"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise ConfigError(f"task.{name} must be a number above 0, got {value}")
        widest = 90.0 if self.loss == "arcface" else 2.0
        if not 0 <= self.margin < widest:
            raise ConfigError(f"task.margin must be in [0, {widest:g}), got {self.margin}")
        if not 0 <= self.label_smoothing < 1:
            raise ConfigError(f"task.label_smoothing must be in [0, 1), got {self.label_smoothing}")
        unused = {
            "scale": self.scale != _DEFAULT_SCALE and self.loss not in _SCALED,
            "margin": self.margin != 0 and self.loss not in _DEFAULT_MARGINS,
            "label_smoothing": self.label_smoothing != 0 and self.loss != "cross-entropy",
        }
        for name, is_unused in unused.items():
            if is_unused:
                raise ConfigError(
                    f"task.{name} has no effect on task.loss {self.loss!r}: leave it out"
                )


class TaskOutput(Protocol):
    """What a stream says about a batch, as far as a task loss looks at it."""

    @property
    def embeddings(self) -> Tensor:
        """``(B, D)``, rows of length 1."""

    @property
    def logits(self) -> Tensor | None:
        """``(B, C)``, or None for a stream without classes."""


class CrossEntropyTask(nn.Module):
    """Cross-entropy on the stream's own logits.

    Args:
        classes: ``C``.
        label_smoothing: Share of each label spread evenly over all classes, in [0, 1).
    """

    def __init__(self, *, classes: int, label_smoothing: float) -> None:
        super().__init__()
        self.classes = classes
        self.loss = nn.CrossEntropyLoss(label_smoothing=label_smoothing)

    def forward(self, output: TaskOutput, labels: Tensor) -> Tensor:
        """Return the mean loss of the labelled rows.

        Args:
            output: ``logits`` ``(B, C)`` are read; gradient flows here.
            labels: ``(B,)`` int64 class indices; -1 is unlabelled and left out.

        Returns:
            Scalar ``()`` float32; 0, with a graph, if no row is labelled.

        Raises:
            ValueError: If the stream has no logits, or not for ``C`` classes, or a label is
                not below ``C``, or there is not one label per row.
        """
        if output.logits is None or output.logits.shape[1] != self.classes:
            found = "none" if output.logits is None else f"{output.logits.shape[1]}"
            raise ValueError(
                f"cross-entropy needs logits for {self.classes} classes, got {found}: "
                f"build the stream with classes={self.classes}"
            )
        rows, known = _labelled(output.logits, labels, self.classes)
        with torch.autocast(rows.device.type, enabled=False):
            return self.loss(rows, known) if len(rows) else rows.sum()


class MetricTask(nn.Module):
    """A loss on embeddings, from pytorch-metric-learning.

    Args:
        loss: ``loss(embeddings, labels, triplets)``; its parameters (class centres) learn along.
        miner: ``miner(embeddings, labels)`` chooses the triplets; None leaves it to the loss.
        classes: ``C``.
    """

    def __init__(self, *, loss: nn.Module, miner: nn.Module | None, classes: int) -> None:
        super().__init__()
        self.loss = loss
        self.miner = miner
        self.classes = classes

    def forward(self, output: TaskOutput, labels: Tensor) -> Tensor:
        """Return the loss of the labelled rows.

        Args:
            output: ``embeddings`` ``(B, D)`` are read; gradient flows here.
            labels: ``(B,)`` int64 class indices; -1 is unlabelled and left out.

        Returns:
            Scalar ``()`` float32; 0, with a graph, if no row is labelled or no triplet left.

        Raises:
            ValueError: If a label is not below ``C``, or there is not one label per row.
        """
        rows, known = _labelled(output.embeddings, labels, self.classes)
        if not len(rows):
            return rows.sum()
        with torch.autocast(rows.device.type, enabled=False):
            triplets = None if self.miner is None else self.miner(rows, known)
            value: Tensor = self.loss(rows, known, triplets)
        return value + 0 * rows.sum()  # a miner passes over NaN in silence; this does not


def build_task_loss(config: TaskLossConfig, *, classes: int, width: int) -> nn.Module:
    """Build the loss that a stream's output and the labels are given to.

    Args:
        config: Which one; its ``weight`` is the objective's to apply.
        classes: ``C``, all classes that training labels name.
        width: ``D`` of the stream's embeddings.

    Returns:
        A ``CrossEntropyTask`` or ``MetricTask``, called as ``loss(output, labels)``.

    Raises:
        ConfigError: If ``config.loss`` is none, or there are fewer than two classes.

    Source:
        arcface: Deng et al., CVPR 2019, https://arxiv.org/abs/1801.07698. cosface: Wang et al.,
        CVPR 2018, https://arxiv.org/abs/1801.09414. proxy-anchor: Kim et al., CVPR 2020,
        https://arxiv.org/abs/2003.13911. triplet, semi-hard: Schroff et al., CVPR 2015,
        https://arxiv.org/abs/1503.03832, on distances that are not squared. As implemented in
        pytorch-metric-learning, whose scale is 64 where ours is 32.
    """
    if config.loss == "none":
        raise ConfigError("task.loss is none, so there is no task loss to build")
    if classes < 2:
        raise ConfigError(f"task.loss {config.loss!r} needs at least 2 classes, got {classes}")
    if config.loss == "cross-entropy":
        return CrossEntropyTask(classes=classes, label_smoothing=config.label_smoothing)

    # A second or more to import, and only those who train on labels need it.
    from pytorch_metric_learning import losses, miners

    margin = config.margin or _DEFAULT_MARGINS[config.loss]
    miner = None
    loss: nn.Module
    if config.loss == "arcface":
        loss = losses.ArcFaceLoss(classes, width, margin=margin, scale=config.scale)
    elif config.loss == "cosface":
        loss = losses.CosFaceLoss(classes, width, margin=margin, scale=config.scale)
    elif config.loss == "proxy-anchor":
        loss = losses.ProxyAnchorLoss(classes, width, margin=margin, alpha=config.scale)
    else:
        loss = losses.TripletMarginLoss(margin=margin)
        miner = miners.TripletMarginMiner(margin=margin, type_of_triplets="semihard")
    return MetricTask(loss=loss, miner=miner, classes=classes)


def _labelled(rows: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Rows that have a label, in float32, and their labels."""
    if labels.shape != rows.shape[:1]:
        raise ValueError(
            f"labels must have shape ({len(rows)},), one per image, got {tuple(labels.shape)}"
        )
    is_known = labels >= 0
    known = labels[is_known]
    if len(known) and int(known.max()) >= classes:
        raise ValueError(f"labels must be below {classes}, got {int(known.max())}")
    return rows[is_known].float(), known
