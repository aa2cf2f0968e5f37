"""Task losses: the formulas of their papers, unlabelled rows left out, no setting ignored."""

import math
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from lookmore.errors import ConfigError
from lookmore.losses.task import TaskLossConfig, build_task_loss

LEARNT = ("cross-entropy", "arcface", "cosface", "triplet", "proxy-anchor")


class Output(NamedTuple):
    """What a stream gives, as far as the losses look."""

    embeddings: Tensor
    logits: Tensor | None


@pytest.fixture
def output() -> Output:
    """Eight images, width 6, three classes."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(8, 6, generator=generator)
    rows = rows / rows.norm(dim=1, keepdim=True)
    return Output(rows.requires_grad_(), torch.randn(8, 3, generator=generator).requires_grad_())


@pytest.fixture
def labels() -> Tensor:
    return torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])


def read(output: Output, name: str) -> Tensor:
    """The tensor that a loss reads and sends its gradient to."""
    rows = output.logits if name == "cross-entropy" else output.embeddings
    assert rows is not None
    return rows


def built(name: str, **settings: float) -> nn.Module:
    torch.manual_seed(0)
    return build_task_loss(TaskLossConfig(loss=name, **settings), classes=3, width=6)  # type: ignore[arg-type]


def test_cross_entropy_equals_its_definition(output: Output, labels: Tensor) -> None:
    shares = read(output, "cross-entropy").double().softmax(1)
    expected = -sum(math.log(shares[i, c].item()) for i, c in enumerate(labels.tolist())) / 8
    assert built("cross-entropy")(output, labels).item() == pytest.approx(expected, rel=1e-5)


def test_label_smoothing_spreads_its_share_evenly(output: Output, labels: Tensor) -> None:
    logs = read(output, "cross-entropy").double().log_softmax(1)
    expected = -sum(
        0.7 * logs[i, c].item() + 0.3 * logs[i].mean().item() for i, c in enumerate(labels.tolist())
    )
    loss = built("cross-entropy", label_smoothing=0.3)(output, labels)
    assert loss.item() == pytest.approx(expected / 8, rel=1e-5)


@pytest.mark.parametrize("name", ["arcface", "cosface"])
@pytest.mark.parametrize("margin", [0.0, 0.25])
def test_margin_softmax_equals_its_definition(
    name: str, margin: float, output: Output, labels: Tensor
) -> None:
    loss = (
        built(name, margin=60 * margin, scale=16.0)
        if name == "arcface"
        else built(name, margin=margin, scale=16.0)
    )
    centres = next(loss.parameters()).detach().T.double()
    total = 0.0
    for row, label in zip(output.embeddings.detach().double(), labels.tolist(), strict=True):
        cosines = [(row @ c / row.norm() / c.norm()).item() for c in centres]
        if name == "arcface":
            degrees = 60 * margin or 28.6
            cosines[label] = math.cos(math.acos(cosines[label]) + math.radians(degrees))
        else:
            cosines[label] -= margin or 0.35
        powers = [math.exp(16 * cosine) for cosine in cosines]
        total -= math.log(powers[label] / sum(powers))
    assert loss(output, labels).item() == pytest.approx(total / 8, rel=1e-4)


def test_proxy_anchor_equals_its_definition(output: Output, labels: Tensor) -> None:
    loss = built("proxy-anchor", scale=8.0, margin=0.2)
    proxies = next(loss.parameters()).detach().double()
    rows = output.embeddings.detach().double()
    total = 0.0
    for c, proxy in enumerate(proxies):
        cosines = [(row @ proxy / row.norm() / proxy.norm()).item() for row in rows]
        own = [x for x, label in zip(cosines, labels.tolist(), strict=True) if label == c]
        others = [x for x, label in zip(cosines, labels.tolist(), strict=True) if label != c]
        total += math.log(1 + sum(math.exp(-8 * (x - 0.2)) for x in own)) / 3
        total += math.log(1 + sum(math.exp(8 * (x + 0.2)) for x in others)) / 3
    assert loss(output, labels).item() == pytest.approx(total, rel=1e-4)


def test_triplet_is_the_mean_over_semi_hard_triplets(output: Output, labels: Tensor) -> None:
    rows, names = output.embeddings.detach().double(), labels.tolist()
    penalties = []
    for i in range(8):
        for j in range(8):
            for k in range(8):
                if i != j and names[i] == names[j] and names[i] != names[k]:
                    near = (rows[i] - rows[j]).norm().item()
                    far = (rows[i] - rows[k]).norm().item()
                    if near < far < near + 0.3:
                        penalties.append(near - far + 0.3)
    assert penalties
    loss = built("triplet", margin=0.3)(output, labels)
    assert loss.item() == pytest.approx(sum(penalties) / len(penalties), rel=1e-4)


@pytest.mark.parametrize("name", LEARNT)
def test_can_be_learnt_from(name: str, output: Output, labels: Tensor) -> None:
    loss = built(name)
    before = loss(output, labels)
    (slope,) = torch.autograd.grad(before, read(output, name))
    moved = [
        None
        if rows is None
        else (rows - 0.01 * slope).detach()
        if rows is read(output, name)
        else rows.detach()
        for rows in output
    ]
    assert moved[0] is not None
    assert loss(Output(moved[0], moved[1]), labels) < before


@pytest.mark.parametrize("name", LEARNT)
def test_leaves_unlabelled_rows_out(name: str, output: Output, labels: Tensor) -> None:
    loss = built(name)
    labels[[1, 6]] = -1
    value = loss(output, labels)
    (slope,) = torch.autograd.grad(value, read(output, name))
    assert slope[[1, 6]].abs().max() == 0
    kept = labels >= 0
    assert output.logits is not None
    few = Output(output.embeddings[kept], output.logits[kept])
    torch.testing.assert_close(value, loss(few, labels[kept]))


@pytest.mark.parametrize("name", LEARNT)
def test_no_labelled_row_gives_a_zero_that_still_has_a_graph(name: str, output: Output) -> None:
    value = built(name)(output, torch.full((8,), -1))
    assert value.item() == 0.0
    (slope,) = torch.autograd.grad(value, read(output, name))
    assert slope.abs().max() == 0


def test_no_semi_hard_triplet_gives_a_zero_that_still_has_a_graph(labels: Tensor) -> None:
    rows = torch.eye(3)[labels].requires_grad_()
    value = built("triplet")(Output(rows, None), labels)
    value.backward()
    assert value.item() == 0.0
    assert rows.grad is not None and rows.grad.abs().max() == 0


@pytest.mark.parametrize("name", LEARNT)
def test_nan_is_not_hidden(name: str, output: Output, labels: Tensor) -> None:
    read(output, name).data[0, 0] = float("nan")
    assert built(name)(output, labels).isnan()


@pytest.mark.parametrize("name", LEARNT)
def test_half_precision_is_computed_in_float32_under_autocast(
    name: str, output: Output, labels: Tensor
) -> None:
    assert output.logits is not None
    half = Output(output.embeddings.bfloat16(), output.logits.bfloat16())
    loss = built(name)
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(half, labels)
    assert value.dtype == torch.float32
    assert {weight.dtype for weight in loss.parameters()} <= {torch.float32}
    expected = loss(Output(half.embeddings.float(), output.logits.bfloat16().float()), labels)
    torch.testing.assert_close(value, expected)


@pytest.mark.parametrize("name", LEARNT)
def test_rejects_labels_that_do_not_fit(name: str, output: Output, labels: Tensor) -> None:
    with pytest.raises(ValueError, match="labels must be below 3, got 3"):
        built(name)(output, labels + 1)
    with pytest.raises(ValueError, match=r"labels must have shape \(8,\).*got \(7,\)"):
        built(name)(output, labels[:7])


def test_cross_entropy_rejects_a_stream_without_fitting_logits(
    output: Output, labels: Tensor
) -> None:
    with pytest.raises(ValueError, match="logits for 3 classes, got none"):
        built("cross-entropy")(Output(output.embeddings, None), labels)
    with pytest.raises(ValueError, match="logits for 3 classes, got 4"):
        built("cross-entropy")(Output(output.embeddings, torch.zeros(8, 4)), labels)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "arc"}, "task.loss must be one of none, cross-entropy, .*, got 'arc'"),
        ({"loss": "arcface", "weight": 0.0}, "task.weight must be a number above 0, got 0.0"),
        ({"loss": "arcface", "scale": math.nan}, "task.scale must be a number above 0, got nan"),
        ({"loss": "arcface", "margin": 90.0}, r"task.margin must be in \[0, 90\), got 90.0"),
        ({"loss": "cosface", "margin": 28.6}, r"task.margin must be in \[0, 2\), got 28.6"),
        ({"loss": "cross-entropy", "label_smoothing": 1.0}, r"label_smoothing must be in \[0, 1\)"),
        ({"loss": "triplet", "scale": 64.0}, "task.scale has no effect on task.loss 'triplet'"),
        ({"loss": "cross-entropy", "margin": 0.1}, "task.margin has no effect on"),
        ({"loss": "arcface", "label_smoothing": 0.1}, "task.label_smoothing has no effect on"),
    ],
)
def test_refuses_settings_that_cannot_be(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TaskLossConfig(**settings)  # type: ignore[arg-type]


def test_refuses_to_build_what_has_nothing_to_learn() -> None:
    with pytest.raises(ConfigError, match=r"task\.loss is none"):
        build_task_loss(TaskLossConfig(), classes=3, width=6)
    with pytest.raises(ConfigError, match="needs at least 2 classes, got 1"):
        build_task_loss(TaskLossConfig(loss="arcface"), classes=1, width=6)
