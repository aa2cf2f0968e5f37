"""The head of recognisability: reads a stream, and leaves no trace in it."""

import torch
from torch import Tensor

from lookmore.streams.build import build_stream, stream_from_description
from lookmore.streams.config import StreamConfig
from lookmore.streams.recognisability import RecognisabilityHead
from lookmore.streams.stream import Stream


def stream(*, recognisability: bool) -> Stream:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return build_stream(
            StreamConfig(backbone="nano"),
            side=8,
            width=6,
            classes=2,
            recognisability=recognisability,
        )


def images(count: int = 6) -> Tensor:
    return torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_making_it_draws_nothing_from_the_global_generator() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    RecognisabilityHead(features_width=5, width=4)
    assert torch.equal(torch.rand(3), expected)


def test_two_heads_begin_alike_and_undecided() -> None:
    one, other = (RecognisabilityHead(features_width=5, width=4) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
    scores = one.eval()(torch.randn(3, 5), torch.randn(3, 4))
    assert torch.equal(scores, torch.full((3,), 0.5))


def test_a_stream_says_the_same_with_it_and_without() -> None:
    plain, judged = stream(recognisability=False), stream(recognisability=True)
    one, other = plain(images()), judged(images())
    assert torch.equal(one.embeddings, other.embeddings)
    assert torch.equal(one.logits, other.logits)
    assert one.recognisability is None
    assert other.recognisability is not None
    assert other.recognisability.shape == (6,)


def test_no_gradient_reaches_the_stream() -> None:
    judged = stream(recognisability=True)
    assert judged.recognisability is not None
    torch.nn.init.ones_(judged.recognisability.score.weight)
    scores = judged(images()).recognisability
    scores.sum().backward()
    touched = {name for name, p in judged.named_parameters() if p.grad is not None}
    assert touched == {f"recognisability.{n}" for n, _ in judged.recognisability.named_parameters()}


def test_features_of_any_size_are_as_good() -> None:
    head = RecognisabilityHead(features_width=5, width=4)
    torch.nn.init.ones_(head.score.weight)
    features, raw = torch.randn(64, 5), torch.randn(64, 4)
    torch.testing.assert_close(
        head(features, raw), head(1e4 * features, 1e4 * raw), rtol=1e-3, atol=1e-3
    )


def test_it_is_described_and_built_again_and_streams_without_it_do_not_name_it() -> None:
    judged = stream(recognisability=True).eval()
    again = stream_from_description(judged.describe()).eval()
    again.load_state_dict(judged.state_dict())
    assert torch.equal(again(images()).recognisability, judged(images()).recognisability)
    plain = stream(recognisability=False).describe()
    assert "recognisability" not in plain
    assert stream_from_description(plain).recognisability is None
