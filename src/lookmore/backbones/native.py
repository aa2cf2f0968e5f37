"""A small residual network whose stem fits its input, from 8 to 224 pixels."""

from typing import cast

import torch
from torch import Tensor, nn

from lookmore.backbones.images import check_images
from lookmore.errors import ConfigError

SMALLEST_SIDE, LARGEST_SIDE = 8, 224


def stem_strides(side: int, *, coarse: bool = False) -> tuple[int, ...]:
    """Return the strides of the stem's convolutions, one each.

    Few pixels are all kept; many are shrunk first, since the early layers cost the most. A coarse
    stem ends with one more convolution, which halves the side: a quarter of the work behind it.

    Example:
        >>> stem_strides(16), stem_strides(32), stem_strides(112)
        ((1,), (2,), (2, 2))
        >>> stem_strides(16, coarse=True)
        (1, 2)
    """
    fine = (1,) if side <= 24 else (2,) if side <= 48 else (2, 2)
    return (*fine, 2) if coarse else fine


def _convolution(inputs: int, outputs: int, *, kernel: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, around which the input is added back.

    Source:
        He et al., *Deep Residual Learning for Image Recognition*, CVPR 2016 (figure 2, shortcut
        B), https://arxiv.org/abs/1512.03385. Equal to.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, kernel=3, stride=stride)
        self.second = _convolution(outputs, outputs, kernel=3, stride=1)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = _convolution(inputs, outputs, kernel=1, stride=stride)
        # ReLU trained more images a second than PReLU or SiLU on one core.
        self.activation = nn.ReLU(inplace=True)

    def forward(self, maps: Tensor) -> Tensor:
        """Return ``(B, outputs, H, W)``, sides divided by the stride and rounded up."""
        inner = self.second(self.activation(self.first(maps)))
        return cast(Tensor, self.activation(inner + self.shortcut(maps)))


class PositionPooling(nn.Module):
    """A weighted sum over positions, with weights learnt for each channel.

    Unlike an average it can value the place of an eye and of an ear differently; it starts as
    the average.

    Source:
        Chen et al., *MobileFaceNets*, CCBR 2018 (global depthwise convolution),
        https://arxiv.org/abs/1804.07573. Equal to, except that it starts as the average.
    """

    def __init__(self, channels: int, *, side: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels, side, side), 1.0 / side**2))

    def forward(self, maps: Tensor) -> Tensor:
        """Return ``(B, channels)`` from ``(B, channels, side, side)``."""
        return (maps * self.weight).sum((2, 3))


class NativeBackbone(nn.Module):
    """Images of one declared side to features.

    Args:
        widths: Channels of each stage; the last is the width of the features.
        depths: Residual blocks of each stage; each stage after the first halves the side.
        side: Height and width of the images, in pixels, 8 to 224.
        coarse: Whether the stem halves the side once more.

    Raises:
        ConfigError: If ``side`` is outside 8 to 224.
        ValueError: If ``widths`` and ``depths`` are not equally many positive numbers.
    """

    def __init__(
        self,
        *,
        widths: tuple[int, ...],
        depths: tuple[int, ...],
        side: int,
        coarse: bool = False,
    ) -> None:
        super().__init__()
        if not SMALLEST_SIDE <= side <= LARGEST_SIDE:
            raise ConfigError(
                f"the side of a native backbone must be {SMALLEST_SIDE} to {LARGEST_SIDE} "
                f"pixels, got {side}; timm:NAME backbones take others"
            )
        if not widths or len(widths) != len(depths) or min(*widths, *depths) < 1:
            raise ValueError(
                f"widths and depths must be equally many positive numbers, got {widths} and "
                f"{depths}"
            )
        self.side = side
        self.features_width = widths[-1]

        self.stem = nn.Sequential()
        channels = 3
        for stride in stem_strides(side, coarse=coarse):
            self.stem.append(_convolution(channels, widths[0], kernel=3, stride=stride))
            self.stem.append(nn.ReLU(inplace=True))
            channels = widths[0]
            side = -(-side // stride)

        self.stages = nn.Sequential()
        for number, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            stage = nn.Sequential()
            for block in range(depth):
                stride = 2 if number > 0 and block == 0 else 1
                stage.append(ResidualBlock(channels, width, stride=stride))
                channels = width
                side = -(-side // stride)
            self.stages.append(stage)

        self.pooling = PositionPooling(channels, side=side)
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, images: Tensor) -> Tensor:
        """Return features ``(B, features_width)`` from normalised images ``(B, 3, side, side)``.

        Raises:
            ValueError: If ``images`` has another shape.
        """
        check_images(images, side=self.side)
        return cast(Tensor, self.norm(self.pooling(self.stages(self.stem(images)))))
