"""Embedding files and folders: named, labelled, skipped and written as others can read them."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

import lookmore
from lookmore.checkpoint.checkpoint import Checkpoint, save_checkpoint
from lookmore.checkpoint.embedded import (
    Embedded,
    embed_images,
    find_images,
    read_vector,
    write_embeddings,
)
from lookmore.errors import ConfigError, DataError
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.embedding_file import open_embedding_file
from lookmore.teachers.space import GuideSpace


@pytest.fixture
def student(tmp_path: Path) -> lookmore.Recogniser:
    stream = build_stream(StreamConfig(backbone="nano"), side=8, width=4, classes=0).eval()
    facts = {"recipe": {"data": {"fit": "crop"}}, "class_names": []}
    folder = tmp_path / "student"
    save_checkpoint(
        folder, Checkpoint(stream=stream, guide_space=GuideSpace(mean=torch.zeros(4)), facts=facts)
    )
    return lookmore.load(folder)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name, shot in (("ann", 1), ("ann", 2), ("bob", 1)):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(len(name) + shot).integers(0, 256, (9, 9, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{shot}.png")
    (tmp_path / "photos" / "bob" / "broken.png").write_text("not an image")
    return tmp_path / "photos"


def embedded(student: lookmore.Recogniser, *places: Path) -> Embedded:
    return embed_images(student, find_images(places), report=lambda done, total: None)


def test_images_of_a_folder_are_called_by_their_path_below_it(photos: Path) -> None:
    found = find_images([photos, photos / "ann" / "1.png"])
    assert [image.id for image in found[:3]] == ["ann/1.png", "ann/2.png", "bob/1.png"]
    assert [image.label for image in found] == ["ann", "ann", "bob", "bob", ""]
    assert found[-1].id == str(photos / "ann" / "1.png")


def test_two_images_of_one_name_are_refused(photos: Path) -> None:
    with pytest.raises(DataError, match=r"would both be called '1\.png'"):
        find_images([photos / "ann", photos / "bob"])


def test_rows_are_those_of_embed_and_broken_images_are_listed(
    student: lookmore.Recogniser, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookmore.checkpoint.embedded._BATCH", 2)
    found = embedded(student, photos)
    paths = [photos / image.id for image in found.images]
    np.testing.assert_allclose(found.embeddings, student.embed(paths), atol=1e-6)
    assert [name for name, _ in found.unreadable] == ["bob/broken.png"]


def test_images_none_of_which_can_be_read_are_an_error(
    student: lookmore.Recogniser, photos: Path
) -> None:
    with pytest.raises(DataError, match=r"none of the 1 images can be read: .*broken\.png"):
        embedded(student, photos / "bob" / "broken.png")


@pytest.mark.parametrize("name", ["e.parquet", "e.npy"])
def test_a_file_teacher_reads_what_was_written(
    student: lookmore.Recogniser, photos: Path, tmp_path: Path, name: str
) -> None:
    found = embedded(student, photos)
    written = write_embeddings(tmp_path / name, found, recogniser=student)
    teacher = open_embedding_file(TeacherConfig(name=f"file:{tmp_path / name}"))
    assert teacher.ids == ("ann/1.png", "ann/2.png", "bob/1.png")
    assert np.array_equal(teacher.embeddings, found.embeddings)
    with written[-1].open(newline="") as file:
        assert next(csv.reader(list(file)[1:]))[0] == "bob/broken.png"


def test_a_table_has_labels_and_says_which_weights_made_it(
    student: lookmore.Recogniser, photos: Path, tmp_path: Path
) -> None:
    write_embeddings(tmp_path / "e.parquet", embedded(student, photos), recogniser=student)
    table = pq.read_table(tmp_path / "e.parquet")
    assert table["label"].to_pylist() == ["ann", "ann", "bob"]
    origin = json.loads(table.schema.metadata[b"lookmore"])
    assert origin["weights_sha256"] == student.facts["weights_sha256"]


def test_an_older_list_of_broken_images_goes(
    student: lookmore.Recogniser, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "e.parquet"
    write_embeddings(out, embedded(student, photos), recogniser=student)
    listing = tmp_path / "e.parquet.unreadable.csv"
    assert listing.exists()
    whole = embedded(student, photos / "ann")
    assert write_embeddings(out, whole, recogniser=student) == [out]
    assert not listing.exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [("e.csv", r"must end in \.parquet or \.npy"), ("nowhere/e.npy", "which is no folder")],
)
def test_a_target_that_cannot_be_is_refused(
    student: lookmore.Recogniser, photos: Path, tmp_path: Path, name: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        write_embeddings(tmp_path / name, embedded(student, photos), recogniser=student)


def test_a_vector_is_read_flat_or_as_one_row(tmp_path: Path) -> None:
    for shape in ((4,), (1, 4)):
        np.save(tmp_path / "v.npy", np.arange(4.0).reshape(shape))
        assert read_vector(tmp_path / "v.npy", width=4).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "content", [np.zeros(5), np.zeros((2, 4)), np.full(4, np.nan), np.zeros(4, int), "text"]
)
def test_anything_but_one_vector_is_refused(tmp_path: Path, content: object) -> None:
    if isinstance(content, str):
        (tmp_path / "v.npy").write_text(content)
    else:
        np.save(tmp_path / "v.npy", content)
    with pytest.raises(DataError, match=r"v\.npy"):
        read_vector(tmp_path / "v.npy", width=4)
