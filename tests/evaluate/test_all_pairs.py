"""Every pair of validation people: slow loops, scikit-learn, and a run evaluated on val."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from lookmore.data.pack import Pack
from lookmore.evaluate.all_pairs import all_pairs, verify_all
from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.encoder import Embedder, Encoder
from lookmore.metrics.verification import auc_interval_over_people, roc_auc

SIDE, PEOPLE, SHOTS = 16, 12, 3


@pytest.fixture
def pack() -> Pack:
    """Twelve people of three images: a colour each, and noise."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(PEOPLE), SHOTS)
    colours = random.integers(60, 190, size=(PEOPLE, 3, 1, 1))[labels]
    noise = random.normal(0, 25, size=(len(labels), 3, 1, 1))
    images = (colours + noise + random.normal(0, 9, size=(len(labels), 3, SIDE, SIDE))).clip(0, 255)
    return Pack(
        images=images.astype(np.uint8),
        keys=np.arange(len(labels), dtype=np.uint64),
        sizes=np.full((len(labels), 2), SIDE),
        ids=tuple(map(str, range(len(labels)))),
        labels=labels,
        class_names=tuple(map(str, range(PEOPLE))),
        splits=np.array(["val"] * len(labels)),
        unreadable=(),
    )


@pytest.fixture
def who() -> Contestant:
    """Sees mean colours; its gallery is a little brighter."""

    def colours(images: torch.Tensor) -> torch.Tensor:
        return images.mean(dim=(2, 3)) - 0.5

    student = Encoder("student", "colours", colours)
    teacher = Encoder("teacher", "brighter", lambda images: colours(images) + 0.05)
    return Contestant("ours", student, teacher, "teacher", False)


@pytest.fixture
def embed(pack: Pack, tmp_path: Path) -> Embedder:
    return Embedder(pack, cache=tmp_path, report=lambda done, total, note="": None)


def test_pairs_are_all_there_are_and_their_similarities_those_of_loops(
    pack: Pack, who: Contestant, embed: Embedder
) -> None:
    rows = np.arange(0, len(pack.labels), 2)
    sharp, small = all_pairs(who, embed=embed, rows=rows, side=8, degradation="bicubic")
    probes, gallery = embed(who.probe, rows, side=8), embed(who.gallery, rows, side=SIDE)
    places = range(len(rows))
    crossed = [(i, j) for i in places for j in places if i != j]
    assert np.allclose(sharp.similarity, [probes[i] @ gallery[j] for i, j in crossed], atol=1e-6)
    paired = [(i, j) for i in places for j in places if i < j]
    assert np.allclose(small.similarity, [probes[i] @ probes[j] for i, j in paired], atol=1e-6)
    labels = pack.labels[rows]
    assert sharp.same.tolist() == [labels[i] == labels[j] for i, j in crossed]
    assert (sharp.gallery_side, sharp.gallery_stream) == (SIDE, "teacher")
    assert (small.gallery_side, small.gallery_stream) == (8, "student")


def test_at_the_sharp_side_both_forms_are_one(who: Contestant, embed: Embedder) -> None:
    rows = np.arange(9)
    assert len(list(all_pairs(who, embed=embed, rows=rows, side=SIDE, degradation="bicubic"))) == 1


def test_the_area_is_scikit_learns(pack: Pack, who: Contestant, embed: Embedder) -> None:
    rows = np.arange(len(pack.labels))
    found = [
        measure
        for measure in verify_all(who, embed=embed, rows=rows, side=8, degradation="bicubic")
        if measure.metric == "auc"
    ]
    forms = all_pairs(who, embed=embed, rows=rows, side=8, degradation="bicubic")
    for measure, pairs in zip(found, forms, strict=True):
        assert measure.value == pytest.approx(roc_auc_score(pairs.same, pairs.similarity))
        assert measure.low < measure.value < measure.high
        assert measure.interval == "bootstrap over groups"


def test_the_interval_is_that_of_pairs_listed_as_often_as_their_people_were_drawn() -> None:
    random = np.random.default_rng(5)
    places = [(i, j) for i in range(18) for j in range(18) if i < j]
    first, second = (np.array([place[k] // 3 for place in places]) for k in (0, 1))
    similarity = random.normal(size=len(places)) + (first == second)
    draws = np.random.default_rng(0)
    values = []
    for _ in range(100):
        drawn = draws.integers(6, size=6)
        kept: list[int] = []
        for pair, (one, other) in enumerate(zip(first, second, strict=True)):
            times = (drawn == one).sum() * (1 if one == other else (drawn == other).sum())
            kept += [pair] * int(times)
        values.append(roc_auc(similarity[kept], (first == second)[kept]))
    expected = np.quantile(values, [0.025, 0.975])
    found = auc_interval_over_people(similarity, first, second, draws=100)
    assert found == pytest.approx(expected)


def test_few_draws_have_no_tails() -> None:
    with pytest.raises(ValueError, match="at least 100"):
        auc_interval_over_people(np.ones(2), np.array([0, 0]), np.array([0, 1]), draws=99)
