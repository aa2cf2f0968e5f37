"""The learning rate over a stage."""

import math


def learning_rate_at(
    step: int, *, steps: int, peak: float, warmup_share: float, floor_share: float = 0.01
) -> float:
    """Return the learning rate of one step: linear warm-up, then half a cosine.

    Args:
        step: From 0 to ``steps - 1``.
        steps: All steps of the stage.
        peak: The largest rate.
        warmup_share: Share of the steps that rise linearly, in [0, 1).
        floor_share: Rate of the last step, as a share of ``peak``.

    Returns:
        The rate, ``> 0``.

    Example:
        >>> [round(learning_rate_at(s, steps=5, peak=1.0, warmup_share=0.4), 2) for s in range(5)]
        [0.5, 1.0, 1.0, 0.51, 0.01]
    """
    warmup = round(steps * warmup_share)
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup - 1)
    floor = peak * floor_share
    return floor + (peak - floor) * 0.5 * (1 + math.cos(math.pi * progress))
