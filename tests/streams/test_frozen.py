"""A frozen stream: neither weights nor statistics move, and its fingerprint would tell."""

import pytest
import torch
from torch import Tensor, nn

from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.streams.frozen import FrozenStream, fingerprint
from lookmore.streams.stream import Stream


def seeded_stream(order: str = "rgb") -> Stream:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = StreamConfig(backbone="nano", order=order)
        return build_stream(config, side=8, width=4, classes=0)


@pytest.fixture
def stream() -> Stream:
    return seeded_stream()


@pytest.fixture
def images() -> Tensor:
    return torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_neither_weights_nor_statistics_move(stream: Stream, images: Tensor) -> None:
    guide = FrozenStream(stream)
    both = nn.ModuleList([guide, stream]).train()
    before = {name: tensor.clone() for name, tensor in guide.state_dict().items()}
    loss = (stream(images).raw - guide(images).embeddings).pow(2).sum()
    loss.backward()
    torch.optim.SGD(both.parameters(), lr=1.0, weight_decay=0.1).step()
    assert all(torch.equal(before[name], now) for name, now in guide.state_dict().items())


def test_stays_in_evaluation_mode_under_a_training_parent(stream: Stream) -> None:
    guide = FrozenStream(stream)
    nn.ModuleList([guide]).train()
    assert not any(module.training for module in guide.modules())


def test_gives_no_gradient_even_if_asked_to(stream: Stream, images: Tensor) -> None:
    guide = FrozenStream(stream).requires_grad_(True)
    assert not guide(images).raw.requires_grad


def test_the_original_goes_on_training(stream: Stream, images: Tensor) -> None:
    guide = FrozenStream(stream)
    expected = guide.embed(images)
    assert stream.training and all(p.requires_grad for p in stream.parameters())
    with torch.no_grad():
        for parameter in stream.parameters():
            parameter.mul_(0.5)
    assert torch.equal(guide.embed(images), expected)


def test_says_what_the_stream_says_in_evaluation_mode(stream: Stream, images: Tensor) -> None:
    guide = FrozenStream(stream)
    stream.eval()
    assert torch.equal(guide(images).raw, stream(images).raw)
    assert torch.equal(guide.embed(images, flip=True), stream.embed(images, flip=True))
    assert guide.width == 4


def test_fingerprint_is_stable_and_blind_to_memory_layout(stream: Stream) -> None:
    before = fingerprint(stream)
    assert len(before) == 64 and FrozenStream(stream).fingerprint == before
    assert fingerprint(stream.to(memory_format=torch.channels_last)) == before


@pytest.mark.parametrize("name", ["head.0.weight", "backbone.norm.running_mean"])
def test_fingerprint_changes_with_one_number(stream: Stream, name: str) -> None:
    before = fingerprint(stream)
    stream.state_dict()[name].view(-1)[-1].add_(1e-6)
    assert fingerprint(stream) != before


def test_fingerprint_changes_with_the_preprocessing() -> None:
    assert fingerprint(seeded_stream("rgb")) == fingerprint(seeded_stream("rgb"))
    assert fingerprint(seeded_stream("rgb")) != fingerprint(seeded_stream("bgr"))


def test_fingerprint_reads_half_precision() -> None:
    assert fingerprint(nn.Linear(2, 2).bfloat16()) != fingerprint(nn.Linear(2, 2).bfloat16())
