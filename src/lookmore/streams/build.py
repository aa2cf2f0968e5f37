"""Streams from settings, and from the description kept beside their weights."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from lookmore.backbones.layers import graph_from
from lookmore.backbones.native import NativeBackbone
from lookmore.backbones.table import ONNX_PREFIX, build_backbone
from lookmore.errors import CheckpointError, ConfigError
from lookmore.streams.config import StreamConfig
from lookmore.streams.stream import Stream

_PLAIN_SCALE = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)  # of native backbones


def build_stream(
    config: StreamConfig, *, side: int, width: int, classes: int, recognisability: bool = False
) -> Stream:
    """Build a new stream, in training mode.

    Args:
        config: The settings.
        side: Height and width in pixels where the settings leave it open.
        width: Numbers in an embedding where the settings leave it open.
        classes: Classes to score; 0 for none.
        recognisability: Whether it predicts how near each embedding is to the guide's.

    Raises:
        ConfigError: If the backbone cannot be built.
    """
    side = config.side or side
    backbone = build_backbone(config.backbone, side=side, pretrained=config.pretrained)
    # also where weights start at random: they may yet be taken over from a stream that had them
    if isinstance(backbone, NativeBackbone):
        mean, std = _PLAIN_SCALE
    elif backbone.published_scale is not None:
        mean, std = backbone.published_scale
    elif config.mean is not None and config.std is not None:
        mean, std = config.mean, config.std
    else:
        raise ConfigError(
            f"stream.mean and stream.std must be stated for {config.backbone}, on the [0, 1] "
            "scale: it is not the file of the teacher, and does not say them itself"
        )
    stream = Stream(
        backbone=backbone,
        backbone_name=config.backbone,
        width=config.width or width,
        classes=classes,
        side=side,
        mean=config.mean or mean,
        std=config.std or std,
        order=config.order,
        dropout=config.dropout,
        recognisability=recognisability,
    )
    head = stream.head[0]
    if config.pretrained and isinstance(head, nn.Linear) and head.in_features == head.out_features:
        # as wide as the guide's: the features may be its own embedding, which a random head loses
        nn.init.eye_(head.weight)
        nn.init.zeros_(head.bias)
    return stream


def stream_from_description(description: Mapping[str, Any]) -> Stream:
    """Build the stream that ``Stream.describe`` described; its weights are not loaded here.

    Raises:
        CheckpointError: If entries are missing or unknown, or the stream built has another
            number of parameters than the one described, as a changed timm network would.
        ConfigError: If the backbone cannot be built.
    """
    settings = dict(description)
    entries = {
        *("backbone", "side", "width", "classes"),
        *("mean", "std", "order", "dropout", "parameters"),
    }
    judged = settings.pop("recognisability", False)  # streams without it do not name it
    layers = settings.pop("graph", None)  # of an ONNX backbone alone
    if settings.keys() != entries:
        raise CheckpointError(
            f"the description of a stream does not fit: unknown "
            f"{sorted(settings.keys() - entries)}, missing {sorted(entries - settings.keys())}; "
            f"load it with the version that wrote it"
        )
    name, side = settings["backbone"], settings["side"]
    try:
        graph = None if layers is None else graph_from(layers)
    except ValueError as error:
        raise CheckpointError(f"the description of a stream does not fit: {error}") from error
    if str(name).startswith(ONNX_PREFIX) and graph is None:
        raise CheckpointError(f"the description of a stream does not hold the layers of {name!r}")
    stream = Stream(
        backbone=build_backbone(name, side=side, graph=graph),
        backbone_name=name,
        width=settings["width"],
        classes=settings["classes"],
        side=side,
        mean=tuple(settings["mean"]),
        std=tuple(settings["std"]),
        order=settings["order"],
        dropout=settings["dropout"],
        recognisability=judged,
    )
    built, described = stream.describe()["parameters"], settings["parameters"]
    if built != described:
        raise CheckpointError(
            f"backbone {name!r} makes a stream of {built} parameters here, where the description "
            f"says {described}; load it with the versions that wrote it"
        )
    return stream
