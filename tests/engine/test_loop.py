"""train_stage: learns, resumes to the same bits, names a term that is not finite."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lookmore.engine.objective import StageObjective
from lookmore.errors import CheckpointError, TrainingError

Train = Callable[..., tuple[StageObjective, bool]]


def log_lines(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_the_objective_falls(train: Train, tmp_path: Path, optimizer: str) -> None:
    train(epochs=30, dropout=0.0, optimizer=optimizer)
    totals = [float(line["total"]) for line in log_lines(tmp_path / "stage")]
    assert len(totals) == 30
    assert totals[-1] < 0.2 * totals[0]


@pytest.mark.parametrize(
    ("cut", "optimizer"), [(1, "adamw"), (2, "adamw"), (5, "adamw"), (3, "muon")]
)
def test_resuming_after_any_step_gives_the_same_bits(
    train: Train, tmp_path: Path, cut: int, optimizer: str
) -> None:
    whole, _ = train(folder="whole", optimizer=optimizer)
    _, finished = train(folder="cut", stop_after_steps=cut, optimizer=optimizer)
    assert not finished
    again, finished = train(folder="cut", optimizer=optimizer)
    assert finished
    expected, found = whole.learner.state_dict(), again.learner.state_dict()
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    columns = ("epoch", "total", "angle/teacher_to_student")
    assert [[line[c] for c in columns] for line in log_lines(tmp_path / "whole")] == [
        [line[c] for c in columns] for line in log_lines(tmp_path / "cut")
    ]


def test_the_bits_do_depend_on_the_optimizer_state(train: Train, tmp_path: Path) -> None:
    """The test above can fail: without the moments, a resumed run goes elsewhere."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    whole, _ = train(folder="whole")
    train(folder="cut", stop_after_steps=5)
    path = tmp_path / "cut" / "resume.safetensors"
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name in tensors:
        if "exp_avg" in name:
            tensors[name] = torch.zeros_like(tensors[name])
    save_file(tensors, path, metadata=metadata)
    again, _ = train(folder="cut")
    name = "head.0.weight"
    assert not torch.equal(whole.learner.state_dict()[name], again.learner.state_dict()[name])


def test_keeps_the_averaged_weights(train: Train) -> None:
    averaged, _ = train(folder="averaged", average=0.9)
    plain, _ = train(folder="plain", average=0.0)
    name = "head.0.weight"
    assert not torch.equal(averaged.learner.state_dict()[name], plain.learner.state_dict()[name])


def test_refuses_a_state_of_other_settings(train: Train) -> None:
    train(stop_after_steps=2)
    with pytest.raises(CheckpointError, match=r"begun with other settings.*--restart"):
        train(key="another")


def test_a_term_that_is_not_finite_stops_with_its_name_and_keeps_the_last_state(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(stop_after_steps=2)
    path = tmp_path / "stage" / "resume.safetensors"
    before = path.read_bytes()
    from lookmore.losses import HybridOrder

    def broken(self: HybridOrder, **streams: torch.Tensor) -> dict[str, torch.Tensor]:
        return {
            "individual": streams["student"].sum(),
            "angle": streams["student"].sum() * float("nan"),
        }

    monkeypatch.setattr(HybridOrder, "terms", broken)
    with pytest.raises(TrainingError, match="angle/teacher_to_student became nan at step 3"):
        train()
    assert path.read_bytes() == before


def test_a_full_disk_keeps_the_last_state_and_says_so(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(stop_after_steps=2)
    path = tmp_path / "stage" / "resume.safetensors"
    before = path.read_bytes()

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lookmore.engine.state.save_file", full)
    with pytest.raises(CheckpointError, match=r"No space left on device.*run the same command"):
        train()
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("stage/*.part"))


def test_weights_that_are_not_finite_never_replace_a_good_state(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finite loss whose gradient is not: the loss alone would notice one save too late."""
    train(stop_after_steps=2)
    path = tmp_path / "stage" / "resume.safetensors"
    before = path.read_bytes()
    step = torch.optim.AdamW.step

    def poisoned(self: torch.optim.AdamW, *args: object) -> None:
        step(self)
        with torch.no_grad():
            self.param_groups[0]["params"][0].fill_(float("nan"))

    monkeypatch.setattr(torch.optim.AdamW, "step", poisoned)
    with pytest.raises(TrainingError, match="are no longer finite after step 3"):
        train()
    assert path.read_bytes() == before
