"""Any recogniser in an ONNX file as a backbone for few pixels: a student that inherits from it."""

from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lookmore.backbones.images import check_images
from lookmore.backbones.layers import Graph, LayerNetwork, fill
from lookmore.backbones.onnx_graph import read_onnx
from lookmore.errors import ConfigError, TeacherError
from lookmore.teachers.onnx_model import open_network

SMALLEST_SIDE = 8
_TOLERANCE = 1e-3  # of the largest number in the answer


class OnnxBackbone(nn.Module):
    """Images of one declared side to the numbers of a network that was an ONNX file.

    The layers stay in the stream's description, so a trained student needs the file no more. With
    the file's weights it begins as that network with its probes scaled up.

    Args:
        graph: Layers.
        side: Height and width of the images, in pixels, 8 to the network's own side, to which they
            are enlarged.

    Raises:
        ConfigError: If ``side`` is not one of these, or the layers do not fit one another.
    """

    published_scale = None
    """An ONNX file does not say what ``mean`` and ``std`` it wants."""

    def __init__(self, graph: Graph, *, side: int) -> None:
        super().__init__()
        if not SMALLEST_SIDE <= side <= graph.side:
            raise ConfigError(
                f"the side of this backbone must be {SMALLEST_SIDE} to {graph.side} pixels, the "
                f"side of its network, got {side}"
            )
        self.side, self.graph = side, graph
        try:
            self.net = LayerNetwork(graph)
            trial = torch.zeros(1, 3, graph.side, graph.side)
            self.features_width = _answer(self.net, trial).shape[1]
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"the layers of a backbone do not fit together: {error}") from error

    def forward(self, images: Tensor) -> Tensor:
        """Return features ``(B, features_width)`` from normalised images ``(B, 3, side, side)``.

        Raises:
            ValueError: If ``images`` has another shape.
        """
        check_images(images, side=self.side)
        own = (self.graph.side, self.graph.side)
        larger = F.interpolate(images, size=own, mode="bicubic", align_corners=False)
        return cast(Tensor, self.net(larger))


def open_backbone(path: Path, *, side: int, pretrained: bool) -> OnnxBackbone:
    """Make a backbone of an ONNX file.

    Args:
        path: The file.
        side: Height and width of the images it will see, in pixels.
        pretrained: Start from the file's weights.

    Raises:
        ConfigError: If the file cannot be read, has other layers than are known, or another shape;
            or if the network says other things here than in onnxruntime.
        MissingExtraError: If onnx or onnxruntime is not installed.
    """
    graph, tensors = read_onnx(path)
    backbone = OnnxBackbone(graph, side=side)
    if pretrained:
        fill(backbone.net, tensors)
        _compare(backbone.net, path)
    return backbone


def _compare(network: LayerNetwork, path: Path) -> None:
    """Refuse a network that is not the one in the file."""
    side = network.graph.side
    image = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    try:
        said = open_network(path)(image)
    except TeacherError as error:
        raise ConfigError(str(error)) from error
    ours = _answer(network, image)
    largest = float(said.abs().max())
    apart = float((ours - said).abs().max()) if ours.shape == said.shape else largest
    if not apart <= _TOLERANCE * largest:
        raise ConfigError(
            f"no student can start from {path}: read layer by layer it says other things than in "
            f"onnxruntime, {apart:.2g} apart of {largest:.2g}; the file can still be a teacher"
        )


def _answer(network: LayerNetwork, images: Tensor) -> Tensor:
    """Return what a network says when it is not in training, and leave it as it was."""
    was = network.training
    with torch.inference_mode():
        found = network.eval()(images)
    network.train(was)
    return cast(Tensor, found)
