"""Checkpoints: bit for bit there and back; damage, other versions and full disks named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lookmore.checkpoint.checkpoint import (
    FACTS_NAME,
    WEIGHTS_NAME,
    Checkpoint,
    load_checkpoint,
    read_facts,
    save_checkpoint,
)
from lookmore.errors import CheckpointError
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers.space import GuideSpace


@pytest.fixture
def checkpoint() -> Checkpoint:
    stream = build_stream(
        StreamConfig(backbone="nano", order="bgr", mean=(0.1, 0.2, 0.3)),
        side=12,
        width=16,
        classes=3,
    )
    return Checkpoint(
        stream=stream.eval(),
        guide_space=GuideSpace(mean=torch.linspace(-1, 1, 16)),
        facts={"role": "student"},
    )


def test_comes_back_bit_for_bit(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, checkpoint)
    found = load_checkpoint(tmp_path)
    expected = checkpoint.stream.state_dict()
    assert expected.keys() == found.stream.state_dict().keys()
    assert all(torch.equal(expected[k], v) for k, v in found.stream.state_dict().items())
    assert torch.equal(found.guide_space.mean, checkpoint.guide_space.mean)
    assert found.facts["role"] == "student"
    images = torch.rand(2, 3, 12, 12)
    assert torch.equal(found.stream.embed(images), checkpoint.stream.embed(images))
    assert not found.stream.training


def test_a_whitened_space_comes_back_and_one_without_stays_without(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    plain = checkpoint.guide_space
    assert plain.whitening is None
    white = GuideSpace(mean=plain.mean, whitening=torch.rand(3, 16))
    for space in (white, plain):
        save_checkpoint(tmp_path, replace(checkpoint, guide_space=space))
        assert load_checkpoint(tmp_path).guide_space.fingerprint == space.fingerprint


def test_an_unfinished_stage_has_no_facts(tmp_path: Path) -> None:
    assert read_facts(tmp_path) is None
    with pytest.raises(CheckpointError, match="no finished checkpoint"):
        load_checkpoint(tmp_path)


def test_another_format_is_refused_by_name(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, checkpoint)
    path = tmp_path / FACTS_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(CheckpointError, match="has format 99, this lookmore reads format 1"):
        load_checkpoint(tmp_path)


def test_damaged_weights_are_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, checkpoint)
    path = tmp_path / WEIGHTS_NAME
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="is damaged"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"'])
def test_damaged_facts_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / FACTS_NAME).write_text(text)
    with pytest.raises(CheckpointError):
        read_facts(tmp_path)


def test_a_full_disk_leaves_the_old_checkpoint(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, checkpoint)
    before = (tmp_path / WEIGHTS_NAME).read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    changed = Checkpoint(
        stream=checkpoint.stream,
        guide_space=GuideSpace(mean=checkpoint.guide_space.mean + 1),
        facts=checkpoint.facts,
    )
    with pytest.raises(CheckpointError, match="No space left on device; free some space"):
        save_checkpoint(tmp_path, changed)
    assert (tmp_path / WEIGHTS_NAME).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [FACTS_NAME, WEIGHTS_NAME]
