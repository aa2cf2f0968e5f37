"""The 29 layers of dlib's face network in torch, for its own 150 pixels or for a few."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE, WIDTH = 150, 128
FEW = 43
"""Side for which the network `for_few` pixels is made. A face that fills it as ArcFace's alignment
does meets the layers from the second stage on at the scale they know from dlib's own chips, which
are cut closer and are 39 px wide then."""

SECOND = 64
"""Width of the second stage."""

# Width of each residual block, and whether it halves its input.
BLOCKS = (
    *((32, False), (32, False), (32, False)),
    *((SECOND, True), (SECOND, False), (SECOND, False), (SECOND, False)),
    *((128, True), (128, False), (128, False)),
    *((256, True), (256, False), (256, False), (256, True)),
)


class DlibFaceNetwork(nn.Module):
    """dlib's face network: ``(B, 3, 150, 150)`` -> ``(B, 128)``, or for few pixels.

    Every convolution is followed by a fixed scale and shift per channel, which is multiplied
    into it here; the fused network gives the same numbers with half the layers.

    Args:
        for_few: Leave out the pooling behind the stem and the halving of the second stage: a face
            of a quarter of the pixels on each side then meets the later layers at the size that
            they know. Same weights, another network: it has to be trained on.

    Source:
        Davis King, *High Quality Face Recognition with Deep Metric Learning*, 2017,
        http://blog.dlib.net/2017/02/high-quality-face-recognition-with-deep.html, and the
        settings of the layers in its file. Equal to, but for ``for_few``, which is ours.
    """

    def __init__(self, *, for_few: bool = False) -> None:
        super().__init__()
        self.for_few = for_few
        self.stem = convolution(3, 32, window=7, halve=True)
        self.blocks = nn.ModuleList()
        inputs = 32
        for filters, halve in BLOCKS:
            keeps = for_few and filters == SECOND
            self.blocks.append(_Block(inputs, filters, halve=halve and not keeps))
            inputs = filters
        self.head = nn.Linear(inputs, WIDTH, bias=False)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Return ``(B, 128)`` for ``(B, 3, S, S)`` preprocessed images."""
        features = images.contiguous(memory_format=torch.channels_last)
        features = F.relu(self.stem(features))
        if not self.for_few:
            features = F.max_pool2d(features, 3, 2)
        for block in self.blocks:
            features = block(features)
        embeddings: Tensor = self.head(features.mean(dim=(2, 3)))
        return embeddings


class _Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, inputs: int, filters: int, *, halve: bool) -> None:
        super().__init__()
        self.halves = halve
        self.first = convolution(inputs, filters, window=3, halve=halve)
        self.second = convolution(filters, filters, window=3, halve=False)

    def forward(self, features: Tensor) -> Tensor:
        shortcut = F.avg_pool2d(features, 2) if self.halves else features
        change = self.second(F.relu(self.first(features)))
        shortcut, change = _to_common_shape(shortcut, change)
        return F.relu(shortcut + change)


def convolution(inputs: int, filters: int, *, window: int, halve: bool) -> nn.Conv2d:
    """Return a convolution that keeps the sides, or an unpadded one that halves them."""
    padding = 0 if halve else window // 2
    return nn.Conv2d(inputs, filters, window, stride=2 if halve else 1, padding=padding)


def _to_common_shape(shortcut: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
    """Fill with zeros where one is smaller, as dlib adds tensors of different shapes.

    The shortcut may have fewer channels, and at 8 and 4 px the unpadded convolution has one row
    and one column less than the average pool.
    """
    sizes = [max(a, b) for a, b in zip(shortcut.shape[1:], change.shape[1:], strict=True)]

    def filled(part: Tensor) -> Tensor:
        channels, rows, columns = (
            size - have for size, have in zip(sizes, part.shape[1:], strict=True)
        )
        if not (channels or rows or columns):
            return part
        return F.pad(part, (0, columns, 0, rows, 0, channels))

    return filled(shortcut), filled(change)
