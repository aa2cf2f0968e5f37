"""Protocols: right numbers for encoders whose behaviour is known, nothing from the wrong side."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lookmore.data.pack import Pack
from lookmore.data.pairs import Pairs
from lookmore.errors import ConfigError, DataError
from lookmore.evaluate.classification import classify
from lookmore.evaluate.contest import Contestant, contestants
from lookmore.evaluate.encoder import Embedder, Encoder, teacher_encoder
from lookmore.evaluate.identification import by_person, gallery_and_probes, identify
from lookmore.evaluate.measure import share_of
from lookmore.evaluate.probes import make_probes, probe_batches, probe_degradation
from lookmore.evaluate.retrieval import retrieve
from lookmore.evaluate.verification import verify
from lookmore.metrics.intervals import wilson
from lookmore.recipe.config import DEGRADATIONS
from lookmore.teachers.space import GuideSpace

PEOPLE, SHOTS, SIDE = 6, 4, 16


@pytest.fixture
def pack() -> Pack:
    """Six people of four images; a person is a grey level, a shot a little more of it."""
    labels = np.repeat(np.arange(PEOPLE), SHOTS)
    levels = 20 + 40 * labels + np.tile(np.arange(SHOTS), PEOPLE)
    images = np.broadcast_to(levels[:, None, None, None], (PEOPLE * SHOTS, 3, SIDE, SIDE))
    return Pack(
        images=images.astype(np.uint8),
        keys=np.arange(PEOPLE * SHOTS, dtype=np.uint64),
        sizes=np.full((PEOPLE * SHOTS, 2), 112),
        ids=tuple(f"p{p}/{s}" for p, s in zip(labels, np.tile(range(SHOTS), PEOPLE), strict=True)),
        labels=labels.astype(np.int64),
        class_names=tuple(f"p{p}" for p in range(PEOPLE)),
        splits=np.where(np.arange(PEOPLE * SHOTS) % SHOTS < 2, "train", "test"),
        unreadable=(),
    )


def level_of(images: torch.Tensor) -> torch.Tensor:
    """An angle in a quarter circle that grows with the grey level: nearer greys, larger cosine."""
    angle = images.mean(dim=(1, 2, 3)) * torch.pi / 2
    return torch.stack([angle.cos(), angle.sin()], dim=1)


@pytest.fixture
def sides_seen() -> list[int]:
    return []


@pytest.fixture
def perfect(sides_seen: list[int]) -> Encoder:
    def embed(images: torch.Tensor) -> torch.Tensor:
        sides_seen.append(images.shape[-1])
        return level_of(images)

    return Encoder("student", "perfect", embed)


@pytest.fixture
def blind() -> Encoder:
    return Encoder("student_alone", "blind", lambda x: torch.ones(len(x), 2))


@pytest.fixture
def embed(pack: Pack, tmp_path: Path) -> Embedder:
    return Embedder(pack, cache=tmp_path, report=lambda done, total, note="": None)


Who = Callable[[Encoder, Encoder], Contestant]


@pytest.fixture
def who() -> Who:
    return lambda probe, gallery: Contestant("ours", probe, gallery, "teacher", False)


def test_identification_finds_everyone_with_a_perfect_encoder_and_nobody_with_a_blind_one(
    pack: Pack, embed: Embedder, perfect: Encoder, blind: Encoder, who: Who
) -> None:
    gallery, probes = gallery_and_probes(pack, gallery="train", split="test")
    assert len(gallery) == len(probes) == PEOPLE * 2
    settings = {"embed": embed, "gallery": gallery, "probes": probes, "side": 8}
    right = identify(who(perfect, perfect), degradation="bicubic", **settings)  # type: ignore[arg-type]
    wrong = identify(who(blind, blind), degradation="bicubic", **settings)  # type: ignore[arg-type]
    assert [(m.metric, m.value) for m in right] == [("rank1", 1.0), ("rank5", 1.0)]
    assert wrong[0].value == 0.0  # equals are counted against it


def test_the_first_image_of_each_tried_person_is_the_gallery(pack: Pack) -> None:
    gallery, probes = gallery_and_probes(pack, gallery="first", split="test")
    assert [pack.ids[row] for row in gallery] == [f"p{p}/2" for p in range(PEOPLE)]
    assert [pack.ids[row] for row in probes] == [f"p{p}/3" for p in range(PEOPLE)]


def test_no_probe_is_an_error_that_says_what_to_set(pack: Pack) -> None:
    with pytest.raises(DataError, match=r"finds no probe.*data\.split_by=class"):
        gallery_and_probes(pack, gallery="first", split="val")


def test_a_person_is_as_near_as_the_nearest_of_their_images() -> None:
    best, people = by_person(np.array([[0.1, 0.9, 0.3, 0.2]]), np.array([7, 3, 7, 3]))
    assert best.tolist() == [[0.9, 0.3]]
    assert people.tolist() == [3, 7]


@pytest.fixture
def pairs(pack: Pack) -> Pairs:
    """Two folds; each has every person with themselves and with the next."""
    left, right, same, folds = [], [], [], []
    for fold in (1, 2):
        for person in range(PEOPLE):
            for other, is_same in ((person, True), ((person + 1) % PEOPLE, False)):
                left.append(f"p{person}/{fold - 1}")
                right.append(f"p{other}/{fold + 1}")
                same.append(is_same)
                folds.append(fold)
    return Pairs(tuple(left), tuple(right), np.array(same), np.array(folds))


def test_verification_reports_both_forms_with_the_right_sides(
    embed: Embedder, perfect: Encoder, pairs: Pairs, who: Who, sides_seen: list[int]
) -> None:
    teacher = perfect._replace(stream="teacher", fingerprint="teacher")
    found = verify(
        who(perfect, teacher), embed=embed, pairs=pairs, fold=2, side=8, degradation="bicubic"
    )
    accuracy = [m for m in found if m.metric == "accuracy"]
    assert [(m.gallery_side, m.gallery_stream) for m in accuracy] == [
        (8, "student"),
        (16, "teacher"),
    ]
    assert all(m.value == 1.0 and m.n == 2 * PEOPLE for m in accuracy)
    assert all(m.selected_on == "other folds" for m in accuracy)
    assert set(sides_seen) == {8, 16}


def test_verification_of_a_blind_encoder_is_chance(
    embed: Embedder, blind: Encoder, pairs: Pairs, who: Who
) -> None:
    found = verify(
        who(blind, blind), embed=embed, pairs=pairs, fold=1, side=8, degradation="bicubic"
    )
    values = {(m.metric, m.gallery_side): m.value for m in found}
    assert values["accuracy", 8] == 0.5
    assert values["auc", 8] == 0.5


def test_retrieval_leaves_the_query_itself_out(
    pack: Pack, embed: Embedder, perfect: Encoder, blind: Encoder, who: Who
) -> None:
    rows = pack.rows("test")
    settings = {"embed": embed, "rows": rows, "side": 8, "degradation": "bicubic"}
    right = {
        (m.metric, m.gallery_side): m.value for m in retrieve(who(perfect, perfect), **settings)
    }  # type: ignore[arg-type]
    assert right["recall_at_1", 8] == right["recall_at_1", 16] == right["map_at_r", 16] == 1.0
    wrong = {m.metric: m.value for m in retrieve(who(blind, blind), **settings)}  # type: ignore[arg-type]
    assert wrong["recall_at_1"] == 0.0


def test_classification_by_scores_and_by_nearest_class_mean(
    pack: Pack, embed: Embedder, perfect: Encoder, who: Who
) -> None:
    train, rows = pack.rows("train"), pack.rows("test")

    def always_two(images: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.one_hot(torch.full((len(images),), 2), PEOPLE).float()

    settings = {
        "embed": embed, "train": train, "train_labels": pack.labels[train], "rows": rows,
        "labels": pack.labels[rows], "side": 8, "degradation": "bicubic",
    }  # fmt: skip
    [scored] = classify(who(perfect, perfect), scores=always_two, **settings)  # type: ignore[arg-type]
    assert scored.value == pytest.approx(1 / PEOPLE)
    assert scored.gallery_stream == "none"
    [nearest] = classify(who(perfect, perfect), scores=None, **settings)  # type: ignore[arg-type]
    assert nearest.value == 1.0
    assert nearest.gallery_stream == "student"


def test_frames_of_a_track_are_drawn_together() -> None:
    tracks = np.repeat(np.arange(10), 20)
    hits = tracks % 2 == 0  # a track is right or wrong as a whole
    names = {"metric": "top1_accuracy", "gallery_side": 0, "gallery_stream": "none"}
    alone, together = (
        share_of(hits, **names, groups=groups)  # type: ignore[arg-type]
        for groups in (None, tracks)
    )
    assert alone.value == together.value == 0.5
    assert together.interval == "bootstrap over groups"
    assert together.high - together.low > 3 * (alone.high - alone.low)
    sure = share_of(np.ones(200, dtype=bool), **names, groups=tracks)  # type: ignore[arg-type]
    assert (sure.low, sure.high) == pytest.approx((wilson(10, 10).low, 1.0))


def test_what_was_embedded_once_is_not_embedded_again(
    pack: Pack, embed: Embedder, perfect: Encoder, sides_seen: list[int]
) -> None:
    rows = pack.rows("test")
    first = embed(perfect, rows, side=8)
    asked = len(sides_seen)
    assert np.array_equal(embed(perfect, rows, side=8), first)
    assert len(sides_seen) == asked
    embed(perfect, rows, side=8, degradation="nearest")
    embed(perfect._replace(fingerprint="other"), rows, side=8)
    assert len(sides_seen) == asked + 2


def test_a_teacher_is_asked_once_for_all_folds(embed: Embedder, pack: Pack) -> None:
    asked = []

    class Told:
        name, fingerprint, width, licence = "told", "told", 2, "none"

        def embed(self, high: torch.Tensor) -> torch.Tensor:
            asked.append(len(high))
            return high.mean(dim=(2, 3))[:, :2] + 1

    rows = pack.rows("test")
    spaces = [GuideSpace(mean=torch.tensor(mean)) for mean in ([0.0, 0.0], [1.1, 0.9])]
    one, other = (
        embed(teacher_encoder(Told(), space, side=SIDE, flip=False), rows, side=SIDE)
        for space in spaces
    )
    assert sum(asked) == len(rows)
    seen = Told().embed(pack.batch(rows).float() / 255)
    assert np.allclose(one, spaces[0].place(seen), atol=1e-6)
    assert np.allclose(other, spaces[1].place(seen), atol=1e-6)


def test_a_teacher_that_is_a_file_answers_by_id_and_is_not_scaled_up(
    pack: Pack, embed: Embedder, perfect: Encoder
) -> None:
    stored = Encoder(
        "teacher",
        "file",
        perfect.embed,
        recall=lambda ids: torch.eye(2)[[len(i) % 2 for i in ids]],
    )
    rows = pack.rows("test")
    assert embed(stored, rows, side=SIDE).shape == (len(rows), 2)
    methods = [
        c.method
        for c in contestants(
            {"teacher": stored, "student": perfect},
            guide="teacher",
            controls={"teacher", "teacher_upscaled", "student_alone"},
            guided={"student"},
        )
    ]
    assert methods == ["teacher", "ours"]


def test_the_student_alone_is_compared_with_its_own_gallery(
    perfect: Encoder, blind: Encoder
) -> None:
    teacher = perfect._replace(stream="teacher")
    found = contestants(
        {"teacher": teacher, "student": perfect, "student_alone": blind},
        guide="assistant",
        controls={"teacher", "teacher_upscaled", "student_alone"},
        guided={"student"},
    )
    assert [(c.method, c.probe.stream, c.gallery.stream, c.sharp_only) for c in found] == [
        ("teacher", "teacher", "teacher", True),
        ("teacher_upscaled", "teacher", "teacher", False),
        ("student_alone", "student_alone", "student_alone", False),
        ("ours", "student", "teacher", False),
    ]


def test_sharp_probes_are_the_images_as_they_are(pack: Pack) -> None:
    rows = np.array([0, 5])
    probes = make_probes(pack, rows, side=SIDE, degradation="degraded")
    assert torch.equal((probes * 255).round().to(torch.uint8), pack.batch(rows))


@pytest.mark.parametrize("threads", [1, 2])
def test_probes_of_many_images_are_those_of_each(
    pack: Pack, set_threads: Callable[[int], None], threads: int
) -> None:
    set_threads(threads)
    rows = np.resize(np.arange(len(pack.ids)), 65)
    found = list(probe_batches(pack, rows, side=8, degradation="degraded"))
    assert [len(part) for part, _ in found] == [64, 1]
    assert np.concatenate([part for part, _ in found]).tolist() == rows.tolist()
    whole = make_probes(pack, rows, side=8, degradation="degraded")
    assert torch.equal(torch.cat([images for _, images in found]), whole)


def test_every_named_degradation_can_be_made_and_others_are_refused(pack: Pack) -> None:
    names = ("bicubic", "area", "nearest", "blur", "noise", "jpeg", "degraded", "mosaic")
    for name in names:
        assert make_probes(pack, np.array([1]), side=8, degradation=name).shape == (1, 3, 8, 8)
    with pytest.raises(ConfigError, match=r"evaluate\.degradations must be among .*got 'fog'"):
        probe_degradation("fog", side=8)


def test_a_student_outside_the_teachers_space_is_searched_in_its_own_gallery(
    perfect: Encoder,
) -> None:
    teacher = perfect._replace(stream="teacher")
    encoders = {"teacher": teacher, "student": perfect}
    found = contestants(encoders, guide="none", controls={"teacher_upscaled"}, guided=set())
    assert [(c.method, c.gallery.stream) for c in found] == [
        ("teacher_upscaled", "teacher"),
        ("ours", "student"),
    ]


def test_the_recipe_knows_every_degradation_there_is() -> None:
    for name in DEGRADATIONS:
        assert probe_degradation(name, side=8).side == 8
