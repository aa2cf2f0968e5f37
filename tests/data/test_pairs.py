"""read_pairs: LFW's format line by line; a malformed line is named by its number."""

from pathlib import Path

import pytest

from lookmore.data.pairs import Pairs, pair_rows, read_pairs
from lookmore.errors import DataError


def write(folder: Path, *lines: str) -> Path:
    path = folder / "pairs.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Pairs:
    # The first lines are those of LFW's own pairs.txt, the others invented.
    return read_pairs(
        write(
            tmp_path,
            "2\t1",
            "Abel_Pacheco\t1\t4",
            "Robert_Downey_Jr\t1\tTommy_Shane_Steiner\t1",
            "Émile\t12\t345",
            "A\t1\tB\t10000",
        )
    )


def test_names_and_numbers_become_ids(pairs: Pairs) -> None:
    assert pairs.left == (
        "Abel_Pacheco/Abel_Pacheco_0001.jpg",
        "Robert_Downey_Jr/Robert_Downey_Jr_0001.jpg",
        "Émile/Émile_0012.jpg",
        "A/A_0001.jpg",
    )
    assert pairs.right == (
        "Abel_Pacheco/Abel_Pacheco_0004.jpg",
        "Tommy_Shane_Steiner/Tommy_Shane_Steiner_0001.jpg",
        "Émile/Émile_0345.jpg",
        "B/B_10000.jpg",
    )
    assert pairs.same.tolist() == [True, False, True, False]
    assert pairs.folds.tolist() == [1, 1, 2, 2]


def test_a_fold_is_its_own_pairs(pairs: Pairs) -> None:
    fold = pairs.of_fold(2)
    assert fold.left == pairs.left[2:] and fold.right == pairs.right[2:]
    assert fold.same.tolist() == [True, False] and fold.folds.tolist() == [2, 2]
    with pytest.raises(DataError, match="pairs_fold is 3, but the pairs have folds 1 to 2"):
        pairs.of_fold(3)


def test_one_number_in_the_first_line_means_one_fold(tmp_path: Path) -> None:
    pairs = read_pairs(write(tmp_path, "1", "A\t1\t2", "A\t1\tB\t1", "", ""))
    assert pairs.folds.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "line 1 of .* number of folds .* got ''"),
        (["ten\t300"], "line 1 of .* got 'ten 300'"),
        (["0"], "line 1 of .* got '0'"),
        (["1\t1", "A\t1\t2", "A\t1\tB\tx"], r"line 3 of .*pairs\.txt must be .* got 'A\\t1\\tB"),
        (["1\t1", "A\t1", "A\t1\tB\t1"], "line 2 of"),
        (["1\t1", "A\t1\t2", "A 1 B 1 C"], "line 3 of"),
        (["1\t1", "", "A\t1\tB\t1"], "line 2 of"),
        (["2\t1", "A\t1\t2", "A\t1\tB\t1"], "promises 2 x 2 x 1 pairs .* but holds 2"),
    ],
)
def test_refuses_malformed_files(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_pairs(write(tmp_path, *lines))


def test_refuses_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.txt cannot be read: .*No such file"):
        read_pairs(tmp_path / "gone.txt")
    (tmp_path / "image.txt").write_bytes(b"\xff\xd8")
    with pytest.raises(DataError, match=r"image\.txt cannot be read: "):
        read_pairs(tmp_path / "image.txt")


def test_ids_are_found_among_the_images(pairs: Pairs) -> None:
    ids = [*pairs.right, *pairs.left]
    left, right = pair_rows(pairs, ids)
    assert left.tolist() == [4, 5, 6, 7] and right.tolist() == [0, 1, 2, 3]


def test_an_id_that_is_no_image_is_named(pairs: Pairs) -> None:
    with pytest.raises(DataError, match=r"name B/B_10000\.jpg \(1 such\), which is not among"):
        pair_rows(pairs, [*pairs.left, *pairs.right[:3]])
