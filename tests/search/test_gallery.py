"""A gallery finds who is nearest, whatever is asked beside, and keeps what it was told."""

import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import lookmore
from lookmore.errors import ConfigError, GalleryError
from lookmore.search import Added, Entries, Gallery, Matches, Space

Crowd = Callable[..., Entries]
Probes = Callable[[int], np.ndarray]


def by_loops(entries: Entries, probe: np.ndarray, k: int) -> list[tuple[str, float]]:
    """Each person's nearest image, sorted: the definition for several vectors a person."""
    best: dict[str, float] = {}
    for person, row in zip(entries.people, entries.embeddings, strict=True):
        cosine = float(np.dot(row.astype(np.float64), probe.astype(np.float64)))
        best[person] = max(best.get(person, -2.0), cosine)
    return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:k]


def assert_same(found: Matches, expected: Matches) -> None:
    assert found.people == expected.people
    assert found.images == expected.images
    np.testing.assert_array_equal(found.similarity, expected.similarity)


@pytest.mark.parametrize(("people", "images", "k"), [(1, 1, 1), (30, 1, 5), (20, 4, 7), (7, 3, 99)])
def test_several_images_a_person_equal_the_definition(
    tmp_path: Path, space: Space, crowd: Crowd, probes: Probes, people: int, images: int, k: int
) -> None:
    entries = crowd(people, images=images)
    gallery = Gallery.build(tmp_path / "g", entries, space=space, fuse=False)
    for probe, row in zip(probes(50), gallery.search(probes(50), k), strict=True):
        expected = by_loops(entries, probe, k)
        assert [match.person for match in row] == [name for name, _ in expected]
        np.testing.assert_allclose(
            [match.similarity for match in row], [cosine for _, cosine in expected], atol=1e-6
        )


@pytest.mark.parametrize("fuse", [True, False])
def test_batched_equals_all_at_once_under_random_sizes(
    tmp_path: Path, space: Space, crowd: Crowd, probes: Probes, fuse: bool
) -> None:
    gallery = Gallery.build(tmp_path / "g", crowd(300, images=3), space=space, fuse=fuse)
    queries = probes(120)
    whole = gallery.search(queries, 6)
    random = np.random.default_rng(5)
    cuts = [0, *sorted(random.choice(np.arange(1, 120), size=17, replace=False)), 120]
    parts = [gallery.search(queries[a:b], 6) for a, b in pairwise(cuts)]
    joined = Matches(
        people=sum((part.people for part in parts), ()),
        images=sum((part.images for part in parts), ()),
        similarity=np.concatenate([part.similarity for part in parts]),
    )
    assert_same(joined, whole)


def test_a_gallery_image_finds_itself_first(tmp_path: Path, space: Space, crowd: Crowd) -> None:
    entries = crowd(40, images=3)
    gallery = Gallery.build(tmp_path / "g", entries, space=space, fuse=False)
    found = gallery.search(entries.embeddings, 1)
    assert [row[0].person for row in found] == list(entries.people)
    assert [row[0].image for row in found] == list(entries.images)
    np.testing.assert_allclose(found.similarity, 1, atol=1e-6)


def test_people_are_ranked_and_not_images(tmp_path: Path, space: Space) -> None:
    """Three images of one person nearer than anyone else's take one place."""
    rows = np.zeros((4, 8), np.float32)
    rows[:3, 0], rows[3, 1] = 1, 1
    entries = Entries(people=("ann",) * 3 + ("bob",), images=tuple("abcd"), embeddings=rows)
    gallery = Gallery.build(tmp_path / "g", entries, space=space, fuse=False)
    assert gallery.search(rows[:1], 2).people == (("ann", "bob"),)


def test_equals_stand_in_the_order_of_people(tmp_path: Path, space: Space) -> None:
    row = np.eye(8, dtype=np.float32)[:1]
    names = tuple("fbdace")
    entries = Entries(people=names, images=names, embeddings=np.repeat(row, 6, axis=0))
    gallery = Gallery.build(tmp_path / "g", entries, space=space)
    assert gallery.search(row, 4).people == (tuple("abcd"),)


def test_a_fused_person_is_shown_by_the_image_nearest_to_the_probe(
    tmp_path: Path, space: Space, crowd: Crowd
) -> None:
    entries = crowd(10, images=4)
    gallery = Gallery.build(tmp_path / "g", entries, space=space)
    found = gallery.search(entries.embeddings, 1)
    assert [row[0].image for row in found] == list(entries.images)
    assert len(gallery) == 10


