"""Any recogniser in an ONNX file as a backbone for few pixels: a student that inherits from it."""

from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lookmore.backbones.images import check_images
from lookmore.backbones.layers import Graph, LayerNetwork, fill
from lookmore.backbones.onnx_graph import read_onnx
from lookmore.errors import ConfigError
from lookmore.teachers.onnx_session import open_session

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
            self.features_width = _width(self.net)
        except (ValueError, RuntimeError) as error:
            raise ConfigError(
                f"the layers of a backbone do not fit one another: {error}"
            ) from error

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
    try:
        session = open_session(path, purpose="a student that starts from an ONNX file")
    except ValueError as error:
        raise ConfigError(f"cannot run {path}: {error}") from error
    generator = torch.Generator().manual_seed(0)
    side = network.graph.side
    image = torch.randn(1, 3, side, side, generator=generator)
    batch = session.get_inputs()[0].shape[0]
    images = image.expand(batch if isinstance(batch, int) else 1, -1, -1, -1)
    said = session.run(None, {session.get_inputs()[0].name: images.contiguous().numpy()})[0][:1]
    was = network.training
    with torch.inference_mode():
        ours = network.eval()(image).numpy()
    network.train(was)
    largest = float(abs(said).max())
    apart = float(abs(ours - said.reshape(1, -1)).max()) if said.size == ours.size else largest
    if not apart <= _TOLERANCE * largest:
        raise ConfigError(
            f"no student can start from {path}: read layer by layer it says other things than in "
            f"onnxruntime, {apart:.2g} apart of {largest:.2g}; the file can still be a teacher"
        )


def _width(network: LayerNetwork) -> int:
    """Return the number of features, by a try on the network's own side."""
    side = network.graph.side
    was = network.training
    network.eval()
    with torch.inference_mode():
        width = network(torch.zeros(1, 3, side, side)).shape[1]
    network.train(was)
    return int(width)
