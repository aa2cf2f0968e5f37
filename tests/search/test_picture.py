"""The picture: probes as they are, their people beside them, blue where one is accepted."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookmore.errors import CheckpointError
from lookmore.search import Answer, Match
from lookmore.search.picture import MOST, Asked, match_strip, save_matches

BLUE, RED = (0, 114, 178), (250, 0, 0)


def asked(image: object, *, similarity: float = 0.9, decides: float | None = None) -> Asked:
    """One probe with one match in a red image."""

    class Decided(Answer):
        def accepts(self, match: Match) -> bool | None:
            return None if decides is None else match.similarity >= decides

    answer = Decided(
        side=8,
        recognisability=None,
        threshold=None,
        matches=(Match("Ann $x$ with quite a long name", similarity, str(image)),),
    )
    return Asked(image=np.full((8, 8, 3), 200, np.uint8), answer=answer)


@pytest.fixture
def red(tmp_path: Path) -> Path:
    Image.new("RGB", (64, 64), RED).save(tmp_path / "red.png")
    return tmp_path / "red.png"


def pixels(asked_: list[Asked]) -> np.ndarray:
    figure = match_strip(asked_)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]


def share(image: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((np.abs(image.astype(int) - colour).max(axis=2) < 4).mean())


def test_the_match_is_shown_and_framed_only_where_accepted(red: Path) -> None:
    accepted, refused, undecided = (
        pixels([asked(red, decides=decides)]) for decides in (0.5, 0.95, None)
    )
    assert min(share(image, RED) for image in (accepted, refused, undecided)) > 0.05
    assert share(accepted, BLUE) > 0.005
    assert share(refused, BLUE) == share(undecided, BLUE) == 0


def test_images_are_made_square_as_the_student_sees_them(tmp_path: Path) -> None:
    wide = Image.new("RGB", (96, 48), (0, 160, 0))
    wide.paste(RED, (24, 0, 72, 48))  # all that a centre square would show
    wide.save(tmp_path / "wide.png")
    shares = {}
    for fit in ("crop", "pad", "squash"):
        figure = match_strip([asked(tmp_path / "wide.png")], fit=fit)
        figure.canvas.draw()
        shown = np.asarray(figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]
        shares[fit] = (share(shown, RED), share(shown, (0, 160, 0)))
    tile = shares["crop"][0]
    assert shares["crop"][1] == 0
    for fit in ("pad", "squash"):  # the whole image; where it is padded, its edges go on
        assert shares[fit] == pytest.approx((tile / 2, tile / 2), rel=0.2)


def test_an_image_that_is_no_file_is_an_empty_tile(tmp_path: Path) -> None:
    image = pixels([asked(f"{tmp_path}/known.npy#3")])
    assert share(image, (218, 220, 224)) > 0.05


def test_each_probe_has_a_row(red: Path) -> None:
    one, three = pixels([asked(red)]), pixels([asked(red)] * 3)
    assert len(three) - len(one) == 2 * 270
    assert share(three, RED) > share(one, RED)


def test_it_is_written_whole(red: Path, tmp_path: Path) -> None:
    save_matches(tmp_path / "new" / "m.png", [asked(red)])
    with Image.open(tmp_path / "new" / "m.png") as image:
        assert image.size == (1000, 422)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["m.png"]


def test_a_folder_that_cannot_be_made_is_an_error_of_one_line(red: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot make the folder"):
        save_matches(red / "m.png", [asked(red)])


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_too_few_or_too_many_are_refused(red: Path, count: int) -> None:
    with pytest.raises(ValueError, match=f"1 to {MOST} probes, got {count}"):
        match_strip([asked(red)] * count)
