"""lookmore doctor: a table for people, an object for programs, and 1 where something is wrong."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from lookmore.checkpoint.checkpoint import Checkpoint, save_checkpoint
from lookmore.cli.main import app
from lookmore.doctor import relations, speed
from lookmore.recipe.load import as_plain, recipe_from
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers.space import GuideSpace

RUNNER = CliRunner()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with an untrained student for 16 px, whose images are six pictures of noise."""
    photos = tmp_path / "photos"
    photos.mkdir()
    generator = torch.Generator().manual_seed(0)
    for number in range(6):
        pixels = torch.randint(0, 256, (40, 40, 3), dtype=torch.uint8, generator=generator)
        Image.fromarray(pixels.numpy()).save(photos / f"{number}.png")
    recipe = recipe_from(
        {
            "name": "try",
            "task": "metric",
            "data": {"root": str(photos), "side": 40},
            "machine": {"threads": 1},
            "teacher": {"name": "dlib-face"},
            "student": {"guides": {"teacher": 1}, "weights": {"individual": 1}},
        },
        source="test",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        stream = build_stream(StreamConfig(backbone="nano"), side=16, width=8, classes=0).eval()
    facts = {
        "role": "student",
        "recipe": as_plain(recipe),
        "class_names": [],
        "parameters": 1234,
        "versions": {"torch": "1.0"},
        "machine": "an abacus, 1 cores",
    }
    save_checkpoint(
        tmp_path / "run" / "student",
        Checkpoint(stream=stream, guide_space=GuideSpace(mean=torch.zeros(8)), facts=facts),
    )
    return tmp_path / "run"


def test_a_table_for_people_ends_with_the_number_of_notes() -> None:
    found = RUNNER.invoke(app, ["doctor", "--seconds", "0"])
    assert found.exit_code == 0, found.output
    words = found.stdout.split()
    for heading in ("Packages", "Machine", "Preprocessing:", "INTER_LINEAR"):
        assert heading in words
    assert found.stdout.splitlines()[-1].startswith("Nothing to put right, ")


def test_json_for_programs_holds_findings_speeds_and_parity(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "_BATCH", 2)
    found = RUNNER.invoke(app, ["doctor", str(run), "--seconds", "0.01", "--json"])
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["verdict"] == "fine"
    assert len(told["speeds"]) == 4
    by_name = {finding["name"]: finding for finding in told["findings"]}
    assert by_name["student"]["found"] == "16 px to 8 numbers, 1,234 parameters"
    assert by_name["versions"]["verdict"] == "note"
    assert by_name["versions"]["found"].startswith("torch 1.0 then, ")
    assert by_name["trained on"]["found"].startswith("an abacus, 1 cores; this is ")
    assert by_name["thresholds"]["found"] == "none"
    assert by_name["compared on"]["found"].startswith("6 images of ")
    pillow = next(way for way in told["parity"] if way["library"] == "Pillow")
    linear = next(way for way in told["parity"] if "INTER_LINEAR" in way["call"])
    assert pillow["cosine_worst"] > 0.99 > linear["cosine_mean"]


def test_a_fault_is_told_with_the_way_out_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relations, "gradient_error", lambda loss, device: 0.25)
    found = RUNNER.invoke(app, ["doctor", "--seconds", "0"])
    assert found.exit_code == 1
    assert "To be put right: 4" in found.stdout
    assert "angle: wrong gradient, off by 25 %. do not train here" in found.stdout
