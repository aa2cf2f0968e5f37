"""On disk there is the old gallery or the new one, whole, and nothing damaged is believed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from lookmore.checkpoint.checkpoint import write_whole
from lookmore.errors import CheckpointError, GalleryError
from lookmore.search import Entries, Gallery, Space, store
from lookmore.search.store import FACTS_NAME

Crowd = Callable[..., Entries]


@pytest.fixture
def folder(tmp_path: Path, space: Space, crowd: Crowd) -> Path:
    """A gallery of five people."""
    return Gallery.build(tmp_path / "g", crowd(5), space=space).path


def generation(folder: Path) -> Path:
    (found,) = folder.glob("g0*")
    return found


def test_there_are_the_pointer_and_one_generation(folder: Path, crowd: Crowd) -> None:
    Gallery.open(folder).add(crowd(1, seed=1))
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "g000002", "gallery.json"]
    names = sorted(path.name for path in generation(folder).iterdir())
    assert names == ["embeddings.npy", "images.parquet"]


def test_nothing_there_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none", tmp_path / "none" / "below"):
        with pytest.raises(GalleryError, match=r"no gallery in .*: make one with 'lookmore index'"):
            Gallery.open(path)


@pytest.mark.parametrize("name", ["embeddings.npy", "images.parquet"])
@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_file_is_named(folder: Path, name: str, damage: str) -> None:
    path = generation(folder) / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes({"cut": data[:-1], "flip": data, "empty": b""}[damage])
    with pytest.raises(GalleryError, match=f"{name} is damaged: its sha256 begins"):
        Gallery.open(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (generation(folder) / "embeddings.npy").unlink()
    with pytest.raises(GalleryError, match=r"embeddings\.npy is missing: restore"):
        Gallery.open(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 1}, "has format 1, this lookmore reads format 2"),
        ({"files": None}, "names no generation and files"),
        ({"generation": "../../elsewhere"}, "names no generation and files"),
        ({"files": {"../../secret": "0"}}, "names a file of no use"),
        ({"files": {}}, "does not hold a gallery"),
        ({"space": {}}, "must state"),
        ({"kind": "hnsw"}, "says hnsw, which its files do not"),
    ],
)
def test_a_pointer_that_makes_no_sense_is_refused(
    folder: Path, change: dict[str, object], message: str
) -> None:
    path = folder / "gallery.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(GalleryError, match=message):
        Gallery.open(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "\udcff"])
def test_a_pointer_that_is_no_json_is_refused(folder: Path, text: str) -> None:
    (folder / "gallery.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(GalleryError, match=r"gallery\.json (cannot be read|has format None)"):
        Gallery.open(folder)


def test_a_pickle_in_the_place_of_numbers_is_not_run(folder: Path, tmp_path: Path) -> None:
    """Even when its sha256 is the one stated."""

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    path = generation(folder) / "embeddings.npy"
    np.save(path, np.array([Trap()], dtype=object), allow_pickle=True)
    facts = json.loads((folder / "gallery.json").read_text())
    facts["files"]["embeddings.npy"] = store.hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "gallery.json").write_text(json.dumps(facts))
    with pytest.raises(GalleryError, match="does not hold a gallery"):
        Gallery.open(folder)
    assert not (tmp_path / "sprung").exists()


def test_a_damaged_gallery_can_be_replaced(folder: Path, space: Space, crowd: Crowd) -> None:
    (folder / "gallery.json").write_text("{")
    assert len(Gallery.build(folder, crowd(2), space=space, replace=True)) == 2
    assert len(Gallery.open(folder)) == 2


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path, space: Space, crowd: Crowd) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "ann.png").touch()
    with pytest.raises(GalleryError, match=r"holds other files, such as 'ann\.png'"):
        Gallery.build(tmp_path / "photos", crowd(1), space=space, replace=True)
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["ann.png"]


@pytest.mark.parametrize("below", ["", "faces", "a/b"])
def test_a_gallery_cannot_be_where_a_file_is(tmp_path: Path, below: str) -> None:
    (tmp_path / "ann.png").touch()
    with pytest.raises(GalleryError, match=r"ann\.png is a file: a gallery is a folder"):
        store.refuse_other_files(tmp_path / "ann.png" / below)


def test_a_full_disk_leaves_the_old_gallery(
    folder: Path, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = Gallery.open(folder)
    whole = store.write_whole

    def full(path: Path, data: bytes) -> None:
        if path.name == "images.parquet":
            raise CheckpointError(f"cannot write {path}: No space left on device")
        whole(path, data)

    monkeypatch.setattr(store, "write_whole", full)
    with pytest.raises(CheckpointError, match="No space left"):
        gallery.add(crowd(2, seed=1))
    assert gallery.people == Gallery.open(folder).people and len(gallery) == 5
    assert generation(folder).name == "g000001"


def test_a_second_writer_waits_and_then_says_so(
    folder: Path, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_LOCK_SECONDS", 0.2)
    with FileLock(folder / ".lock"), pytest.raises(GalleryError, match="another process has been"):
        Gallery.open(folder).add(crowd(1, seed=1))
    Gallery.open(folder).add(crowd(1, seed=1))


def test_a_reader_follows_a_writer_that_takes_its_generation_away(
    folder: Path, crowd: Crowd
) -> None:
    writer = Gallery.open(folder)
    done = threading.Event()
    faults: list[BaseException] = []

    def read() -> None:
        try:
            while not done.is_set():
                assert len(Gallery.open(folder)) in (5, 6)
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=read)
    thread.start()
    late = crowd(1, seed=1)
    for _ in range(20):
        writer.add(late)
        writer.remove(late.people)
    done.set()
    thread.join()
    assert not faults


WRITER = """
import sys
import numpy as np
from lookmore.search import Entries, Gallery
gallery = Gallery.open(sys.argv[1])
for turn in range(100_000):
    rows = np.random.default_rng(turn).standard_normal((2, 8))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    names = (f"turn{turn}-a", f"turn{turn}-b")
    gallery.add(Entries(people=names, images=names, embeddings=rows))
    print(len(gallery), flush=True)
