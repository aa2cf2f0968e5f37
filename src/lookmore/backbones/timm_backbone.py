"""Any network of timm as a backbone, without its classifier."""

import difflib
from collections.abc import Callable
from typing import Any, cast

import timm
import torch
from timm.data.config import resolve_model_data_config
from torch import Tensor, nn

from lookmore.backbones.images import check_images
from lookmore.errors import ConfigError
from lookmore.teachers.preprocess import Triple


def check_timm_name(name: str) -> None:
    """Refuse a name that timm does not know.

    Args:
        name: As timm spells it, with or without the tag of its weights.

    Raises:
        ConfigError: Naming the nearest known names.
    """
    known = timm.list_models()
    bare = name.split(".")[0]
    if bare not in known:
        near = difflib.get_close_matches(bare, known, n=3)
        raise ConfigError(
            f"timm has no network named {name!r}; "
            + (f"near: {', '.join(near)}" if near else "see timm.list_models()")
        )


class TimmBackbone(nn.Module):
    """Images of one declared side to the pooled features of a timm network.

    Args:
        name: As in ``timm.list_models()``, with or without the tag of its weights.
        side: Height and width of the images, in pixels.
        pretrained: Start from timm's published weights, which are downloaded once.

    Raises:
        ConfigError: If timm has no such network, its weights cannot be had, or it cannot take
            images of this side.
    """

    def __init__(self, name: str, *, side: int, pretrained: bool = False) -> None:
        super().__init__()
        self.side = side
        self.net = _create(name, side=side, pretrained=pretrained)
        self.features_width = _measure_width(self.net, name=name, side=side)

    @property
    def published_scale(self) -> tuple[Triple, Triple]:
        """``mean`` and ``std`` that the published weights want, on the [0, 1] scale."""
        resolve: Callable[..., dict[str, Any]] = resolve_model_data_config  # timm states no types
        own = resolve(self.net)
        return tuple(own["mean"]), tuple(own["std"])

    def forward(self, images: Tensor) -> Tensor:
        """Return features ``(B, features_width)`` from normalised images ``(B, 3, side, side)``.

        Raises:
            ValueError: If ``images`` has another shape.
        """
        check_images(images, side=self.side)
        return cast(Tensor, self.net(images))


def _create(name: str, *, side: int, pretrained: bool) -> nn.Module:
    check_timm_name(name)
    settings: dict[str, Any] = {"num_classes": 0}
    published = timm.get_pretrained_cfg(name)
    # Only networks tied to one input size (vision transformers, mixers) know this setting.
    if published and published.fixed_input_size and published.input_size[1] != side:
        settings["img_size"] = side
    try:
        return timm.create_model(name, pretrained=pretrained, **settings)
    except OSError as error:  # the hub's own errors are OSErrors too
        raise ConfigError(
            f"the pretrained weights of timm:{name} cannot be had: {_first_line(error)} Go online "
            f"once to fetch them, or set pretrained to false"
        ) from error
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:
        raise ConfigError(
            f"timm:{name} cannot be built for images of {side} pixels"
            f"{' with pretrained weights' if pretrained else ''}: {_first_line(error)}"
        ) from error


def _measure_width(net: nn.Module, *, name: str, side: int) -> int:
    """Return the features' width by asking: timm's ``num_features`` is not it for every network."""
    net.eval()  # one image would upset batch statistics
    try:
        with torch.no_grad():
            features = net(torch.zeros(1, 3, side, side))
    except (AssertionError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"timm:{name} cannot take images of {side} pixels: {_first_line(error)}"
        ) from error
    net.train()
    if features.ndim != 2:
        raise ConfigError(
            f"timm:{name} must give one row of features per image, got shape "
            f"{tuple(features.shape)}; choose another network"
        )
    return int(features.shape[1])


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