def test_fusing_brings_noisy_images_nearer_to_their_person(tmp_path: Path, space: Space) -> None:
    random = np.random.default_rng(0)
    centre = np.eye(8)[:1]
    rows = centre + 0.5 * random.standard_normal((30, 8))
    entries = Entries(
        people=("ann",) * 30,
        images=tuple(map(str, range(30))),
        embeddings=rows / np.linalg.norm(rows, axis=1, keepdims=True),
    )
    gallery = Gallery.build(tmp_path / "g", entries, space=space)
    assert gallery.search(centre, 1)[0][0].similarity > float(
        (entries.embeddings @ centre[0]).max()
    )


def test_what_is_built_is_opened_the_same(
    tmp_path: Path, space: Space, crowd: Crowd, probes: Probes
) -> None:
    built = Gallery.build(tmp_path / "g", crowd(20, images=2), space=space)
    opened = Gallery.open(tmp_path / "g")
    assert_same(opened.search(probes(9)), built.search(probes(9)))
    assert opened.people == built.people and opened.space == space
    assert opened.facts["recall_at_k"] == {"1": 1.0, "10": 1.0}
    assert opened.facts["kind"] == "flat"


def test_added_people_are_found_and_removed_people_are_not(
    tmp_path: Path, space: Space, crowd: Crowd
) -> None:
    gallery = Gallery.build(tmp_path / "g", crowd(5), space=space)
    late = crowd(2, seed=1)
    assert gallery.add(late) == Added(new=2, replaced=0)
    for same in (gallery, Gallery.open(tmp_path / "g")):
        assert len(same) == 7
        assert [row[0].person for row in same.search(late.embeddings, 1)] == list(late.people)
    gallery.remove({late.people[0]})
    for same in (gallery, Gallery.open(tmp_path / "g")):
        assert late.people[0] not in same.people and len(same) == 6
        assert same.search(late.embeddings[:1], 1)[0][0].person != late.people[0]


def test_an_addition_and_its_removal_leave_the_answers_as_they_were(
    tmp_path: Path, space: Space, crowd: Crowd, probes: Probes
) -> None:
    gallery = Gallery.build(tmp_path / "g", crowd(30, images=2), space=space)
    before = gallery.search(probes(20))
    late = crowd(3, images=2, seed=1)
    gallery.add(late)
    gallery.remove(set(late.people))
    assert_same(gallery.search(probes(20)), before)


def test_another_image_of_a_person_is_fused_in(tmp_path: Path, space: Space, crowd: Crowd) -> None:
    entries = crowd(4, images=5)
    first = Entries(
        people=entries.people[:18], images=entries.images[:18], embeddings=entries.embeddings[:18]
    )
    rest = Entries(
        people=entries.people[18:], images=entries.images[18:], embeddings=entries.embeddings[18:]
    )
    grown = Gallery.build(tmp_path / "grown", first, space=space)
    assert grown.add(rest) == Added(new=2, replaced=0)
    assert grown.add(rest) == Added(new=0, replaced=2)
    whole = Gallery.build(tmp_path / "whole", entries, space=space)
    assert_same(grown.search(rest.embeddings), whole.search(rest.embeddings))
    assert grown.images_of(entries.people[-1]) == entries.images[15:]


def test_a_stranger_has_no_images(tmp_path: Path, space: Space, crowd: Crowd) -> None:
    gallery = Gallery.build(tmp_path / "g", crowd(3), space=space)
    for name in ("", "p0-00001x", "zoe"):
        with pytest.raises(GalleryError, match=f"nobody in the gallery .* is called {name!r}"):
            gallery.images_of(name)


def test_a_failed_change_changes_nothing(tmp_path: Path, space: Space, crowd: Crowd) -> None:
    gallery = Gallery.build(tmp_path / "g", crowd(3), space=space)
    names = gallery.people
    with pytest.raises(GalleryError, match="nobody in the gallery is called 'nobody'"):
        gallery.remove({names[0], "nobody"})
    assert gallery.people == Gallery.open(tmp_path / "g").people == names


