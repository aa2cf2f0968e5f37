"""Turning probes away: who knows what goes wrong leaves less error; chance is level; a run."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import lookmore
from lookmore.chain.run import run_chain
from lookmore.checkpoint.thresholds import Threshold
from lookmore.data.pack import Pack
from lookmore.evaluate.all_pairs import decided_evenly, strangers
from lookmore.evaluate.calibrate import calibrate
from lookmore.evaluate.contest import Contestant, contestants
from lookmore.evaluate.decided import DecidedPairs
from lookmore.evaluate.discard import ORACLE, RANDOM, Discards, discards
from lookmore.evaluate.encoder import Embedder, Encoder, stream_encoder
from lookmore.evaluate.figures import discard_curve, save_figure
from lookmore.evaluate.probes import make_probes
from lookmore.evaluate.quality import corrected_encoder, judge_encoder, sharpness
from lookmore.evaluate.report import write_report
from lookmore.evaluate.rows import Row, read_rows
from lookmore.evaluate.run import Subject, measure, open_subject
from lookmore.metrics.attenuation import corrected
from lookmore.metrics.intervals import draws_of_trials
from lookmore.recipe.load import recipe_from
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig

SIDE, COUNT = 16, 40


@pytest.fixture
def pack() -> Pack:
    """Forty grey pictures, each of its own level."""
    levels = np.linspace(20, 230, COUNT).round().astype(np.uint8)
    return Pack(
        images=np.broadcast_to(levels[:, None, None, None], (COUNT, 3, SIDE, SIDE)).copy(),
        keys=np.arange(COUNT, dtype=np.uint64),
        sizes=np.full((COUNT, 2), SIDE),
        ids=tuple(map(str, range(COUNT))),
        labels=np.arange(COUNT) // 2,
        class_names=tuple(map(str, range(COUNT // 2))),
        splits=np.array(["val"] * COUNT),
        unreadable=(),
    )


@pytest.fixture
def embed(pack: Pack, tmp_path: Path) -> Embedder:
    return Embedder(pack, cache=tmp_path, report=lambda done, total, note="": None)


@pytest.fixture
def who() -> Contestant:
    def angle(images: torch.Tensor) -> torch.Tensor:
        level = images.mean(dim=(1, 2, 3)) * 3
        return torch.stack([level.cos(), level.sin()], dim=1)

    student = Encoder("student", "angle", angle)
    return Contestant("ours", student, student._replace(stream="teacher"), "teacher", False)


@pytest.fixture
def judge() -> Encoder:
    """Finds bright pictures easy; its other measures say nothing or the opposite."""

    def qualities(images: torch.Tensor) -> torch.Tensor:
        level = images.mean(dim=(1, 2, 3))
        return torch.stack([level, -level, 0 * level, 0 * level], dim=1)

    return Encoder("student", "judge", qualities, lambda rows: rows)


def decided(probes: np.ndarray, others: np.ndarray | None, correct: np.ndarray) -> DecidedPairs:
    def draws() -> Iterator[np.ndarray]:
        return draws_of_trials(np.zeros(len(probes), np.int64), draws=100)

    return DecidedPairs(SIDE, "teacher", correct, probes, others, "other folds", "bootstrap", draws)


def found(who: Contestant, judge: Encoder, embed: Embedder, pairs: DecidedPairs) -> Discards:
    (form,) = discards(who, judge, iter([pairs]), embed=embed, side=8, degradation="bicubic")
    return form


def test_dark_pictures_go_wrong_and_a_judge_of_brightness_turns_them_away(
    who: Contestant, judge: Encoder, embed: Embedder
) -> None:
    probes = np.arange(COUNT)
    form = found(who, judge, embed, decided(probes, None, probes >= 8))
    errors = {method: curve.at(0.2)[0] for method, curve in form.curves.items()}
    assert errors["ours"] == 0.0
    assert errors["discard_norm"] == pytest.approx(8 / 32)
    for method in (RANDOM, "discard_mirror", "discard_sharpness"):
        assert errors[method] == pytest.approx(8 / 40)
    assert errors[ORACLE] == 0.0


def test_a_pair_of_two_small_images_is_as_good_as_the_worse(
    who: Contestant, judge: Encoder, embed: Embedder
) -> None:
    probes, others = np.full(20, 39), np.arange(20)
    form = found(who, judge, embed, decided(probes, others, others >= 4))
    assert form.curves["ours"].at(0.2)[0] == 0.0
    assert form.curves["discard_norm"].at(0.2)[0] == pytest.approx(4 / 20)  # 39 is worst in all


def test_measures_are_accuracies_of_those_kept(
    who: Contestant, judge: Encoder, embed: Embedder
) -> None:
    probes = np.arange(COUNT)
    form = found(who, judge, embed, decided(probes, None, probes >= 12))
    found_measures = {(method, m.metric): m for method, m in form.measures()}
    ours = found_measures["ours", "accuracy_discard_20"]
    assert (ours.value, ours.n) == (pytest.approx(28 / 32), 32)
    assert ours.low < ours.value < ours.high
    level = found_measures[RANDOM, "accuracy_discard_area"]
    assert (level.value, level.n) == (pytest.approx(28 / 40), 40)
    assert all(0 <= m.low <= m.value <= m.high <= 1 for m in found_measures.values())


def test_validation_has_as_many_pairs_of_two_people_as_of_one(
    who: Contestant, embed: Embedder, pack: Pack
) -> None:
    rows = np.arange(COUNT)
    sharp, small = decided_evenly(who, embed=embed, rows=rows, side=8, degradation="bicubic")
    assert sharp.others is None
    assert len(sharp.correct) == 2 * COUNT  # each person has two images, and each is the probe once
    assert small.others is not None
    same = pack.labels[small.probes] == pack.labels[small.others]
    assert same.sum() == (~same).sum() == COUNT // 2
    assert len({*zip(small.probes, small.others, strict=True)}) == COUNT
    assert sharp.correct.mean() > 0.5


def test_a_judge_says_what_the_stream_says_and_how_sharp_pixels_are() -> None:
    stream = build_stream(
        StreamConfig(backbone="nano"), side=16, width=8, classes=0, recognisability=True
    ).eval()
    images = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        output, mirrored = stream(images), stream(images.flip(3))
        plain = judge_encoder(stream, weights="w", flip=False)
        score, length, agreement, sharp = plain.embed(images).T
        both = judge_encoder(stream, weights="w", flip=True)
        twice = both.embed(images).T[0]
    torch.testing.assert_close(score, output.recognisability)
    torch.testing.assert_close(length, output.raw.norm(dim=1))
    torch.testing.assert_close(
        agreement, torch.cosine_similarity(output.raw, mirrored.raw), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(sharp, sharpness(images))
    torch.testing.assert_close(twice, (output.recognisability + mirrored.recognisability) / 2)
    assert plain.fingerprint != both.fingerprint


@pytest.mark.parametrize("flip", [False, True])
def test_a_corrected_encoder_divides_by_a_power_of_what_the_judge_says(
    flip: bool, pack: Pack, embed: Embedder
) -> None:
    stream = build_stream(
        StreamConfig(backbone="nano"), side=8, width=8, classes=0, recognisability=True
    ).eval()
    rows = np.arange(COUNT)
    plain = embed(stream_encoder(stream, name="student", weights="w", flip=flip), rows, side=8)
    told = embed(judge_encoder(stream, weights="w", flip=flip), rows, side=8)[:, 0]
    found = embed(corrected_encoder(stream, weights="w", flip=flip), rows, side=8)
    np.testing.assert_allclose(found, corrected(plain, told), rtol=1e-5, atol=1e-6)
    again = embed(corrected_encoder(stream, weights="w", flip=flip), rows, side=8)  # from the disk
    np.testing.assert_array_equal(found, again)


def test_a_corrected_student_stands_before_the_student_against_the_same_gallery() -> None:
    teacher = Encoder("teacher", "t", lambda images: images)
    student, longer = teacher._replace(stream="student"), teacher._replace(stream="student")
    for guided, galleries in (({"student"}, (teacher, teacher)), (set(), (longer, student))):
        *_, one, ours = contestants(
            {"teacher": teacher, "student": student, "corrected": longer},
            guide="teacher",
            controls=set(),
            guided=guided,
        )
        assert (one.method, ours.method) == ("corrected", "ours")
        assert one.probe is longer
        assert one.gallery is galleries[0] and ours.gallery is galleries[1]


def test_sharpness_is_the_variance_of_differences_to_four_neighbours() -> None:
    grey = np.random.default_rng(0).random((5, 6))
    inner = [
        grey[y - 1, x] + grey[y + 1, x] + grey[y, x - 1] + grey[y, x + 1] - 4 * grey[y, x]
        for y in range(1, 4)
        for x in range(1, 5)
    ]
    image = torch.from_numpy(grey).float().expand(1, 3, 5, 6)
    assert sharpness(image).item() == pytest.approx(np.var(inner), rel=1e-4)
    assert sharpness(torch.full((1, 3, 8, 8), 0.4)).item() == pytest.approx(0.0, abs=1e-9)


def test_the_figure_is_drawn(
    who: Contestant, judge: Encoder, embed: Embedder, tmp_path: Path
) -> None:
    probes = np.arange(COUNT)
    form = found(who, judge, embed, decided(probes, None, probes >= 8))
    path = save_figure(discard_curve(form, title="Title"), tmp_path / "discard.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    words = {text.get_text() for text in discard_curve(form, title="Title").findobj(_is_text)}
    assert {"Title", "By recognisability", "0.0 with 20 % turned away"} <= words


def _is_text(artist: object) -> bool:
    return hasattr(artist, "get_text")


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Twenty people of three pictures, and pairs of them in two folds."""
    names = [f"P{person:02d}" for person in range(20)]
    for person, name in enumerate(names):
        folder = tmp_path / "faces" / name
        folder.mkdir(parents=True)
        look = np.random.default_rng(person).integers(30, 225, size=(4, 4, 3))
        for shot in (1, 2, 3):
            noise = np.random.default_rng(100 * person + shot).normal(0, 12, size=(32, 32, 3))
            pixels = np.kron(look, np.ones((8, 8, 1))) + noise
            image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
            image.save(folder / f"{name}_{shot:04d}.jpg", quality=95)
    lines = ["2 5"]
    for people in (names[:5], names[5:10]):
        lines += [f"{name}\t1\t2" for name in people]
        pairs = zip(people, people[1:] + people[:1], strict=True)
        lines += [f"{one}\t1\t{other}\t3" for one, other in pairs]
    (tmp_path / "pairs.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.mark.parametrize("split", ["test", "val"])
def test_a_run_reports_what_is_left_when_probes_are_turned_away(split: str, faces: Path) -> None:
    short = {"epochs": 1, "batch": 8}
    recipe = recipe_from(
        {
            "name": "faces",
            "task": "face",
            "data": {
                "root": str(faces / "faces"),
                "pairs": str(faces / "pairs.txt"),
                "pairs_fold": 1,
                "side": 32,
                "validation_share": 0.4,
                "leaks": "allow",
                "cache": str(faces / "cache"),
            },
            "machine": {"threads": 1, "device": "cpu"},
            "views": {"count": 1},
            "degradation": {"side": 8},
            "teacher": {"name": "trained"},
            "teacher_training": {
                "stream": {"backbone": "nano", "width": 16},
                "schedule": short,
                "task": {"loss": "cross-entropy"},
            },
            "student": {
                "stream": {"backbone": "nano"},
                "schedule": short,
                "guides": {"teacher": 1},
                "weights": {"individual": 1},
            },
            "evaluate": {"split": split, "sides": [8], "controls": ["teacher", "corrected"]},
        },
        source="test",
    )

    def quiet(name: str):  # type: ignore[no-untyped-def]
        return lambda done, total, note="": None

    folder = faces / "run"
    run_chain(recipe, folder=folder, reporter=quiet)
    subject = open_subject(folder, recipe, reporter=quiet)
    rows = measure(subject, default_name="faces")
    write_report(folder, subject, rows, peak_mib=None)

    kept = [row for row in read_rows(folder / "report.json") if row.metric == "accuracy_discard_20"]
    methods = {row.method for row in kept}
    assert {"ours", "discard_random", "discard_norm", "discard_cosine"} <= methods
    assert {(row.probe_side, row.gallery_side) for row in kept} == {(8, 8), (8, 32)}
    assert all(row.protocol.startswith("faces") and row.degradation == "bicubic" for row in kept)
    foretold = [row for row in rows if row.metric in ("recognisability", "cosine_to_gallery")]
    assert [(row.metric, row.gallery_stream) for row in foretold] == [
        ("recognisability", "teacher"),
        ("cosine_to_gallery", "teacher"),
    ]
    metric = "accuracy" if split == "test" else "auc"
    corrected_rows = [r for r in rows if r.metric == metric and r.method == "corrected"]
    assert {(r.stream, r.gallery_side) for r in corrected_rows} == {("student", 8), ("student", 32)}
    if split == "test":
        level = _only(kept, "discard_random")
        accuracy = [r for r in rows if r.metric == "accuracy" and r.method == "ours"]
        expected = {row.gallery_side: row.value for row in accuracy}
        assert {row.gallery_side: row.value for row in level} == pytest.approx(expected)
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert {"discard-lr-hr.png", "discard-lr-lr.png"} <= figures
    assert "turned away" in (folder / "report.html").read_text()
    check_decisions(folder, subject, calibrate(folder, fars=[0.1], reporter=quiet))


def check_decisions(folder: Path, subject: Subject, thresholds: list[Threshold]) -> None:
    """A loaded student must accept the very share of strangers that calibration promised."""
    assert {known.gallery for known in thresholds} == {"teacher", "same side"}
    assert {known.similarity for known in thresholds} == {"corrected"}
    (known,) = [known for known in thresholds if known.gallery == "same side"]
    student, pack = lookmore.load(folder), subject.material.pack
    rows = strangers(pack.rows("val"), pack.labels, subject.material.labels, pack.keys)
    small = [image.permute(1, 2, 0).numpy() for image in _small(pack, rows)]
    passed = {True: 0, False: 0}
    for one in range(len(rows)):
        for other in range(one):
            found = student.compare(small[one], small[other])
            passed[pack.labels[rows[one]] == pack.labels[rows[other]]] += bool(found.same)
    assert abs(passed[False] - known.realised_far * known.impostor_pairs) <= 1
    assert abs(passed[True] - known.tar * known.genuine_pairs) <= 1


def _small(pack: Pack, rows: np.ndarray) -> torch.Tensor:
    probes = make_probes(pack, rows, side=8, degradation="bicubic")
    return (probes * 255).round().to(torch.uint8)


def _only(rows: list[Row], method: str) -> list[Row]:
    return [row for row in rows if row.method == method]
