"""dlib's network for few pixels: it starts from its weights, fits few pixels, and learns."""

import importlib.util
from pathlib import Path

import pytest
import torch

from lookmore.backbones import dlib_backbone
from lookmore.backbones.dlib_backbone import DlibBackbone
from lookmore.backbones.table import build_backbone
from lookmore.errors import ConfigError
from lookmore.streams.build import build_stream, stream_from_description
from lookmore.streams.config import StreamConfig
from lookmore.teachers import dlib_face
from lookmore.teachers.dlib_network import FEW, DlibFaceNetwork

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("face_recognition_models") is None,
    reason="the weights come with the extra demo, which is not installed",
)


def sides(network: DlibFaceNetwork, side: int) -> list[int]:
    """Heights of the maps that each block returns."""
    found: list[int] = []
    for block in network.blocks:
        block.register_forward_hook(lambda *given: found.append(given[2].shape[2]))
    network.eval()(torch.zeros(1, 3, side, side))
    return found


def test_the_layers_see_an_aligned_face_at_the_scale_of_the_original() -> None:
    assert sides(DlibFaceNetwork(), 150) == [35] * 3 + [17] * 4 + [8] * 3 + [4] * 3 + [2]
    # dlib's chip is 100.4 of the 112 px of an aligned face, and this is all of it
    assert sides(DlibFaceNetwork(for_few=True), FEW) == [19] * 7 + [9] * 3 + [4] * 3 + [2]
    assert sides(DlibFaceNetwork(for_few=True), 39) == [17] * 7 + [8] * 3 + [4] * 3 + [2]


@needs_weights
def test_it_starts_from_every_published_weight() -> None:
    published = dlib_face.network_of(dlib_face.read_checked(dlib_face.find_weights())).state_dict()
    started = build_backbone("dlib-face", side=16, pretrained=True)
    assert isinstance(started, DlibBackbone)
    found = started.net.state_dict()
    assert found.keys() == published.keys()
    assert all(torch.equal(found[name], published[name]) for name in published)


@needs_weights
def test_a_head_of_its_own_width_passes_on_what_it_says() -> None:
    config = StreamConfig(backbone="dlib-face", pretrained=True)
    stream = build_stream(config, side=16, width=128, classes=0).eval()
    images = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    features = stream.backbone(stream.prepare(images))
    # batch statistics start at mean 0 and variance 1
    torch.testing.assert_close(stream(images).raw, features, rtol=1e-4, atol=1e-6)


@needs_weights
def test_every_weight_learns_and_comes_back_where_the_package_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = StreamConfig(backbone="dlib-face", pretrained=True)
    stream = build_stream(config, side=16, width=16, classes=0)
    images = torch.rand(4, 3, 16, 16)
    stream(images).embeddings[:, 0].sum().backward()
    still = [name for name, p in stream.named_parameters() if p.grad is None or not p.grad.any()]
    # before batch statistics a shift of the head changes nothing
    assert set(still) <= {"head.0.bias"}
    monkeypatch.setattr(dlib_backbone, "find_weights", lambda: Path("/nowhere"))
    again = stream_from_description(stream.describe())
    again.load_state_dict(stream.state_dict())
    torch.testing.assert_close(again.eval().embed(images), stream.eval().embed(images))


@pytest.mark.parametrize("side", [7, 44])
def test_sides_that_do_not_suit_it_are_refused(side: int) -> None:
    with pytest.raises(ConfigError, match=f"dlib-face must be 8 to 43 pixels, got {side}"):
        build_backbone("dlib-face", side=side)


def test_another_side_is_refused() -> None:
    with pytest.raises(ValueError, match=r"images must have shape \(B, 3, 16, 16\)"):
        build_backbone("dlib-face", side=16)(torch.zeros(1, 3, 32, 32))
