"""fault_of: an engine that is wrong anywhere is not trusted."""

import pytest
import torch
from torch import Tensor

from lookmore.losses import corners_numba, corners_torch, engines
from lookmore.losses.trust import fault_of

CPU = torch.device("cpu")


def test_right_engines_have_no_fault() -> None:
    assert fault_of(corners_torch.corners, CPU) == ""
    assert fault_of(corners_numba.corners, CPU) == ""


def test_a_wrong_value_is_a_fault() -> None:
    def corners(table: Tensor) -> tuple[Tensor, Tensor]:
        penalty, springs = corners_torch.corners(table)
        return penalty * 1.001, springs

    assert fault_of(corners, CPU) == "its value for 7 images is wrong here, off by 0.1 %"


def test_a_right_value_with_two_springs_exchanged_is_a_fault() -> None:
    def corners(table: Tensor) -> tuple[Tensor, Tensor]:
        penalty, springs = corners_torch.corners(table)
        if len(table) % 16:  # as Triton 3.6 had it
            springs = springs[:, [0, 2, 1, *range(3, len(table))]]
        return penalty, springs

    assert fault_of(corners, CPU).startswith("its gradient for 7 images is wrong here, off by")


def test_a_gradient_that_is_no_number_is_a_fault() -> None:
    def corners(table: Tensor) -> tuple[Tensor, Tensor]:
        penalty, springs = corners_torch.corners(table)
        return penalty, springs * float("nan") if len(table) == 48 else springs

    assert fault_of(corners, CPU) == "its gradient for 48 images is wrong here, not finite"


def test_a_gpu_with_a_wrong_engine_gets_torch_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("triton", reason="it comes with torch's builds for CUDA on Linux")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(engines, "fault_of", lambda corners, device: "its value is wrong here")
    engines._fault.cache_clear()
    try:
        found = engines.choose_engine("auto", torch.device("cuda"))
    finally:
        engines._fault.cache_clear()
    assert found.name == "torch"
    assert "computes wrongly: its value is wrong here" in found.why
