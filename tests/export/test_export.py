"""An exported file says what its run says, of any image, with nothing beside it; or is not there.

The oracle runs torch on pixels that Pillow resized; the file runs in onnxruntime.
"""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

import lookmore
from lookmore.checkpoint.checkpoint import load_checkpoint
from lookmore.checkpoint.thresholds import Threshold, write_thresholds
from lookmore.errors import CheckpointError, ConfigError, ExportError, MissingExtraError
from lookmore.export import export as module
from lookmore.export.export import export
from lookmore.export.graph import stream_graph, with_preprocessing
from lookmore.streams.stream import Stream

from .conftest import Given, photographs, quiet

SIDES = (4, 8, 11, 12, 13, 30, 112)


def pictures(side: int) -> list[np.ndarray]:
    """Noise, a gradient, and a flat picture."""
    noise = np.random.default_rng(side).integers(0, 256, size=(side, side, 3), dtype=np.uint8)
    slope = np.linspace(0, 255, side).astype(np.uint8)
    gradient = np.stack(np.broadcast_arrays(slope[:, None], slope[None], 255 - slope[:, None]), 2)
    return [noise, gradient.astype(np.uint8), np.full((side, side, 3), 77, np.uint8)]


def by_pillow(picture: np.ndarray, side: int) -> np.ndarray:
    """The picture at another side, by a library that shares no line with ours."""
    planes = [
        Image.fromarray(picture[..., colour].astype(np.float32)).resize(
            (side, side), Image.Resampling.BICUBIC
        )
        for colour in range(3)
    ]  # of floats, as Pillow rounds bytes twice
    return np.stack([np.asarray(plane) for plane in planes], axis=2).clip(0, 255).round()


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("side", SIDES)
def test_torch_and_onnxruntime_agree_on_every_size_and_wrapping(
    given: Given, side: int, tmp_path: Path
) -> None:
    images: list[object] = []
    for number, picture in enumerate(pictures(side)):
        path = tmp_path / f"{number}.png"
        Image.fromarray(picture).save(path)
        images += [picture, Image.fromarray(picture), path, path.read_bytes()]
    run, file = lookmore.load(given.run), lookmore.load(given.fp32.path)
    expected = run.embed(images)
    found = file.embed(images)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(found.reshape(3, 4, -1).std(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(file.classify(images), run.classify(images), atol=1e-5)


@pytest.mark.parametrize("side", SIDES)
def test_the_graph_alone_resizes_as_pillow_does(given: Given, side: int) -> None:
    raw = np.stack(pictures(side))
    small = np.stack([by_pillow(picture, 12) for picture in raw])
    stream = load_checkpoint(given.run / "student").stream
    expected = stream.embed(torch.from_numpy(small).permute(0, 3, 1, 2).float() / 255).numpy()
    (found,) = session(given.fp32.path).run(["embeddings"], {"images": raw})
    np.testing.assert_allclose(found, expected, atol=3e-2)  # levels may tip, by one of 256
    assert (found * expected).sum(axis=1).min() > 0.999


def test_any_number_of_images_fits(given: Given) -> None:
    images = np.stack(pictures(12))
    one = session(given.fp32.path)
    (together,) = one.run(["embeddings"], {"images": images})
    (alone,) = one.run(["embeddings"], {"images": images[2:]})
    assert [value.shape for value in one.get_outputs()] == [
        ["batch", 16],
        ["batch", 10],
        ["batch"],
    ]
    np.testing.assert_allclose(together[2:], alone, atol=1e-6)


def test_a_file_tells_the_recognisability_that_its_run_tells(given: Given) -> None:
    images = [picture for side in SIDES for picture in pictures(side)]
    expected = lookmore.load(given.run).recognisability(images)
    assert expected.std() > 1e-4  # a run of two steps hardly tells images apart
    found = lookmore.load(given.fp32.path).recognisability(images)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    rounded = lookmore.load(given.int8.path).recognisability(images)
    assert np.abs(rounded - expected).mean() < 0.05
    assert "output `recognisability`" in (given.fp32.path.parent / "card.md").read_text()


def test_a_file_needs_nothing_beside_it(given: Given, tmp_path: Path) -> None:
    shutil.copy(given.fp32.path, tmp_path / "renamed.onnx")
    file, run = lookmore.load(tmp_path / "renamed.onnx"), lookmore.load(given.run)
    assert (file.side, file.width, file.class_names) == (run.side, run.width, run.class_names)
    assert file.guide_space.fingerprint == run.guide_space.fingerprint
    assert file.facts["weights_sha256"] == run.facts["weights_sha256"]
    assert file.facts["teacher"] == run.facts["teacher"]
    assert [path.name for path in tmp_path.iterdir()] == ["renamed.onnx"]
    rows = np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)
    np.testing.assert_allclose(file.place(rows), run.place(rows), atol=1e-7)


def test_a_file_tells_nothing_of_where_it_was_made(given: Given) -> None:
    for path in (given.fp32.path, given.int8.path):
        data = path.read_bytes()
        for word in (str(given.run.parents[1]), "site-packages", "stack_trace", str(Path.home())):
            assert word.encode() not in data


def test_eight_bits_are_a_third_of_the_size_and_recognise_alike(given: Given) -> None:
    assert given.int8.size < given.fp32.size / 3
    assert given.int8.size == given.int8.path.stat().st_size
    images = [picture for side in (12, 30) for picture in pictures(side)]
    exact = lookmore.load(given.fp32.path).embed(images)
    rounded = lookmore.load(given.int8.path).embed(images)
    assert (exact * rounded).sum(axis=1).min() > 0.9
    assert not np.allclose(exact, rounded, atol=1e-6)


def test_eight_bits_say_the_same_on_any_processor(given: Given) -> None:
    """Without its optimiser onnxruntime computes the same file in float: nothing saturates."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    plain = onnxruntime.InferenceSession(
        given.int8.path, options, providers=["CPUExecutionProvider"]
    )
    images = {"images": np.stack(pictures(12))}
    (floats,) = plain.run(["embeddings"], images)
    (integers,) = session(given.int8.path).run(["embeddings"], images)
    assert (floats * integers).sum(axis=1).min() > 0.99


def test_what_was_compared_is_told_and_kept_in_the_file(given: Given) -> None:
    names = {found.what for found in given.int8.findings}
    assert len(names) == 6 and "another class" in names
    assert {found.side for found in given.int8.findings} == {8, 12}
    assert all(found.holds for found in given.int8.findings)
    assert given.int8.looked_at == "validation"
    kept = lookmore.load(given.int8.path).facts["parity"]["findings"]
    assert kept == [[found.what, found.side, found.told[0]] for found in given.int8.findings]


def weaken(model: onnx.ModelProto) -> None:
    """Mix up the weights of the layer that makes embeddings."""
    (last,) = (t for t in model.graph.initializer if list(t.dims) == [16, 64])
    values = onnx.numpy_helper.to_array(last)
    last.CopyFrom(onnx.numpy_helper.from_array(np.roll(values, 3, axis=0), last.name))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("int8", [False, True])
def test_a_file_that_recognises_differently_is_never_written(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, int8: bool
) -> None:
    def spoilt(model: onnx.ModelProto, *, side: int) -> onnx.ModelProto:
        found = with_preprocessing(model, side=side)
        weaken(found)
        return found

    monkeypatch.setattr(module, "with_preprocessing", spoilt)
    monkeypatch.setattr(module, "quantised", lambda model, pixels: model)
    with pytest.raises(ExportError, match=r"would not recognise as the run does \(cosine"):
        export(given.run, int8=int8, out=tmp_path / "student.onnx", reporter=quiet)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick")
def test_thresholds_travel_with_the_file_and_decide(given: Given, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(given.run, run)
    known = Threshold(
        far=1e-2, probe_side=12, gallery="same side", threshold=0.25, low=0.2, high=0.3,
        realised_far=9.9e-3, impostor_pairs=1234, genuine_pairs=56, tar=0.7,
        degradation="bicubic", selected_on="validation",
    )  # fmt: skip
    digest = lookmore.load(run).facts["weights_sha256"]
    write_thresholds(run / "student", [known], weights_sha256=digest)
    found = export(run, reporter=quiet)
    file, whole = lookmore.load(found.path), lookmore.load(run)
    assert file.thresholds == (known,)
    first, second = pictures(12)[:2]
    ours, theirs = whole.compare(first, second), file.compare(first, second)
    assert theirs.similarity == pytest.approx(ours.similarity, abs=1e-5)
    assert (theirs.same, theirs.far, theirs.probe_side) == (ours.same, 0.01, 12)
    assert "false accepts at FAR 0.01 (bicubic)" in {one.what for one in found.findings}
    assert "| 12 px, bicubic | same side | 0.01 | 0.250 (0.200 to 0.300) |" in (
        found.card.read_text(encoding="utf-8")
    )


@pytest.mark.usefixtures("quick")
def test_a_file_with_older_thresholds_is_marked_in_the_card(given: Given, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(given.run, run)
    digest = lookmore.load(run).facts["weights_sha256"]
    known = Threshold(
        far=0.1, probe_side=12, gallery="teacher", threshold=0.25, low=0.2, high=0.3,
        realised_far=0.1, impostor_pairs=1234, genuine_pairs=56, tar=0.7,
        degradation="bicubic", selected_on="validation",
    )  # fmt: skip
    write_thresholds(run / "student", [known], weights_sha256=digest)
    card = export(run, int8=True, reporter=quiet).card.read_text(encoding="utf-8")
    lines = {line.split("`")[1]: line for line in card.splitlines() if line.startswith("| `stu")}
    assert "other thresholds than below" in lines["student.onnx"]
    assert "other thresholds than below" not in lines["student-int8.onnx"]


@pytest.mark.usefixtures("quick")
def test_a_run_without_validation_is_compared_on_training_images(
    given: Given, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened = module.open_trained_material

    def without(*args: object, **named: object) -> object:
        return opened(*args, **named)._replace(validation=np.zeros(0, np.int64))

    monkeypatch.setattr(module, "open_trained_material", without)
    found = export(given.run, out=tmp_path / "x.onnx", reporter=quiet)
    assert found.looked_at == "training"


@pytest.mark.usefixtures("quick")
def test_test_images_are_never_looked_at(
    given: Given, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looked: set[int] = set()
    make = module.make_probes

    def watched(pack: object, rows: np.ndarray, **named: object) -> torch.Tensor:
        looked.update(rows.tolist())
        splits.update(pack.splits[rows])
        return make(pack, rows, **named)

    splits: set[str] = set()
    monkeypatch.setattr(module, "make_probes", watched)
    export(given.run, int8=True, out=tmp_path / "x.onnx", reporter=quiet)
    assert looked and splits == {"train", "val"}


def test_a_name_that_is_no_onnx_is_refused(given: Given, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--out must end in \.onnx"):
        export(given.run, out=tmp_path / "student.tflite", reporter=quiet)


def test_other_images_than_the_runs_are_refused(given: Given, tmp_path: Path) -> None:
    others = photographs(tmp_path / "photographs")
    shutil.rmtree(others / "class3")
    with pytest.raises(CheckpointError, match="no longer those it was trained on"):
        export(
            given.run, out=tmp_path / "x.onnx", overrides=[f"data.root={others}"], reporter=quiet
        )
    assert not (tmp_path / "x.onnx").exists()


class Undecided(torch.nn.Module):
    """A network whose way depends on what it sees, which no graph can hold."""

    features_width = 4

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Look at the sum first."""
        kept = images[:, :1, 0, 0]
        return (kept if float(images.sum()) > 0 else -kept).expand(-1, 4)


def test_a_network_that_no_graph_can_hold_is_named() -> None:
    stream = Stream(backbone=Undecided(), width=3, side=8, backbone_name="timm:undecided").eval()
    with pytest.raises(ExportError, match=r"'timm:undecided' cannot be written as ONNX: .+") as why:
        stream_graph(stream)
    assert "\n" not in str(why.value)


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_a_missing_package_is_named(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"'{package}'.*pip install 'lookmore\[export\]'"):
        export(given.run, out=tmp_path / "x.onnx", reporter=quiet)


def test_the_card_names_files_sizes_hashes_and_origin(given: Given) -> None:
    card = given.int8.card.read_text(encoding="utf-8")
    for found in (given.fp32, given.int8):
        data = found.path.read_bytes()
        assert f"`{found.path.name}`" in card
        assert hashlib.sha256(data).hexdigest() in card
        assert f"{len(data):,}" in card
    for word in ("## Licences", "## Use, and not", "lookmore calibrate", "seed | 0 |", "logits"):
        assert word in card
    assert str(given.run.parent) not in card
