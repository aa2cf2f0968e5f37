"""Embeddings that exist already are placed as the teacher's, person by person, row by row."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lookmore
from lookmore.checkpoint.embedded import embed_images, find_images, write_embeddings
from lookmore.checkpoint.recogniser import Recogniser
from lookmore.errors import GalleryError, TeacherError
from lookmore.search import Entries, Space, import_embeddings
from lookmore.search.imports import doubt, is_embedding_file


@pytest.fixture
def student(space: Space) -> Recogniser:
    """The student of the space, whose teacher's mean is 0.5 everywhere."""
    return lookmore.load(space.run)


@pytest.fixture
def rows() -> np.ndarray:
    """Encodings as a teacher gives them, around its mean."""
    return 0.5 + 0.2 * np.random.default_rng(0).standard_normal((4, 8))


def written(folder: Path, rows: np.ndarray, ids: list[str]) -> Path:
    np.save(folder / "known.npy", rows)
    (folder / "known.txt").write_text("\n".join(ids), encoding="utf-8")
    return folder / "known.npy"


def read(path: Path, student: Recogniser, space: Space, images: Path | None = None) -> Entries:
    return import_embeddings(path, student=student, space=space, images=images)


def test_rows_with_names_become_people(
    tmp_path: Path, student: Recogniser, space: Space, rows: np.ndarray
) -> None:
    """As face_recognition users have them: float64 encodings, a name for each, many times."""
    path = written(tmp_path, rows, ["Ann B.", "bob", "Ann B.", "bob"])
    found = read(path, student, space)
    assert found.people == ("Ann B.", "Ann B.", "bob", "bob")
    assert found.images == tuple(f"{path}#{row}" for row in (0, 2, 1, 3))
    shifted = (rows - 0.5)[[0, 2, 1, 3]]
    expected = shifted / np.linalg.norm(shifted, axis=1, keepdims=True)
    np.testing.assert_allclose(found.embeddings, expected, atol=1e-6)


def test_ids_that_are_paths_name_the_person_by_the_folder(
    tmp_path: Path, student: Recogniser, space: Space, rows: np.ndarray
) -> None:
    path = written(tmp_path, rows, ["ann/1.png", "train/bob/x/2.png", "eve.JPG", "ann/3.png"])
    found = read(path, student, space)
    assert found.people == ("ann", "ann", "bob", "eve")
    assert found.images == ("ann/1.png", "ann/3.png", "train/bob/x/2.png", "eve.JPG")


def test_ids_are_found_below_a_folder_of_images(
    tmp_path: Path, student: Recogniser, space: Space, rows: np.ndarray, photos: Path
) -> None:
    path = written(tmp_path, rows[:2], ["ann/0.png", "bob/1.png"])
    assert read(path, student, space, photos).images == (
        str(photos / "ann" / "0.png"),
        str(photos / "bob" / "1.png"),
    )
    path = written(tmp_path, rows[:1], ["nobody/0.png"])
    with pytest.raises(GalleryError, match=r"the image 'nobody/0\.png' is not in"):
        read(path, student, space, photos)


def test_parquet_may_state_the_person(
    tmp_path: Path, student: Recogniser, space: Space, rows: np.ndarray
) -> None:
    columns = {"id": ["a1", "b1", "a2"], "person": ["ann", "bob", "ann"]}
    path = tmp_path / "known.parquet"
    pq.write_table(pa.table({**columns, "embedding": rows[:3].tolist()}), path)
    assert read(path, student, space).people == ("ann", "ann", "bob")
    columns["label"] = columns.pop("person")
    pq.write_table(pa.table({**columns, "embedding": rows[:3].tolist()}), path)
    assert read(path, student, space).people == ("ann", "ann", "bob")
    columns = {"id": ["eve/1", "b1", "a2"], "person": ["", "7", "7"]}
    pq.write_table(pa.table({**columns, "embedding": rows[:3].tolist()}), path)
    assert read(path, student, space).people == ("7", "7", "eve")


