"""The moving average of weights: the formula, the newest buffers, and a state that resumes."""

import pytest
import torch
from torch import nn

from lookmore.errors import CheckpointError, ConfigError
from lookmore.streams.ema import MovingAverage


def one_weight(value: float) -> nn.Linear:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    return layer


def averaged(average: MovingAverage) -> float:
    layer = one_weight(0.0)
    average.copy_to(layer)
    return layer.weight.item()


def test_follows_the_formula_with_its_warm_up() -> None:
    average, by_hand = MovingAverage(one_weight(2.0), decay=0.15), 2.0
    # (1 + n) / (10 + n) for n = 0, 1, 2, 3, held at 0.15 once above it
    for value, decay in zip((5.0, -1.0, 3.0, 4.0), (0.1, 0.15, 0.15, 0.15), strict=True):
        average.update(one_weight(value))
        by_hand = decay * by_hand + (1 - decay) * value
        assert averaged(average) == pytest.approx(by_hand, rel=1e-5)


def test_long_decays_warm_up() -> None:
    average, by_hand = MovingAverage(one_weight(2.0), decay=0.999), 2.0
    for value, decay in zip((5.0, -1.0, 3.0), (1 / 10, 2 / 11, 3 / 12), strict=True):
        average.update(one_weight(value))
        by_hand = decay * by_hand + (1 - decay) * value
    assert averaged(average) == pytest.approx(by_hand, rel=1e-5)


def test_buffers_are_the_newest() -> None:
    norm = nn.BatchNorm1d(3)
    average = MovingAverage(norm, decay=0.9)
    for _ in range(3):
        norm(torch.rand(8, 3))
        average.update(norm)
    copy = nn.BatchNorm1d(3)
    average.copy_to(copy)
    assert torch.equal(copy.running_mean, norm.running_mean)
    assert copy.num_batches_tracked.item() == 3


def test_the_module_is_not_touched() -> None:
    layer = one_weight(2.0)
    average = MovingAverage(layer, decay=0.9)
    average.update(one_weight(7.0))
    assert layer.weight.item() == 2.0


def test_resuming_equals_an_unbroken_run() -> None:
    unbroken = MovingAverage(one_weight(2.0), decay=0.999)
    unbroken.update(one_weight(5.0))
    resumed = MovingAverage(one_weight(0.0), decay=0.999)
    resumed.load_state_dict(unbroken.state_dict())
    for average in (unbroken, resumed):
        average.update(one_weight(-1.0))
    assert averaged(resumed) == averaged(unbroken)


def test_a_state_is_a_copy() -> None:
    average = MovingAverage(one_weight(2.0), decay=0.9)
    state = average.state_dict()
    average.update(one_weight(7.0))
    assert state["weight"].item() == 2.0


@pytest.mark.parametrize("other", [nn.Linear(1, 1), nn.Linear(2, 1, bias=False)])
def test_the_state_of_another_network_is_refused_and_changes_nothing(other: nn.Module) -> None:
    average = MovingAverage(one_weight(2.0), decay=0.9)
    with pytest.raises(CheckpointError, match="another network"):
        average.load_state_dict(MovingAverage(other, decay=0.9).state_dict())
    assert averaged(average) == 2.0


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_refuses_a_decay_that_cannot_be(decay: float) -> None:
    with pytest.raises(ConfigError, match=rf"must be in \[0, 1\), got {decay}"):
        MovingAverage(one_weight(0.0), decay=decay)
