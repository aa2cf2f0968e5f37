"""file:PATH: gives back the stored embedding of each id, and never pretends to see."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from lookmore.errors import TeacherError
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.embedding_file import EmbeddingFile, open_embedding_file

IDS = ["a/1.jpg", "a/2.jpg", "b/1.jpg"]
ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def opened(path: Path) -> EmbeddingFile:
    return open_embedding_file(TeacherConfig(name=f"file:{path}"))


def parquet(folder: Path, **columns: object) -> Path:
    path = folder / "embeddings.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def npy(folder: Path, ids: list[str], *, suffix: str = ".txt", rows: np.ndarray = ROWS) -> Path:
    text = json.dumps(ids) if suffix == ".json" else "\n".join(ids) + "\n"
    (folder / f"embeddings{suffix}").write_text(text)
    np.save(folder / "embeddings.npy", rows)
    return folder / "embeddings.npy"


@pytest.fixture(params=["parquet", ".txt", ".json"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "parquet":
        return parquet(tmp_path, id=IDS, embedding=ROWS.tolist())
    return npy(tmp_path, IDS, suffix=request.param)


def test_finds_embeddings_by_id(path: Path) -> None:
    teacher = opened(path)
    assert teacher.width == 2
    found = teacher.embed_ids(["b/1.jpg", "a/1.jpg", "b/1.jpg"])
    assert torch.equal(found, torch.tensor([[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]))


def test_reads_lists_of_fixed_size(tmp_path: Path) -> None:
    rows = pa.FixedSizeListArray.from_arrays(pa.array(ROWS.ravel(), pa.float32()), 2)
    teacher = opened(parquet(tmp_path, id=IDS, embedding=rows, score=[1, 2, 3]))
    assert torch.equal(teacher.embed_ids(IDS), torch.from_numpy(ROWS).float())


def test_the_fingerprint_sees_embeddings_and_ids(tmp_path: Path) -> None:
    first = opened(npy(tmp_path, IDS)).fingerprint
    assert opened(npy(tmp_path, IDS)).fingerprint == first
    assert opened(npy(tmp_path, IDS[::-1])).fingerprint != first
    assert opened(npy(tmp_path, IDS, rows=ROWS + 1)).fingerprint != first


def test_cannot_look_at_an_image(path: Path) -> None:
    with pytest.raises(TeacherError, match=r"cannot see images.*set views\.count=1"):
        opened(path).embed(torch.zeros(2, 3, 8, 8))


def test_names_the_ids_it_does_not_hold(path: Path) -> None:
    with pytest.raises(TeacherError, match=r"no embedding of 1 of 2 images, first \['c/9\.jpg'\]"):
        opened(path).embed_ids(["a/1.jpg", "c/9.jpg"])


@pytest.mark.parametrize(
    ("ids", "rows", "message"),
    [
        (["a", "b"], ROWS, r"got 2 ids and embeddings of shape \(3, 2\)"),
        (["a", "b", "a"], ROWS, "holds the id 'a' more than once"),
        (["a", "b", "c"], ROWS + np.array([[0], [np.nan], [0]]), "not finite, that of 'b'"),
        (["a", "b", "c"], ROWS[:, 0], r"embeddings of shape \(3,\)"),
        (["a", "b", "c"], ROWS.astype(str), "must hold floating point numbers"),
    ],
)
def test_refuses_what_does_not_belong_together(
    tmp_path: Path, ids: list[str], rows: np.ndarray, message: str
) -> None:
    with pytest.raises(TeacherError, match=message):
        opened(npy(tmp_path, ids, rows=rows))


def test_refuses_parquet_of_another_form(tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match="columns id and embedding"):
        opened(parquet(tmp_path, id=IDS, vector=ROWS.tolist()))
    with pytest.raises(TeacherError, match="lists of numbers of equal length"):
        opened(parquet(tmp_path, id=IDS, embedding=[[1.0], [1.0, 2.0], [3.0]]))
    with pytest.raises(TeacherError, match="lists of numbers of equal length"):
        opened(parquet(tmp_path, id=IDS, embedding=[[1.0, 2.0], None, [3.0, 4.0]]))
    with pytest.raises(TeacherError, match="lists of numbers of equal length"):
        opened(parquet(tmp_path, id=IDS, embedding=["1", "2", "3"]))
    with pytest.raises(TeacherError, match="lists of numbers of equal length"):
        opened(parquet(tmp_path, id=IDS[:0], embedding=ROWS[:0].tolist()))


def test_never_runs_what_a_file_holds(tmp_path: Path) -> None:
    path = npy(tmp_path, IDS)
    np.save(path, np.array([print, print, print], dtype=object), allow_pickle=True)
    with pytest.raises(TeacherError, match=r"cannot read .*allow_pickle=False"):
        opened(path)


def test_says_what_is_wrong_with_a_path(tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match=r"cannot read .*gone\.parquet"):
        opened(tmp_path / "gone.parquet")
    with pytest.raises(TeacherError, match=r"must end in \.parquet or \.npy"):
        opened(tmp_path / "embeddings.csv")
    path = npy(tmp_path, IDS)
    (tmp_path / "embeddings.txt").unlink()
    with pytest.raises(TeacherError, match=r"must lie in .*embeddings\.txt or \.json"):
        opened(path)
    (tmp_path / "embeddings.json").write_text('{"a": 1}')
    with pytest.raises(TeacherError, match="must hold a list of texts"):
        opened(path)