@pytest.mark.parametrize("kind", ["auto", "hnsw"])
def test_an_empty_gallery_finds_nobody_until_somebody_is_enrolled(
    tmp_path: Path, space: Space, crowd: Crowd, probes: Probes, kind: str
) -> None:
    nobody = Entries(people=(), images=(), embeddings=np.zeros((0, 8)))
    gallery = Gallery.build(tmp_path / "g", nobody, space=space, kind=kind)
    assert (len(gallery), gallery.search(probes(2)).people) == (0, ((), ()))
    gallery.add(crowd(1))
    assert gallery.search(probes(2)).k == 1
    gallery.remove(gallery.people)
    assert len(Gallery.open(tmp_path / "g")) == 0


@pytest.mark.parametrize(
    ("rows", "k", "message"),
    [
        (np.full((1, 8), 9.0), 1, "rows of length 1"),
        (np.eye(7), 1, "must have the width 8, got 7"),
        (np.full((1, 8), np.nan), 1, "must be finite"),
        (np.eye(8), 0, "k must be at least 1, got 0"),
    ],
)
def test_wrong_probes_are_refused(
    tmp_path: Path, space: Space, crowd: Crowd, rows: np.ndarray, k: int, message: str
) -> None:
    gallery = Gallery.build(tmp_path / "g", crowd(3), space=space)
    with pytest.raises(ValueError, match=message):
        gallery.search(rows, k)


def test_a_gallery_is_not_overwritten_unless_asked(
    tmp_path: Path, space: Space, crowd: Crowd
) -> None:
    Gallery.build(tmp_path / "g", crowd(3), space=space)
    with pytest.raises(GalleryError, match="already holds a gallery of 3 people: add to it"):
        Gallery.build(tmp_path / "g", crowd(4), space=space)
    assert len(Gallery.build(tmp_path / "g", crowd(4), space=space, replace=True)) == 4


def test_an_unknown_kind_is_refused_before_anything_is_written(
    tmp_path: Path, space: Space, crowd: Crowd
) -> None:
    with pytest.raises(ConfigError, match="must be one of auto, flat, hnsw, ivfpq, got 'lsh'"):
        Gallery.build(tmp_path / "g", crowd(3), space=space, kind="lsh")
    with pytest.raises(ConfigError, match="--kind ivfpq needs 10,000 vectors or more"):
        Gallery.build(tmp_path / "g", crowd(3), space=space, kind="ivfpq")
    assert not (tmp_path / "g").exists()


def test_a_student_of_another_teacher_is_refused(
    tmp_path: Path, space: Space, crowd: Crowd, make_run: Callable[..., Path]
) -> None:
    gallery = Gallery.build(tmp_path / "g", crowd(3), space=space)
    gallery.check(lookmore.load(tmp_path / "run"))
    other = make_run("other", teacher={"name": "timm:x", "fingerprint": "7" * 64, "width": 8})
    with pytest.raises(GalleryError, match=f"gallery {tmp_path / 'g'} was made through another"):
        gallery.check(lookmore.load(other))


def test_what_another_process_wrote_is_seen_after_refresh(
    tmp_path: Path, space: Space, crowd: Crowd
) -> None:
    ours = Gallery.build(tmp_path / "g", crowd(3), space=space)
    theirs = Gallery.open(tmp_path / "g")
    theirs.add(crowd(1, seed=1))
    assert len(ours) == 3
    assert ours.refresh() and not ours.refresh()
    assert ours.people == theirs.people


def test_changes_of_two_writers_are_both_kept(tmp_path: Path, space: Space, crowd: Crowd) -> None:
    ours = Gallery.build(tmp_path / "g", crowd(3), space=space)
    Gallery.open(tmp_path / "g").add(crowd(1, seed=1))
    ours.add(crowd(1, seed=2))
    assert len(ours) == len(Gallery.open(tmp_path / "g")) == 5


def test_a_search_beside_a_change_sees_the_old_or_the_new_gallery(
    tmp_path: Path, space: Space, crowd: Crowd
) -> None:
    """Two people come and go together: no search may see one without the other."""
    gallery = Gallery.build(tmp_path / "g", crowd(5), space=space)
    pair = crowd(2, seed=1)
    seen: list[bool] = []
    faults: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                (row,) = gallery.search(pair.embeddings[:1], 7)
                there = {match.person for match in row} & set(pair.people)
                assert len(there) in (0, 2)
                seen.append(bool(there))
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(15):
        gallery.add(pair)
        gallery.remove(set(pair.people))
    done.set()
    for thread in threads:
        thread.join()
    assert not faults
    assert {True, False} == set(seen)
