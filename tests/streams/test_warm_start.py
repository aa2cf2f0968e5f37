"""warm_start: what fits is copied, what does not is left, and the list says which."""

import torch

from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.streams.stream import Stream
from lookmore.streams.warm_start import warm_start


def nano(side: int, seed: int, width: int = 8) -> Stream:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        stream = build_stream(StreamConfig(backbone="nano"), side=side, width=width, classes=0)
        stream(torch.rand(4, 3, side, side))  # moves the batch statistics
    return stream


def test_between_equal_streams_everything_is_copied() -> None:
    student, assistant = nano(16, 0), nano(16, 1)
    assert warm_start(student, assistant) == tuple(student.state_dict())
    images = torch.rand(2, 3, 16, 16)
    assert torch.equal(student.eval()(images).raw, assistant.eval()(images).raw)


def test_between_sides_all_but_the_pooling_is_copied() -> None:
    student, assistant = nano(16, 0), nano(112, 1)
    left = set(student.state_dict()) - set(warm_start(student, assistant))
    assert left == {"backbone.pooling.weight"}


def test_what_does_not_fit_stays() -> None:
    student, assistant = nano(16, 0, width=8), nano(16, 1, width=9)
    before = student.head[0].weight.clone()
    copied = warm_start(student, assistant)
    assert not any(name.startswith("head.0") for name in copied)
    assert torch.equal(student.head[0].weight, before)


def test_a_student_keeps_its_own_preprocessing() -> None:
    student, assistant = nano(16, 0), nano(16, 1)
    assistant.mean.fill_(0.25)
    warm_start(student, assistant)
    assert student.mean.flatten().tolist() == [0.5, 0.5, 0.5]


def test_the_two_go_their_own_ways_afterwards() -> None:
    student, assistant = nano(16, 0), nano(16, 1)
    warm_start(student, assistant)
    copy = student.head[0].weight.clone()
    with torch.no_grad():
        assistant.head[0].weight.zero_()
    assert torch.equal(student.head[0].weight, copy)
