"""guide_embeddings: every view is looked at once, survives a crash, and is never stale."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from lookmore.data.pack import Pack
from lookmore.data.views import ViewConfig, blend_partners, make_views
from lookmore.errors import TeacherError
from lookmore.teachers.cache import guide_embeddings, recheck, stored_embeddings
from lookmore.teachers.embedding_file import EmbeddingFile

VIEWS = ViewConfig(count=3, blends=1, shift=0.2, brightness=0.2)
ROWS = np.array([0, 2, 3, 4, 7, 8, 9])


class Guide:
    """Sees three colours on the left and right half; counts how many images it was shown."""

    def __init__(self, *, patience: int = 10**9) -> None:
        self.shown = 0
        self.patience = patience

    def __call__(self, images: Tensor) -> Tensor:
        """Return ``(B, 6)``."""
        self.shown += len(images)
        if self.shown > self.patience:
            raise KeyboardInterrupt
        left, right = images.chunk(2, dim=-1)
        return torch.cat([left.mean(dim=(2, 3)), right.square().mean(dim=(2, 3))], dim=1)


@pytest.fixture
def pack() -> Pack:
    rng = np.random.default_rng(0)
    return Pack(
        images=rng.integers(0, 256, (10, 3, 8, 8), dtype=np.uint8),
        keys=rng.integers(0, 2**63, 10).astype(np.uint64),
        sizes=np.full((10, 2), 112),
        ids=tuple(f"{number}.png" for number in range(10)),
        labels=np.zeros(10, dtype=np.int64),
        class_names=("one",),
        splits=np.array(["train"] * 10),
        unreadable=(),
    )


@pytest.fixture
def arguments(pack: Pack, tmp_path: Path) -> dict[str, Any]:
    return {
        **{"pack": pack, "rows": ROWS, "views": VIEWS, "view_seed": 3, "fingerprint": "guide"},
        **{"width": 6, "folder": tmp_path / "cache", "flip": True, "batch": 3},
    }


def seen_by_hand(pack: Pack, row: int, view: int, *, flip: bool) -> Tensor:
    """One image, one view, as the definition has it."""
    one, index, keys = np.array([row]), np.array([view]), pack.keys[[row]]
    partner = blend_partners(one, index, keys, candidates=ROWS, images=10, config=VIEWS, seed=3)
    image = make_views(
        torch.from_numpy(pack.images[one]),
        keys=keys,
        views=index,
        config=VIEWS,
        seed=3,
        partners=torch.from_numpy(pack.images[partner]),
    )
    answer = Guide()(image)[0]
    return (answer + Guide()(image.flip(3))[0]) / 2 if flip else answer


@pytest.mark.parametrize("flip", [True, False])
def test_holds_what_the_guide_sees_in_every_view(arguments: dict[str, Any], flip: bool) -> None:
    table = guide_embeddings(**{**arguments, "flip": flip}, embed=Guide())
    assert table.embeddings.shape == (7, 4, 6)
    for row in ROWS:
        for view in range(4):
            found = table.lookup(np.array([row]), np.array([view]))[0]
            expected = seen_by_hand(arguments["pack"], row, view, flip=flip)
            torch.testing.assert_close(found, expected)


def test_the_guide_is_asked_once(arguments: dict[str, Any]) -> None:
    first, second = Guide(), Guide()
    one = guide_embeddings(**arguments, embed=first)
    two = guide_embeddings(**arguments, embed=second)
    assert first.shown == 7 * 4 * 2 and second.shown == 0
    assert np.array_equal(one.embeddings, two.embeddings)


@pytest.mark.parametrize("patience", [0, 10, 24, 30, 50])
def test_goes_on_where_it_was_cut_off(
    arguments: dict[str, Any], patience: int, tmp_path: Path
) -> None:
    whole = guide_embeddings(**{**arguments, "folder": tmp_path / "whole"}, embed=Guide())
    with pytest.raises(KeyboardInterrupt):
        guide_embeddings(**arguments, embed=Guide(patience=patience))
    rest = Guide()
    table = guide_embeddings(**arguments, embed=rest)
    assert np.array_equal(table.embeddings, whole.embeddings)
    assert rest.shown == 56 - patience // 24 * 24  # 24: a batch of 3 in 4 views, both ways


@pytest.mark.parametrize("damage", ["data cut", "progress lost", "progress garbled"])
def test_trusts_no_damaged_table(arguments: dict[str, Any], damage: str) -> None:
    whole = np.array(guide_embeddings(**arguments, embed=Guide()).embeddings)
    (place,) = arguments["folder"].iterdir()
    if damage == "data cut":
        os.truncate(place / "embeddings.f32", 100)
    elif damage == "progress lost":
        (place / "progress.json").unlink()
    else:
        (place / "progress.json").write_text('{"rows": ')
    again = Guide()
    assert np.array_equal(guide_embeddings(**arguments, embed=again).embeddings, whole)
    assert again.shown == (48 if damage == "data cut" else 56)  # 96 of 100 bytes: one image


def change_pixels(pack: Pack) -> Pack:
    keys = pack.keys.copy()
    keys[9] += np.uint64(1)
    return replace(pack, keys=keys)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: {"fingerprint": "another"},
        lambda a: {"view_seed": 4},
        lambda a: {"views": replace(VIEWS, shift=0.1)},
        lambda a: {"flip": False},
        lambda a: {"rows": ROWS[:-1]},
        lambda a: {"pack": change_pixels(a["pack"])},
    ],
)
def test_another_question_is_another_table(
    arguments: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    guide_embeddings(**arguments, embed=Guide())
    other = Guide()
    guide_embeddings(**{**arguments, **change(arguments)}, embed=other)
    assert other.shown > 0
    assert len(list(arguments["folder"].iterdir())) == 2


def test_says_how_far_it_is(arguments: dict[str, Any]) -> None:
    told: list[tuple[int, int]] = []
    guide_embeddings(**arguments, embed=Guide(), progress=lambda *numbers: told.append(numbers))
    assert told == [(3, 7), (6, 7), (7, 7)]


def test_a_full_disk_is_an_error_with_the_size_needed(
    arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TeacherError, match=r"No space left on device; they need \d+ MiB"):
        guide_embeddings(**arguments, embed=Guide())


def test_refuses_answers_that_are_not_embeddings(arguments: dict[str, Any]) -> None:
    with pytest.raises(TeacherError, match="finite embeddings of width 6"):
        guide_embeddings(**arguments, embed=lambda images: Guide()(images) / 0)
    with pytest.raises(TeacherError, match="of width 6, got width 5"):
        guide_embeddings(**arguments, embed=lambda images: Guide()(images)[:, :5])
    with pytest.raises(ValueError, match="at least one image"):
        guide_embeddings(**{**arguments, "rows": ROWS[:0]}, embed=Guide())


def checked_again(arguments: dict[str, Any], embed: Callable[[Tensor], Tensor]) -> float:
    table = guide_embeddings(**arguments, embed=Guide())
    same = {name: arguments[name] for name in ("pack", "views", "view_seed", "flip")}
    return recheck(table, **same, embed=embed)


def test_a_fresh_table_passes_the_recheck(arguments: dict[str, Any]) -> None:
    assert checked_again(arguments, Guide()) < 1e-6


def test_a_guide_that_changed_is_found_out(arguments: dict[str, Any]) -> None:
    with pytest.raises(TeacherError, match="stale: asked again, it differs by"):
        checked_again(arguments, lambda images: Guide()(images) * 1.01)
    with pytest.raises(TeacherError, match="stale"):
        checked_again(arguments, lambda images: Guide()(images) * float("nan"))


@pytest.fixture
def stored(pack: Pack) -> EmbeddingFile:
    numbers = np.arange(20, dtype=np.float32).reshape(10, 2)
    return EmbeddingFile(
        name="file:e.npy", fingerprint="0", ids=pack.ids[::-1], embeddings=numbers[::-1].copy()
    )


def test_stored_embeddings_are_found_by_id(pack: Pack, stored: EmbeddingFile) -> None:
    table = stored_embeddings(pack=pack, rows=ROWS, views=ViewConfig(), teacher=stored)
    found = table.lookup(np.array([7, 0]), np.array([0, 0]))
    assert found.tolist() == [[14.0, 15.0], [0.0, 1.0]]


def test_stored_embeddings_have_one_view(pack: Pack, stored: EmbeddingFile) -> None:
    with pytest.raises(TeacherError, match=r"got 4 views: set views\.count=1"):
        stored_embeddings(pack=pack, rows=ROWS, views=VIEWS, teacher=stored)


def test_another_fold_asks_only_what_is_new(arguments: dict[str, Any]) -> None:
    first, second, alone = Guide(), Guide(), Guide()
    guide_embeddings(**arguments, embed=first)
    fold = arguments | {"rows": np.array([0, 1, 3, 4, 7, 8, 9])}
    shared = guide_embeddings(**fold, embed=second)
    apart = guide_embeddings(**fold | {"folder": arguments["folder"] / "apart"}, embed=alone)
    np.testing.assert_allclose(shared.embeddings, apart.embeddings, atol=1e-6)
    # each with its mirror image: four views of the one new image; blends that lost their partner
    new = [view for row in (1,) for view in range(4)]
    partners = {
        rows.tobytes(): [
            int(blend_partners(np.array([row]), np.array([3]), arguments["pack"].keys[[row]],
                               candidates=rows, images=10, config=VIEWS, seed=3)[0])
            for row in range(10)
        ]
        for rows in (ROWS, fold["rows"])
    }  # fmt: skip
    one, other = partners.values()
    moved = [row for row in fold["rows"] if row in ROWS and one[row] != other[row]]
    assert second.shown == 2 * (len(new) + len(moved)) < alone.shown == first.shown


def test_more_views_ask_only_for_those(arguments: dict[str, Any]) -> None:
    fewer, more = Guide(), Guide()
    guide_embeddings(**arguments | {"views": replace(VIEWS, blends=0)}, embed=fewer)
    guide_embeddings(**arguments, embed=more)
    assert fewer.shown == 2 * 3 * len(ROWS) and more.shown == 2 * len(ROWS)


def test_what_a_damaged_neighbour_says_is_not_believed(arguments: dict[str, Any]) -> None:
    guide_embeddings(**arguments, embed=Guide())
    [place] = arguments["folder"].glob("guide-*")
    (place / "identities.npy").write_bytes(b"x")
    again = Guide()
    guide_embeddings(**arguments | {"rows": ROWS[1:]}, embed=again)
    assert again.shown == 2 * 4 * len(ROWS[1:])
