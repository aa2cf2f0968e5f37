"""Settings of one stream that learns."""

from dataclasses import dataclass

from lookmore.backbones.table import check_name
from lookmore.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class StreamConfig:
    """What network a stream is, and how it wants its images."""

    backbone: str = "small"
    """From the table of backbones (pico, nano, lite, small, wide, base), imagenet, dlib-face,
    timm:NAME, or onnx:PATH for the network in a file."""

    pretrained: bool = False
    """Whether the backbone starts from published weights: imagenet and dlib-face (in packages of
    the extra demo), timm:NAME (downloaded once) or onnx:PATH (those in the file)."""

    side: int = 0
    """Height and width the network sees, in pixels; 0: the student's low side, or the data's."""

    width: int = 0
    """Numbers in an embedding; 0: as many as the guide's."""

    dropout: float = 0.0
    """Share of the features silenced in training, in [0, 1)."""

    mean: tuple[float, float, float] | None = None
    """Subtracted from each channel, on the [0, 1] intensity scale, in the order of ``order``; none:
    what the backbone's published weights want; 0.5 where there are none. Of
    onnx:PATH, the teacher's where that is the same file; else it must be stated."""

    std: tuple[float, float, float] | None = None
    """What each channel is then divided by, on the [0, 1] scale, in the order of ``order``; none:
    what the backbone's published weights want; 0.25 where there are none."""

    order: str = "rgb"
    """Colour order the network sees: rgb or bgr."""

    def __post_init__(self) -> None:
        check_name(self.backbone)
        for name in ("side", "width"):
            if getattr(self, name) < 0:
                raise ConfigError(f"stream.{name} must be 0 or more, got {getattr(self, name)}")
        if not 0.0 <= self.dropout < 1.0:
            raise ConfigError(f"stream.dropout must be in [0, 1), got {self.dropout}")
        if self.order not in ("rgb", "bgr"):
            raise ConfigError(f"stream.order must be rgb or bgr, got {self.order!r}")
        for name in ("mean", "std"):
            stated = getattr(self, name)
            if stated is not None and len(stated) != 3:
                raise ConfigError(f"stream.{name} must be three numbers, got {stated}")
        if self.std is not None and min(self.std) <= 0:
            raise ConfigError(f"stream.std must be above 0, got {self.std}")
