"""FAISS finds nearly what exact search finds, by exact similarities; little is indexed anew."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lookmore.errors import GalleryError
from lookmore.search import Entries, Gallery, Space, approximate, faiss_index, generation
from lookmore.search.approximate import turned
from lookmore.search.faiss_index import kind_for

Crowd = Callable[..., Entries]
Probes = Callable[[int], np.ndarray]


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """IVF-PQ learns from a thousand vectors: quick, and enough for a test."""
    monkeypatch.setattr(faiss_index, "IVFPQ_FROM", 1000)


@pytest.fixture
def hnsw(tmp_path: Path, space: Space, crowd: Crowd) -> Gallery:
    return Gallery.build(tmp_path / "hnsw", crowd(400, images=2), space=space, kind="hnsw")


def test_faiss_serves_where_another_package_has_put_its_own_search_in_place(
    hnsw: Gallery, probes: Probes, monkeypatch: pytest.MonkeyPatch
) -> None:
    import faiss

    before = hnsw.search(probes(5), k=3)

    def replaced(*_: object, **__: object) -> None:
        raise TypeError("got an unexpected keyword argument 'params'")

    for kind in (faiss.Index, faiss.IndexHNSW, faiss.IndexHNSWFlat):
        monkeypatch.setattr(kind, "search", replaced)
    after = hnsw.search(probes(5), k=3)
    assert before.people == after.people


@pytest.mark.parametrize("fuse", [True, False])
def test_hnsw_finds_whom_exact_search_finds(
    tmp_path: Path, space: Space, crowd: Crowd, probes: Probes, fuse: bool
) -> None:
    entries = crowd(400, images=2)
    flat = Gallery.build(tmp_path / "flat", entries, space=space, fuse=fuse)
    Gallery.build(tmp_path / "hnsw", entries, space=space, fuse=fuse, kind="hnsw")
    found = Gallery.open(tmp_path / "hnsw").search(probes(40), 5)
    expected = flat.search(probes(40), 5)
    same = [len(set(a) & set(b)) for a, b in zip(found.people, expected.people, strict=True)]
    assert sum(same) >= 0.98 * 5 * 40
    exact = {
        (probe, match.person): match.similarity
        for probe, row in enumerate(flat.search(probes(40), 400))
        for match in row
    }
    assert all(
        exact[probe, match.person] == match.similarity
        for probe, row in enumerate(found)
        for match in row
    )


@pytest.mark.usefixtures("few_are_enough")
def test_ivfpq_is_ranked_by_exact_similarities(
    tmp_path: Path, space: Space, crowd: Crowd, probes: Probes
) -> None:
    entries = crowd(1000)
    gallery = Gallery.build(tmp_path / "ivfpq", entries, space=space, kind="ivfpq")
    flat = Gallery.build(tmp_path / "flat", entries, space=space)
    found, expected = gallery.search(probes(40), 1), flat.search(probes(40), 1)
    same = [a[0] == b[0] for a, b in zip(found, expected, strict=True)]
    assert np.mean(same) > 0.8
    assert gallery.facts["recall_at_k"]["1"] > 0.8


def test_recall_against_exact_search_is_measured_and_kept(hnsw: Gallery) -> None:
    recall = Gallery.open(hnsw.path).facts["recall_at_k"]
    assert set(recall) == {"1", "10"}
    assert all(0.95 <= value <= 1 for value in recall.values())


def test_recall_is_low_where_the_index_is_blind(
    tmp_path: Path, space: Space, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told only of the first row of the index, whatever is asked."""

    def blind(index: object, queries: np.ndarray, count: int) -> np.ndarray:
        return np.resize(np.arange(20), (len(queries), count))

    monkeypatch.setattr(approximate, "search_index", blind)
    gallery = Gallery.build(tmp_path / "g", crowd(600), space=space, kind="hnsw")
    assert gallery.facts["recall_at_k"]["1"] < 0.2


def test_as_many_people_are_found_as_asked_for(hnsw: Gallery, probes: Probes) -> None:
    assert hnsw.search(probes(2), 400).k == 400


def test_additions_and_removals_serve_without_a_new_index(
    hnsw: Gallery, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(kind: str, rows: np.ndarray) -> None:
        raise AssertionError("everything was indexed anew")

    monkeypatch.setattr(approximate, "build_index", refuse)
    late = crowd(5, seed=1)
    gone = hnsw.people[7]
    rows = crowd(400, images=2).embeddings[14:15]
    assert hnsw.search(rows, 1)[0][0].person == gone
    hnsw.add(late)
    hnsw.remove({gone})
    for same in (hnsw, Gallery.open(hnsw.path)):
        assert [row[0].person for row in same.search(late.embeddings, 1)] == list(late.people)
        assert gone not in {match.person for row in same.search(rows, 20) for match in row}


def test_many_changes_make_a_new_index(hnsw: Gallery, crowd: Crowd) -> None:
    hnsw.add(crowd(100, seed=1))
    now = hnsw._now.approximate
    assert now is not None and now.index.ntotal == 500
    assert now.rows.tolist() == list(range(500))


def test_a_changed_person_is_found_by_the_new_vector(hnsw: Gallery) -> None:
    """Both images are replaced by ones in quite another direction."""
    name = hnsw.people[0]
    images = hnsw.images_of(name)
    row = -hnsw._now.vectors.rows[:1]
    hnsw.add(Entries(people=(name,) * 2, images=images, embeddings=np.repeat(row, 2, axis=0)))
    match = hnsw.search(row, 1)[0][0]
    assert (match.person, match.image) == (name, images[0])
    assert match.similarity == pytest.approx(1, abs=1e-6)


def test_a_damaged_index_never_reaches_faiss(
    hnsw: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(data: bytes) -> None:
        raise AssertionError("FAISS was given bytes of another sha256")

    monkeypatch.setattr(generation, "load_index", refuse)
    (path,) = hnsw.path.glob("g*/index.faiss")
    data = bytearray(path.read_bytes())
    data[100] ^= 255
    path.write_bytes(data)
    with pytest.raises(GalleryError, match=r"index\.faiss is damaged"):
        Gallery.open(hnsw.path)


@pytest.mark.usefixtures("few_are_enough")
def test_a_gallery_that_became_small_is_compared_whole(
    tmp_path: Path, space: Space, crowd: Crowd
) -> None:
    gallery = Gallery.build(tmp_path / "g", crowd(1000), space=space, kind="ivfpq")
    gallery.remove(gallery.people[:1])
    assert (gallery.facts["kind"], gallery.facts["asked"]) == ("flat", "ivfpq")


@pytest.mark.parametrize(
    ("asked", "count", "kind"),
    [
        ("auto", 0, "flat"),
        ("auto", 100_000, "flat"),
        ("auto", 100_001, "hnsw"),
        ("auto", 1_000_001, "ivfpq"),
        ("flat", 10**9, "flat"),
        ("hnsw", 1, "hnsw"),
        ("hnsw", 0, "flat"),
        ("ivfpq", 10_000, "ivfpq"),
    ],
)
def test_the_kind_goes_by_the_number_of_vectors(asked: str, count: int, kind: str) -> None:
    assert kind_for(asked, count) == kind


def test_probes_for_recall_lie_at_a_cosine_of_six_tenths(crowd: Crowd) -> None:
    rows = crowd(50).embeddings
    found = turned(rows, random=np.random.default_rng(0))
    np.testing.assert_allclose((found * rows).sum(axis=1), 0.6, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
