"""lookmore.load: any picture in, the same embedding whatever its wrapping."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import lookmore
from lookmore.checkpoint.checkpoint import Checkpoint, save_checkpoint
from lookmore.data.pack import Pack
from lookmore.errors import CheckpointError, UnreadableImageError
from lookmore.evaluate.probes import make_probes
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig


@pytest.fixture
def run(tmp_path: Path) -> Path:
    stream = build_stream(StreamConfig(backbone="nano"), side=16, width=8, classes=2).eval()
    facts = {"role": "student", "recipe": {"data": {"fit": "crop"}}, "class_names": ["a", "b"]}
    save_checkpoint(
        tmp_path / "run" / "student",
        Checkpoint(stream=stream, guide_mean=torch.full((8,), 0.5), facts=facts),
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
    expected = student.stream.embed(probe).numpy()
    assert np.array_equal(student.embed([sharp.transpose(1, 2, 0)]), expected)


def test_a_smaller_image_is_enlarged_as_the_stream_does(run: Path) -> None:
    small = np.random.default_rng(2).integers(0, 256, size=(9, 9, 3), dtype=np.uint8)
    student = lookmore.load(run)
    probe = torch.from_numpy(small).permute(2, 0, 1)[None].float() / 255
    np.testing.assert_allclose(
        student.embed([small]), student.stream.embed(probe).numpy(), atol=1e-6
    )
