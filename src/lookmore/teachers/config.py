"""Settings that say which teacher looks at the sharp images, and what it is shown."""

from dataclasses import dataclass
from typing import Literal

from lookmore.errors import ConfigError
from lookmore.teachers.preprocess import Box, Triple, check_box, check_order, check_triple

_PLAIN = ("dlib-face", "imagenet", "trained")
_PREFIXES = ("timm", "onnx", "file")


@dataclass(frozen=True, kw_only=True)
class TeacherConfig:
    """Which teacher, and how its embeddings become the guide's."""

    name: str
    """``dlib-face``, ``imagenet``, ``timm:NAME``, ``onnx:PATH`` or ``file:PATH``; ``trained`` = a
    stream that the recipe's section ``teacher_training`` trains first."""

    weights: str = ""
    """For timm: a .safetensors file, empty for the hub's, or none for an untrained network."""

    side: int = 0
    """Height and width of the teacher's input, in pixels; 0 = the model's own."""

    box: Box | None = None
    """Part of the image shown: left, top, right, bottom in fractions of the side; none = the
    model's own."""

    mean: Triple | None = None
    """Subtracted from each channel on the [0, 1] scale; none = the model's own."""

    std: Triple | None = None
    """Divides each channel on the [0, 1] scale; none = the model's own."""

    order: Literal["rgb", "bgr"] | None = None
    """Colour order of the teacher's input; none = the model's own (rgb for ONNX)."""

    align: Literal["none", "arcface"] = "none"
    """``arcface`` if the images are ArcFace-aligned faces: dlib-face then cuts out its chip."""

    flip: bool = True
    """Guide embeddings are the mean of the image's and its mirror image's."""

    centre: bool = True
    """The mean of the training embeddings is subtracted before they are normalised."""

    whiten: float = 0.0
    """How much the widest directions of the training embeddings are shortened, in [0, 1): the
    weight of their covariance beside the identity; 0 = not at all."""

    def __post_init__(self) -> None:
        kind, _, rest = self.name.partition(":")
        if self.name not in _PLAIN and not (kind in _PREFIXES and rest):
            raise ConfigError(
                "teacher.name must be dlib-face, imagenet, timm:NAME, onnx:PATH, file:PATH or "
                f"trained, got {self.name!r}"
            )
        if self.weights and kind != "timm":
            raise ConfigError(
                f"teacher.weights is for timm:NAME only, got {self.weights!r} with {self.name!r}"
            )
        if self.side < 0:
            raise ConfigError(f"teacher.side must be 0 or more pixels, got {self.side}")
        if self.box is not None:
            check_box(self.box)
        if self.mean is not None:
            check_triple("mean", self.mean)
        if self.std is not None:
            check_triple("std", self.std)
        if self.order is not None:
            check_order(self.order)
        if self.align not in ("none", "arcface"):
            raise ConfigError(f"teacher.align must be 'none' or 'arcface', got {self.align!r}")
        if not 0 <= self.whiten < 1:
            raise ConfigError(f"teacher.whiten must be in [0, 1), got {self.whiten}")
        if self.whiten and (not self.centre or self.name == "trained"):
            raise ConfigError(
                "teacher.whiten evens out centred embeddings, which those of trained are not here: "
                f"set it to 0, got {self.whiten}"
                if self.name == "trained"
                else f"teacher.whiten needs teacher.centre, got {self.whiten} without it"
            )
        self._check_what_is_shown(kind)

    def _check_what_is_shown(self, kind: str) -> None:
        """Refuse settings that this teacher would ignore."""
        if self.align == "arcface" and (self.name != "dlib-face" or self.box is not None):
            raise ConfigError(
                "teacher.align: arcface is for dlib-face without a teacher.box of its own, got "
                f"{self.name!r} with box {self.box}"
            )
        shown = (self.box, self.mean, self.std, self.order)
        if kind in ("file", "trained") and (self.side or any(v is not None for v in shown)):
            raise ConfigError(
                "teacher.side, box, mean, std and order are for ready-made networks, which "
                f"{self.name!r} is not: leave them out"
            )