"""


def test_killed_in_the_middle_of_writes_it_opens_whole(folder: Path, crowd: Crowd) -> None:
    """Each writer adds people in pairs until it is killed; what it reported as done is there."""
    random = np.random.default_rng(0)
    said = 5
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for _ in range(3):
                said = int(writer.stdout.readline())
            time.sleep(float(random.uniform(0, 0.03)))
            os.kill(writer.pid, signal.SIGKILL)
            said = int((writer.stdout.read().split() or [said])[-1])
        found = Gallery.open(folder)
        assert len(found) in (said, said + 2)
        turns = [name.partition("-")[0] for name in found.people if name.startswith("turn")]
        assert all(turns.count(turn) == 2 for turn in turns)
        # the next writer begins with the same turns: its people take the places of the old ones
        for name in found.people:
            if name.startswith("turn"):
                found.remove({name})
        assert found.people == crowd(5).people
        said = 5
    assert sorted(path.name for path in folder.iterdir())[::2] == [".lock", "gallery.json"]


@pytest.mark.parametrize("step", range(1, 7))
def test_a_write_that_stops_at_any_rename_leaves_old_or_new(
    folder: Path, crowd: Crowd, step: int
) -> None:
    """The process ends on the spot, without any clearing up, at each file operation in turn."""
    program = f"""
import os, sys
from pathlib import Path
import numpy as np
from lookmore.search import Entries, Gallery, store
gallery = Gallery.open({str(folder)!r})
left = {step}
def stopping(operation):
    def stop(*given):
        global left
        left -= 1
        if not left:
            os._exit(9)
        return operation(*given)
    return stop
store.write_whole = stopping(store.write_whole)
store._flush = stopping(store._flush)
store.shutil.rmtree = stopping(store.shutil.rmtree)
rows = np.eye(8)[:1]
gallery.add(Entries(people=("late",), images=("late",), embeddings=rows))
"""
    stopped = subprocess.run([sys.executable, "-c", program], check=False)
    assert stopped.returncode == 9
    found = Gallery.open(folder)
    assert found.people == (("late",) if step > 4 else ()) + crowd(5).people
    found.add(crowd(1, seed=2))
    assert len(Gallery.open(folder)) == len(found)
    assert len(list(folder.iterdir())) == 3


def test_a_stop_just_behind_the_last_rename_leaves_the_new_gallery(
    folder: Path, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C may fall between the rename and the return from it."""

    def interrupted(path: Path, data: bytes) -> None:
        write_whole(path, data)
        if path.name == FACTS_NAME:
            raise KeyboardInterrupt

    gallery = Gallery.open(folder)
    monkeypatch.setattr(store, "write_whole", interrupted)
    with pytest.raises(KeyboardInterrupt):
        gallery.remove({crowd(5).people[0]})
    monkeypatch.undo()
    assert Gallery.open(folder).people == crowd(5).people[1:]
    assert gallery.refresh()
    assert gallery.people == crowd(5).people[1:]
