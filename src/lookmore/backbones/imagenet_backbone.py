"""EfficientNet-Lite0 as a backbone, with weights that need no download: a teacher to fine-tune."""

from typing import cast

from torch import Tensor, nn

from lookmore.backbones.images import check_images
from lookmore.teachers.imagenet import FEATURES_WIDTH, open_network


class ImagenetBackbone(nn.Module):
    """Images of one declared side to pooled features.

    Args:
        side: Height and width of the images, in pixels.
        pretrained: Start from the weights of ImageNet; they want ``mean`` 127/255 and ``std``
            128/255.

    Raises:
        MissingExtraError: If a package it needs is not installed.
    """

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
