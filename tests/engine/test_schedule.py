"""learning_rate_at: rises, falls, never stops, ends where it should."""

import itertools
import math

import pytest

from lookmore.engine.schedule import learning_rate_at


def rates(steps: int, warmup_share: float) -> list[float]:
    return [
        learning_rate_at(step, steps=steps, peak=2.0, warmup_share=warmup_share)
        for step in range(steps)
    ]


def test_rises_linearly_then_falls() -> None:
    found = rates(100, 0.1)
    assert found[:10] == pytest.approx([0.2 * (step + 1) for step in range(10)])
    assert all(a > b for a, b in itertools.pairwise(found[10:]))


def test_halfway_down_is_half_the_peak_and_half_the_floor() -> None:
    assert rates(101, 0.0)[50] == pytest.approx((2.0 + 0.02) / 2)


def test_last_step_has_the_floor() -> None:
    assert rates(57, 0.2)[-1] == pytest.approx(0.02)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_short_stages_have_finite_positive_rates(steps: int) -> None:
    assert all(math.isfinite(rate) and rate > 0 for rate in rates(steps, 0.5))
