"""weighted_sum: every term with its weight, and no name on either side without the other."""

import pytest
import torch

from lookmore.errors import ConfigError
from lookmore.losses.objective import weighted_sum


def test_is_the_sum_of_weight_times_term() -> None:
    terms = {"a": torch.tensor(0.5), "b": torch.tensor(3.0), "c": torch.tensor(7.0)}
    assert weighted_sum(terms, {"b": 2.0, "a": 4.0, "c": 0.0}).item() == 8.0


def test_gradient_of_a_term_is_its_weight() -> None:
    term = torch.tensor(0.5, requires_grad=True)
    weighted_sum({"a": term, "b": torch.tensor(1.0)}, {"a": 4.0, "b": 1.0}).backward()
    assert term.grad is not None and term.grad.item() == 4.0


def test_refuses_a_name_without_its_other_half() -> None:
    terms = {"distance": torch.tensor(1.0), "angle": torch.tensor(1.0)}
    with pytest.raises(ConfigError, match=r"unknown \['angel'\], missing \['angle'\]"):
        weighted_sum(terms, {"distance": 1.0, "angel": 1.0})


def test_refuses_to_sum_nothing() -> None:
    with pytest.raises(ConfigError, match="at least one loss term"):
        weighted_sum({}, {})
