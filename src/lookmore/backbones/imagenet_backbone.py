"""EfficientNet-Lite0 as a backbone, with weights that need no download: a teacher to fine-tune."""

from typing import cast

from torch import Tensor, nn

from lookmore.backbones.images import check_images
from lookmore.teachers.imagenet import FEATURES_WIDTH, MEAN, STD, open_network


class ImagenetBackbone(nn.Module):
    """Images of one declared side to pooled features.

    Args:
        side: Height and width of the images, in pixels.
        pretrained: Start from the weights of ImageNet.

    Raises:
        MissingExtraError: If a package it needs is not installed.
    """

    published_scale = (MEAN, MEAN, MEAN), (STD, STD, STD)
    """``mean`` and ``std`` that the published weights want, on the [0, 1] scale."""

    def __init__(self, *, side: int, pretrained: bool) -> None:
        super().__init__()
        self.side = side
        self.features_width = FEATURES_WIDTH
        self.net = open_network(pretrained=pretrained)

    def forward(self, images: Tensor) -> Tensor:
        """Return features ``(B, 1280)`` from normalised images ``(B, 3, side, side)``.

        Raises:
            ValueError: If ``images`` has another shape.
        """
        check_images(images, side=self.side)
        return cast(Tensor, self.net(images))
