"""lookmore.load: any picture in, the same embedding whatever its wrapping."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import lookmore
from lookmore.checkpoint.checkpoint import (
    FACTS_NAME,
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from lookmore.data.pack import Pack
from lookmore.errors import CheckpointError, UnreadableImageError
from lookmore.evaluate.probes import make_probes
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers.space import GuideSpace


@pytest.fixture
def run(tmp_path: Path) -> Path:
    stream = build_stream(StreamConfig(backbone="nano"), side=16, width=8, classes=2).eval()
    facts = {"role": "student", "recipe": {"data": {"fit": "crop"}}, "class_names": ["a", "b"]}
    save_checkpoint(
        tmp_path / "run" / "student",
        Checkpoint(stream=stream, guide_space=GuideSpace(mean=torch.full((8,), 0.5)), facts=facts),
    )
    return tmp_path / "run"


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, size=(16, 16, 3), dtype=np.uint8)


def test_every_wrapping_gives_the_same_embedding(
    run: Path, picture: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "face.png"
    Image.fromarray(picture).save(path)
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "PNG")
    found = lookmore.load(run).embed(
        [picture, Image.fromarray(picture), path, str(path), data.getvalue()]
    )
    assert found.shape == (5, 8)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.repeat(found[:1], 5, axis=0), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)


def test_images_of_any_size_are_welcome(run: Path) -> None:
    images = [np.full((h, w, 3), 99, np.uint8) for h, w in ((8, 8), (112, 112), (40, 90))]
    found = lookmore.load(run).embed(images)
    np.testing.assert_allclose(found, np.repeat(found[:1], 3, axis=0), atol=1e-5)


def test_no_images_give_no_rows(run: Path) -> None:
    assert lookmore.load(run).embed([]).shape == (0, 8)


def test_a_stage_folder_opens_too(run: Path, picture: np.ndarray) -> None:
    whole, stage = lookmore.load(run), lookmore.load(run / "student")
    assert np.array_equal(whole.embed([picture]), stage.embed([picture]))


def test_a_gallery_is_placed_by_taking_the_mean_off(run: Path) -> None:
    gallery = np.full((1, 8), 0.5, np.float32)
    gallery[0, 3] = 2.5
    np.testing.assert_allclose(lookmore.load(run).place(gallery), np.eye(8)[3:4], atol=1e-6)


def test_a_gallery_of_another_width_is_refused(run: Path) -> None:
    with pytest.raises(ValueError, match=r"must be \(G, 8\), got \(2, 9\)"):
        lookmore.load(run).place(np.zeros((2, 9)))


def test_class_probabilities_sum_to_one(run: Path, picture: np.ndarray) -> None:
    found = lookmore.load(run).classify([picture, picture])
    assert found.shape == (2, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-5)


def test_a_broken_image_is_named(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.jpg"
    path.write_text("not an image")
    with pytest.raises(UnreadableImageError, match=r"broken\.jpg"):
        lookmore.load(run).embed([path])


def test_nothing_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no finished checkpoint in .*lookmore train"):
        lookmore.load(tmp_path)


def test_a_sharp_image_becomes_the_very_probe_of_a_report(run: Path) -> None:
    sharp = np.random.default_rng(1).integers(0, 256, size=(3, 112, 112), dtype=np.uint8)
    pack = Pack(
        images=sharp[None],
        keys=np.zeros(1, np.uint64),
        sizes=np.full((1, 2), 112),
        ids=("a",),
        labels=np.zeros(1, np.int64),
        class_names=("a",),
        splits=np.array(["test"]),
        unreadable=(),
    )
    student = lookmore.load(run)
    probe = make_probes(pack, np.array([0]), side=16, degradation="bicubic")
    expected = load_checkpoint(run / "student").stream.embed(probe).numpy()
    assert np.array_equal(student.embed([sharp.transpose(1, 2, 0)]), expected)


def test_a_smaller_image_is_enlarged_to_8_bits_as_training_enlarges(run: Path) -> None:
    small = np.random.default_rng(2).integers(0, 256, size=(9, 9, 3), dtype=np.uint8)
    seen = lookmore.load(run).see(small)
    images = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255
    larger = torch.nn.functional.interpolate(images, size=(16, 16), mode="bicubic", antialias=True)
    levels = (larger.clamp(0, 1) * 255).round().to(torch.uint8)[0].permute(1, 2, 0).numpy()
    assert seen.side == 9
    assert np.abs(seen.pixels.astype(int) - levels).max() <= 1  # a last digit may tip a rounding
    assert (seen.pixels == levels).mean() > 0.99


@pytest.mark.parametrize(("fit", "side"), [("crop", 10), ("squash", 100), ("pad", 100)])
def test_no_side_of_a_long_image_loses_detail_before_its_time(
    run: Path, fit: str, side: int
) -> None:
    facts = run / "student" / FACTS_NAME
    found = json.loads(facts.read_text())
    facts.write_text(json.dumps({**found, "recipe": {"data": {"fit": fit}}}))
    assert lookmore.load(run).see(np.zeros((100, 10, 3), np.uint8)).side == side


def test_a_strip_is_never_padded_to_a_square_of_its_length(run: Path) -> None:
    facts = run / "student" / FACTS_NAME
    found = json.loads(facts.read_text())
    facts.write_text(json.dumps({**found, "recipe": {"data": {"fit": "pad"}}}))
    assert lookmore.load(run).see(np.zeros((50_000, 1, 3), np.uint8)).side == 50_000


def test_a_large_photograph_is_seen_as_pillow_shrinks_it(run: Path) -> None:
    coarse = np.random.default_rng(3).integers(0, 256, size=(24, 32, 3), dtype=np.uint8)
    photograph = Image.fromarray(coarse).resize((2400, 1800), Image.Resampling.BICUBIC)
    centre = photograph.crop((300, 0, 2100, 1800)).resize((16, 16), Image.Resampling.BICUBIC)
    seen = lookmore.load(run).see(photograph)
    assert seen.side == 1800
    assert np.abs(seen.pixels.astype(int) - np.asarray(centre)).max() <= 4  # shrunk in two steps


def test_pixels_of_another_side_are_refused(run: Path) -> None:
    with pytest.raises(ValueError, match=r"must be \(B, 16, 16, 3\) uint8, got \(1, 8, 8, 3\)"):
        lookmore.load(run).answer(np.zeros((1, 8, 8, 3), np.uint8))


def test_a_student_without_classes_names_none_and_scores_none(tmp_path: Path) -> None:
    stream = build_stream(StreamConfig(backbone="nano"), side=16, width=8, classes=0).eval()
    facts = {"recipe": {"data": {"fit": "crop"}}, "class_names": ["ann", "bob"]}
    save_checkpoint(
        tmp_path,
        Checkpoint(stream=stream, guide_space=GuideSpace(mean=torch.zeros(8)), facts=facts),
    )
    student = lookmore.load(tmp_path)
    assert student.class_names == ()
    with pytest.raises(CheckpointError, match="has no class scores"):
        student.classify([np.zeros((16, 16, 3), np.uint8)])
