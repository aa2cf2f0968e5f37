"""dlib's face network as a backbone for few pixels: a student that inherits what it knows."""

from typing import cast

import torch.nn.functional as F
from torch import Tensor, nn

from lookmore.backbones.images import check_images
from lookmore.errors import ConfigError
from lookmore.teachers.dlib_face import find_weights, network_of, read_checked
from lookmore.teachers.dlib_network import FEW, WIDTH, DlibFaceNetwork

SMALLEST_SIDE = 8


class DlibBackbone(nn.Module):
    """Images of one declared side to dlib's 128 numbers.

    A student that is trained from nothing knows the people it was shown. One that starts from the
    weights of its teacher keeps what was learnt from millions of faces, and only has to learn what
    they look like in few pixels.

    Args:
        side: Height and width of the images, in pixels, 8 to 43; they are enlarged to 43.
        pretrained: Start from the published weights.

    Raises:
        ConfigError: If ``side`` is outside 8 to 43.
        MissingExtraError: If the weights are asked for and their package is not installed.
    """

    published_scale = (0.4815, 0.4588, 0.4090), (1.0039, 1.0039, 1.0039)
    """``mean`` and ``std`` that the published weights want, on the [0, 1] scale."""

    def __init__(self, *, side: int, pretrained: bool = False) -> None:
        super().__init__()
        if not SMALLEST_SIDE <= side <= FEW:
            raise ConfigError(
                f"the side of the backbone dlib-face must be {SMALLEST_SIDE} to {FEW} pixels, got "
                f"{side}; native backbones take larger ones"
            )
        self.side = side
        self.features_width = WIDTH
        self.net = (
            network_of(read_checked(find_weights()), for_few=True)
            if pretrained
            else DlibFaceNetwork(for_few=True)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return features ``(B, 128)`` from normalised images ``(B, 3, side, side)``.

        Raises:
            ValueError: If ``images`` has another shape.
        """
        check_images(images, side=self.side)
        larger = F.interpolate(images, size=(FEW, FEW), mode="bilinear", align_corners=False)
        return cast(Tensor, self.net(larger))