def test_what_embed_wrote_goes_to_the_gallery_of_that_network_only(
    tmp_path: Path, student: Recogniser, space: Space, photos: Path, make_run: Callable[..., Path]
) -> None:
    path = tmp_path / "e.parquet"
    embedded = embed_images(
        student, find_images([photos]), report=lambda done, total, note="": None
    )
    write_embeddings(path, embedded, recogniser=student)
    own = Space.of(student, through="student")
    found = read(path, student, own)
    assert set(found.people) == {"ann", "bob", "eve"}
    np.testing.assert_allclose(
        found.embeddings, student.embed(sorted(photos.glob("*/*.png"))), atol=1e-6
    )
    with pytest.raises(GalleryError, match=r"was made by this run's student, .*--through student"):
        read(path, student, space)
    other = lookmore.load(make_run("other"))
    with pytest.raises(GalleryError, match="was made by another network"):
        read(path, other, Space.of(other, through="student"))


def test_a_students_embeddings_are_not_placed_again(
    tmp_path: Path, student: Recogniser, rows: np.ndarray
) -> None:
    space = Space.of(student, through="student")
    path = written(tmp_path, rows, list("abcd"))
    expected = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(read(path, student, space).embeddings, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[:, :7], "width 7, the teacher dlib-face makes 8: .* another network's"),
        (lambda rows: rows[:3], "one embedding for each id, got 4 ids"),
        (lambda rows: np.where(rows == rows[1], np.nan, rows), "not finite"),
        (lambda rows: rows.astype(int), "must hold floating point numbers"),
    ],
)
def test_what_cannot_be_theirs_is_refused(
    tmp_path: Path,
    student: Recogniser,
    space: Space,
    rows: np.ndarray,
    change: object,
    message: str,
) -> None:
    path = written(tmp_path, change(rows), list("abcd"))  # type: ignore[operator]
    with pytest.raises((GalleryError, TeacherError), match=message):
        read(path, student, space)


@pytest.mark.parametrize("stated", ["[", "5", '{"weights_sha256": ["x"]}'])
def test_a_file_of_unclear_origin_is_refused(
    tmp_path: Path, student: Recogniser, space: Space, stated: str
) -> None:
    table = pa.table({"id": ["ann"], "embedding": [[0.5] * 8]})
    path = tmp_path / "known.parquet"
    pq.write_table(table.replace_schema_metadata({b"lookmore": stated.encode()}), path)
    with pytest.raises(TeacherError, match="does not say clearly which network made it: embed"):
        read(path, student, space)


def test_a_pickle_is_not_opened(tmp_path: Path, student: Recogniser, space: Space) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    np.save(tmp_path / "known.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    (tmp_path / "known.json").write_text(json.dumps(["ann"]))
    with pytest.raises(TeacherError, match="cannot read"):
        read(tmp_path / "known.npy", student, space)
    assert not (tmp_path / "sprung").exists()


def test_a_teachers_own_embeddings_raise_no_doubt(
    tmp_path: Path, student: Recogniser, rows: np.ndarray
) -> None:
    assert doubt(written(tmp_path, rows, list("abcd")), student=student) == ""
    assert doubt(written(tmp_path, rows[:1], ["a"]), student=student) == ""


def test_rows_scaled_to_length_one_or_of_another_network_raise_doubt(
    tmp_path: Path, student: Recogniser, rows: np.ndarray
) -> None:
    scaled = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    foreign = np.random.default_rng(1).standard_normal((200, 8))
    for wrong in (scaled, foreign):
        path = written(tmp_path, wrong, [f"p{row}" for row in range(len(wrong))])
        assert "does not look like embeddings of this run's teacher" in doubt(path, student=student)


def test_a_manifest_is_no_file_of_embeddings(tmp_path: Path, rows: np.ndarray) -> None:
    pq.write_table(pa.table({"path": ["a.png"], "label": ["ann"]}), tmp_path / "list.parquet")
    pq.write_table(pa.table({"id": ["a"], "embedding": [[1.0]]}), tmp_path / "known.parquet")
    assert not is_embedding_file(tmp_path / "list.parquet")
    assert is_embedding_file(tmp_path / "known.parquet")
    assert is_embedding_file(written(tmp_path, rows, list("abcd")))
    assert not is_embedding_file(tmp_path)
