"""Enrolling: images go through the run's own network, prepared as in training, and none is lost."""

import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

import lookmore
from lookmore.checkpoint.checkpoint import load_checkpoint
from lookmore.errors import CheckpointError, DataError, TeacherError
from lookmore.search import list_files, list_people, open_enroller
from lookmore.search.listing import Listed


def squares(photos: Path, side: int) -> torch.Tensor:
    """The centre of each picture at a side, by Pillow alone."""
    found = []
    for path in sorted(photos.glob("*/*.png")):
        with Image.open(path) as image:
            cut = image.crop((4, 0, 44, 40)).resize((side, side), Image.Resampling.BICUBIC)
        found.append(torch.from_numpy(np.array(cut)).permute(2, 0, 1).float() / 255)
    return torch.stack(found)


def test_the_teacher_sees_sharp_squares_and_its_mean_is_taken_off(
    whole_run: Path, photos: Path
) -> None:
    found = open_enroller(whole_run).enrol(list_people(str(photos))).entries
    stream = load_checkpoint(whole_run / "teacher").stream
    with torch.inference_mode():
        raw = stream.embed(squares(photos, 32))
    expected = F.normalize(raw - 0.1, dim=1).numpy()
    np.testing.assert_allclose(found.embeddings, expected, atol=2e-2)  # two resamplers
    assert found.people == ("ann", "ann", "bob", "bob", "eve", "eve")
    assert found.images[0] == str(photos / "ann" / "0.png")


def test_the_assistant_is_already_where_the_student_is(whole_run: Path, photos: Path) -> None:
    found = open_enroller(whole_run, through="assistant").enrol(list_people(str(photos))).entries
    stream = load_checkpoint(whole_run / "assistant").stream
    with torch.inference_mode():
        expected = stream.embed(squares(photos, 32)).numpy()
    np.testing.assert_allclose(found.embeddings, expected, atol=2e-2)


def test_through_the_student_it_is_what_embed_says(whole_run: Path, photos: Path) -> None:
    listed = list_people(str(photos))
    found = open_enroller(whole_run, through="student").enrol(listed).entries
    expected = lookmore.load(whole_run).embed(list(listed.images))
    np.testing.assert_allclose(found.embeddings, expected, atol=1e-6)


def test_batches_do_not_matter(whole_run: Path, photos: Path) -> None:
    enroller = open_enroller(whole_run)
    paths = sorted(photos.glob("*/*.png")) * 7
    names = [path.with_name(f"{at}.png") for at, path in enumerate(paths)]
    for path, name in zip(paths, names, strict=True):
        if not name.exists():
            name.write_bytes(path.read_bytes())
    whole = enroller.enrol(list_files(names, person="ann")).entries
    single = [enroller.enrol(list_files([name], person="ann")).entries for name in names[:4]]
    for one, row in zip(single, whole.embeddings, strict=False):
        np.testing.assert_allclose(one.embeddings[0], row, atol=1e-5)


@pytest.mark.parametrize("through", ["teacher", "assistant", "student"])
def test_a_photograph_is_let_go_before_the_next_is_read(whole_run: Path, through: str) -> None:
    """A batch of large photographs, decoded all at once, would not fit into memory."""
    shown: list[weakref.ref[np.ndarray]] = []

    def read(at: int) -> torch.Tensor:
        assert sum(ref() is not None for ref in shown) <= 1  # the last one, until it is replaced
        photograph = np.full((3, 200, 300), at, dtype=np.uint8)
        shown.append(weakref.ref(photograph))
        return torch.from_numpy(photograph)  # whatever looks at these pixels keeps them alive

    names = tuple(f"{at}.png" for at in range(40))
    found = open_enroller(whole_run, through=through).enrol(Listed(("ann",) * 40, names, read))
    assert len(shown) == len(found.entries) == 40


def test_progress_is_told(whole_run: Path, photos: Path) -> None:
    told: list[tuple[int, int]] = []
    open_enroller(whole_run).enrol(
        list_people(str(photos)), report=lambda done, total, note="": told.append((done, total))
    )
    assert told == [(6, 6)]


def test_an_unreadable_image_is_left_out_and_listed(whole_run: Path, photos: Path) -> None:
    (photos / "bob" / "0.png").write_text("no image")
    found = open_enroller(whole_run).enrol(list_people(str(photos)), max_unreadable=0.2)
    assert found.entries.people == ("ann", "ann", "bob", "eve", "eve")
    [(name, reason)] = found.unreadable
    assert name == str(photos / "bob" / "0.png") and "not an image" in reason


def test_more_unreadable_images_than_allowed_stop_it(whole_run: Path, photos: Path) -> None:
    (photos / "bob" / "0.png").write_text("no image")
    with pytest.raises(DataError, match=r"1 of the first 6 of 6 images .*--max-unreadable"):
        open_enroller(whole_run).enrol(list_people(str(photos)))


def test_another_teacher_than_the_student_learnt_from_is_refused(whole_run: Path) -> None:
    for path in (whole_run / "assistant").iterdir():
        (whole_run / "teacher" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(TeacherError, match="the teacher trained is another today"):
        open_enroller(whole_run)


def test_another_assistant_is_refused(whole_run: Path) -> None:
    for path in (whole_run / "teacher").iterdir():
        (whole_run / "assistant" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(CheckpointError, match="is not the one that the student learnt from"):
        open_enroller(whole_run, through="assistant")


def test_a_student_alone_has_no_teacher_to_ask(whole_run: Path, tmp_path: Path) -> None:
    (whole_run / "student").rename(tmp_path / "alone")
    with pytest.raises(CheckpointError, match="is the student alone, its teacher is in its run"):
        open_enroller(tmp_path / "alone")


def test_images_without_a_folder_are_people_of_their_own_name(photos: Path) -> None:
    for path in sorted(photos.glob("*/0.png")):
        path.rename(photos.parent / f"{path.parent.name}.png")
    for path in photos.glob("*/*"):
        path.unlink()
    for folder in photos.iterdir():
        folder.rmdir()
    photos.rmdir()
    assert set(list_people(str(photos.parent)).people) == {"ann", "bob", "eve"}


def test_a_split_that_nobody_states_is_refused(photos: Path) -> None:
    with pytest.raises(DataError, match="no images of the split 'train'; it states no splits"):
        list_people(str(photos), split="train")


def test_only_a_split_is_listed(photos: Path) -> None:
    for name, folder in (("train", "ann"), ("test", "bob"), ("val", "eve")):
        (photos / name).mkdir()
        (photos / folder).rename(photos / name / folder)
    assert set(list_people(str(photos), split="test").people) == {"bob"}
