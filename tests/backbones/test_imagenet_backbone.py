"""EfficientNet-Lite0 can be fine-tuned: it starts as the teacher does, and it learns."""

import pytest
import torch

from lookmore.backbones.table import build_backbone
from lookmore.streams.build import build_stream, stream_from_description
from lookmore.streams.config import StreamConfig
from lookmore.teachers import TeacherConfig, open_teacher

IMAGENET = {"mean": (127 / 255,) * 3, "std": (128 / 255,) * 3}


def test_it_starts_where_the_teacher_stands() -> None:
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    backbone = build_backbone("imagenet", side=64, pretrained=True).eval()
    seen = backbone((images * 255 - 127) / 128)
    teacher = open_teacher(TeacherConfig(name="imagenet", side=64))
    torch.testing.assert_close(seen, teacher.embed(images), rtol=1e-4, atol=1e-5)


def test_it_learns_and_comes_back_from_its_description() -> None:
    config = StreamConfig(backbone="imagenet", pretrained=True, **IMAGENET)
    stream = build_stream(config, side=64, width=16, classes=3)
    images = torch.rand(4, 3, 64, 64)
    logits = stream(images).logits
    assert logits is not None
    logits.square().sum().backward()
    trained = [p for p in stream.parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    assert len(trained) == len(list(stream.parameters()))  # not one that nothing asks
    again = stream_from_description(stream.describe())
    again.load_state_dict(stream.state_dict())
    torch.testing.assert_close(again.eval().embed(images), stream.eval().embed(images))


def test_without_published_weights_it_starts_at_random() -> None:
    one, other = (
        build_backbone("imagenet", side=32, pretrained=known).state_dict()
        for known in (True, False)
    )
    assert one.keys() == other.keys()
    assert not torch.equal(
        one["net.classifier._conv_head.weight"], other["net.classifier._conv_head.weight"]
    )


def test_another_side_is_refused() -> None:
    with pytest.raises(ValueError, match=r"images must have shape \(B, 3, 64, 64\)"):
        build_backbone("imagenet", side=64)(torch.zeros(1, 3, 32, 32))
