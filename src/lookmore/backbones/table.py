"""The names a recipe may give a backbone, and what they build."""

from pathlib import Path
from typing import Final, NamedTuple

from lookmore.backbones.dlib_backbone import DlibBackbone
from lookmore.backbones.imagenet_backbone import ImagenetBackbone
from lookmore.backbones.layers import Graph
from lookmore.backbones.native import NativeBackbone
from lookmore.backbones.onnx_backbone import OnnxBackbone, open_backbone
from lookmore.backbones.timm_backbone import TimmBackbone, check_timm_name
from lookmore.errors import ConfigError

TIMM_PREFIX: Final = "timm:"
ONNX_PREFIX: Final = "onnx:"
IMAGENET: Final = "imagenet"
DLIB: Final = "dlib-face"


class NativeSize(NamedTuple):
    """How wide and how deep a native backbone is."""

    widths: tuple[int, int, int]
    """Channels of each stage."""

    depths: tuple[int, int, int]
    """Residual blocks of each stage."""

    coarse: bool = False
    """Whether the stem halves the side once more before the first stage."""


# With a 128-d head, at 16 px: parameters and multiply-adds of one image. A coarse network spends
# its work on channels and not on positions: it learns and answers faster than a fine one of the
# same number of parameters.
BACKBONES: Final[dict[str, NativeSize]] = {
    "pico": NativeSize(widths=(12, 24, 40), depths=(1, 1, 1)),  # 0.04 M, 1.7 M
    "nano": NativeSize(widths=(16, 32, 64), depths=(2, 2, 1)),  # 0.11 M, 5.5 M
    "lite": NativeSize(widths=(24, 48, 96), depths=(2, 2, 2), coarse=True),  # 0.41 M, 4.2 M
    "small": NativeSize(widths=(32, 64, 128), depths=(2, 2, 2)),  # 0.71 M, 26 M
    "wide": NativeSize(widths=(48, 96, 192), depths=(2, 2, 2), coarse=True),  # 1.6 M, 16 M
    "base": NativeSize(widths=(64, 128, 256), depths=(2, 2, 2)),  # 2.8 M, 105 M
}


def check_name(name: str) -> None:
    """Refuse a name that no backbone has; cheap, so that settings are checked before any work.

    Args:
        name: One of ``BACKBONES``, ``imagenet``, ``dlib-face``, ``timm:NAME`` or ``onnx:PATH``.

    Raises:
        ConfigError: If it is neither.
    """
    if name.startswith(TIMM_PREFIX):
        check_timm_name(name.removeprefix(TIMM_PREFIX))
    elif name not in (*BACKBONES, IMAGENET, DLIB) and not (
        name.startswith(ONNX_PREFIX) and name != ONNX_PREFIX
    ):
        raise ConfigError(
            f"backbone must be one of {', '.join(BACKBONES)}, {IMAGENET}, {DLIB}, "
            f"{TIMM_PREFIX}NAME or {ONNX_PREFIX}PATH, got {name!r}"
        )


def build_backbone(
    name: str, *, side: int, pretrained: bool = False, graph: Graph | None = None
) -> NativeBackbone | ImagenetBackbone | DlibBackbone | TimmBackbone | OnnxBackbone:
    """Build a backbone by name.

    Args:
        name: One of ``BACKBONES``; ``imagenet`` for EfficientNet-Lite0; ``dlib-face`` for dlib's
            face network, made for few pixels; ``timm:NAME`` for any network of timm; or
            ``onnx:PATH`` for the network in a file.
        side: Height and width of the images it will see, in pixels.
        pretrained: Start from published weights: timm's are downloaded once, those of
            ``imagenet`` and ``dlib-face`` come in packages, those of ``onnx:PATH`` are in the file.
        graph: Layers of the network of ``onnx:PATH``, where the file is needed no more.

    Returns:
        A module from normalised images ``(B, 3, side, side)`` to ``(B, features_width)``.

    Raises:
        ConfigError: If the name is unknown, the side does not suit it, or there are no
            pretrained weights to be had.
    """
    check_name(name)
    if name.startswith(TIMM_PREFIX):
        return TimmBackbone(name.removeprefix(TIMM_PREFIX), side=side, pretrained=pretrained)
    if name.startswith(ONNX_PREFIX):
        if graph is not None:
            return OnnxBackbone(graph, side=side)
        path = Path(name.removeprefix(ONNX_PREFIX))
        return open_backbone(path, side=side, pretrained=pretrained)
    if name == IMAGENET:
        return ImagenetBackbone(side=side, pretrained=pretrained)
    if name == DLIB:
        return DlibBackbone(side=side, pretrained=pretrained)
    if pretrained:
        raise ConfigError(
            f"backbone {name!r} has no pretrained weights; set pretrained to false, or use "
            f"{IMAGENET}, {DLIB}, {TIMM_PREFIX}NAME or {ONNX_PREFIX}PATH"
        )
    size = BACKBONES[name]
    return NativeBackbone(widths=size.widths, depths=size.depths, side=side, coarse=size.coarse)
