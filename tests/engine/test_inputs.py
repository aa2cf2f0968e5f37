"""Inputs: the table on disk holds what would be made anew, and is keyed by all it depends on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lookmore.data.pack import Pack
from lookmore.data.views import ViewConfig
from lookmore.degradation import DegradationConfig
from lookmore.engine import inputs
from lookmore.engine.inputs import InputTable, LiveInputs, keep_inputs
from lookmore.errors import DataError


@pytest.fixture
def live(pack: Pack) -> LiveInputs:
    return LiveInputs(
        pack=pack,
        rows=np.array([1, 2, 5, 7, 11]),
        views=ViewConfig(count=3, blends=2, rotate_degrees=20),
        side=8,
        degradation=DegradationConfig(side=8, noise_std=(0.01, 0.1), jpeg_quality=(20, 60)),
        seed=4,
    )


def test_the_table_holds_what_would_be_made_anew(live: LiveInputs, tmp_path: Path) -> None:
    table = keep_inputs(live, folder=tmp_path)
    assert isinstance(table, InputTable)
    rows, views = np.array([11, 1, 5, 5, 7]), np.array([4, 0, 3, 2, 1])
    assert torch.equal(table.lookup(rows, views), live.lookup(rows, views))


def test_a_view_is_the_same_in_any_batch(live: LiveInputs) -> None:
    rows, views = np.array([1, 2, 5]), np.array([3, 1, 4])
    alone = [live.lookup(rows[i : i + 1], views[i : i + 1])[0] for i in range(3)]
    assert torch.equal(live.lookup(rows, views), torch.stack(alone))


def test_a_finished_table_is_opened_and_not_made_again(
    live: LiveInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_inputs(live, folder=tmp_path)
    monkeypatch.setattr(LiveInputs, "lookup", None)
    assert isinstance(keep_inputs(live, folder=tmp_path), InputTable)


def test_the_key_depends_on_everything(live: LiveInputs, pack: Pack) -> None:
    def other(**changes: object) -> str:
        settings = {
            "pack": pack, "rows": live.rows, "views": live.views, "side": live.side,
            "degradation": live.degradation, "seed": live.seed, **changes,
        }  # fmt: skip
        return LiveInputs(**settings).fingerprint()  # type: ignore[arg-type]

    assert live.degradation is not None
    keys = [
        other(),
        other(rows=np.array([1, 2, 5, 7, 10])),
        other(views=replace(live.views, rotate_degrees=21)),
        other(side=10),
        other(degradation=None),
        other(degradation=replace(live.degradation, noise_std=(0.0, 0.1))),
        other(seed=5),
        other(pack=replace(pack, keys=pack.keys + np.uint64(1))),
    ]
    assert len(set(keys)) == len(keys)
    assert other() == live.fingerprint()


def test_too_large_a_table_is_made_on_the_fly(
    live: LiveInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "_LARGEST_TABLE", live.bytes_if_kept() - 1)
    assert keep_inputs(live, folder=tmp_path) is live
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_nothing_behind(
    live: LiveInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LiveInputs, "lookup", full)
    with pytest.raises(DataError, match="disk is full"):
        keep_inputs(live, folder=tmp_path)
    assert not list(tmp_path.iterdir())
