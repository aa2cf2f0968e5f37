"""From which similarity on is it the same person? Asked of validation people, side by side."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lookmore.chain.run import Reporter
from lookmore.checkpoint.checkpoint import load_checkpoint
from lookmore.checkpoint.thresholds import CORRECTED, COSINE, Threshold, write_thresholds
from lookmore.errors import ConfigError, DataError
from lookmore.evaluate.all_pairs import all_pairs, strangers
from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.encoder import Embedder
from lookmore.evaluate.quality import told_recognisability
from lookmore.evaluate.run import open_subject, trained_recipe
from lookmore.metrics.attenuation import attenuation
from lookmore.metrics.far_threshold import far_threshold_interval
from lookmore.metrics.verification import tar_at_far
from lookmore.recipe.config import CORRECTED_CONTROL

_PAIRS_PER_ACCEPT = 10  # impostor pairs behind a rate, times the rate: ten false accepts at least
_ROUNDING = 1e-9


def calibrate(
    folder: Path,
    *,
    fars: Sequence[float],
    sides: Sequence[int] = (),
    overrides: Sequence[str] = (),
    reporter: Reporter,
) -> list[Threshold]:
    """Measure thresholds on the validation split and keep them beside the student.

    Two forms at each side: a small probe against sharp images (LR-HR), through the teacher or,
    where the student does not live in the teacher's space, through the student; and two images
    equally small (LR-LR). Test images are never looked at. Of more than 3,000 validation images,
    3,000 are taken, drawn by a hash of their pixels. Where the student tells its recognisability
    and lives in the teacher's space, thresholds are of similarities corrected for attenuation.

    Args:
        folder: ``runs/NAME``.
        fars: False accept rates, between 0 and 1.
        sides: Of the probes, in pixels; none = those that the run is evaluated at.
        overrides: As for `trained_recipe`; not ``evaluate.flip``, as a loaded student never flips.
        reporter: Told of each piece of work.

    Returns:
        By degradation, side, form and rate; written to ``student/thresholds.json``.

    Raises:
        CheckpointError: If the run has no finished student.
        ConfigError: If a rate or a side cannot be.
        DataError: If validation has too few images of people who were not trained on.
    """
    if any(override.startswith("evaluate.flip") for override in overrides):
        raise ConfigError("calibrate cannot set evaluate.flip: a loaded student never flips")
    student = load_checkpoint(folder / "student")
    beside = "" if student.stream.recognisability is None else CORRECTED_CONTROL
    plain = ("evaluate.flip=false", f"evaluate.controls=[{beside}]")
    recipe = trained_recipe(folder, overrides=[*overrides, *plain])
    sharp = recipe.data.side
    asked = sorted(set(sides)) or [side for side in recipe.probe_sides if side < sharp]
    _check(fars, asked, sharp=sharp)
    subject = open_subject(folder, recipe, reporter=reporter)
    pack = subject.material.pack
    rows = strangers(pack.rows("val"), pack.labels, subject.material.labels, pack.keys)
    people = pack.labels[rows]
    for far in fars:
        check_far(far, people)
    known = {who.method: who for who in subject.contestants}
    who, similarity = known["ours"], COSINE
    # A gallery of the student's own keeps no recognisability to correct by.
    if beside and known[beside].gallery.stream == "teacher":
        who, similarity = known[beside], CORRECTED
    found = [
        threshold
        for degradation in recipe.evaluate.degradations
        for side in asked
        for threshold in _at_side(
            who, embed=subject.embed, rows=rows, side=side, degradation=degradation,
            fars=sorted(set(fars), reverse=True), similarity=similarity,
        )
    ]  # fmt: skip
    write_thresholds(folder / "student", found, weights_sha256=student.facts["weights_sha256"])
    return found


def _check(fars: Sequence[float], sides: Sequence[int], *, sharp: int) -> None:
    wrong = [far for far in fars if not 0 < far < 1]
    if wrong or not fars:
        raise ConfigError(f"--far must lie between 0 and 1, got {wrong or 'none'}")
    if not sides or min(sides) < 4 or max(sides) >= sharp:
        raise ConfigError(
            f"--side must be from 4 to {sharp - 1} pixels, below the sharp {sharp}, "
            f"got {list(sides)}"
        )


def check_far(far: float, people: np.ndarray) -> None:
    """Refuse a false accept rate that the pairs of some images cannot show.

    Args:
        far: Between 0 and 1.
        people: ``(n,)`` person of each image.

    Raises:
        DataError: If fewer than 10 / ``far`` pairs are of different people, naming the smallest
            rate that they can show; or if no pair is of one person.
    """
    images = np.unique(people, return_counts=True)[1]
    n = (len(people) ** 2 - int((images**2).sum())) // 2
    told = (
        f"validation has {n:,} impostor pairs ({len(people):,} images of {len(images):,} people "
        "who were not trained on)"
    )
    more = (
        "raise data.validation_share, with whole people in validation (data.split_by=class), and "
        "train again"
    )
    if n <= _PAIRS_PER_ACCEPT:
        raise DataError(f"{told}, too few for any threshold: {more}")
    if far * n < _PAIRS_PER_ACCEPT - _ROUNDING:
        smallest = _rounded_up(_PAIRS_PER_ACCEPT / n)
        raise DataError(
            f"--far {far:g} needs {math.ceil(_PAIRS_PER_ACCEPT / far - _ROUNDING):,} impostor "
            f"pairs and {told}: ask for --far {smallest:g} or more, or {more}"
        )
    if images.max() < 2:
        raise DataError(f"{told}, but no pair of one person: {more}")


def _rounded_up(share: float) -> float:
    """Return a share with two digits, never less than it is."""
    unit = 10.0 ** (math.floor(math.log10(share)) - 1)
    return float(f"{math.ceil(share / unit - _ROUNDING) * unit:.1e}")


def _at_side(
    who: Contestant,
    *,
    embed: Embedder,
    rows: np.ndarray,
    side: int,
    degradation: str,
    fars: Sequence[float],
    similarity: str,
) -> Iterator[Threshold]:
    images = np.unique(embed.pack.labels[rows], return_counts=True)[1]
    typical = 1.0
    if similarity == CORRECTED:
        told = told_recognisability(
            who.probe, embed=embed, rows=rows, side=side, degradation=degradation
        )
        typical = float(np.median(told))
    for pairs in all_pairs(who, embed=embed, rows=rows, side=side, degradation=degradation):
        alike, same = pairs.similarity, pairs.same
        gallery = "same side" if pairs.gallery_side == side else pairs.gallery_stream
        for far in fars:
            accepted = tar_at_far(alike, same, far)
            low, high = far_threshold_interval(
                alike[~same], pairs.first[~same], pairs.second[~same], images, far
            )
            # as cosines of two typical images, or of one against the teacher's
            shown = float(attenuation(np.array(typical))) ** (2 if gallery == "same side" else 1)
            yield Threshold(
                far=far,
                probe_side=side,
                gallery=gallery,
                threshold=accepted.threshold * shown,
                low=min(low, accepted.threshold) * shown,  # between other pairs: a hair apart
                high=max(high, accepted.threshold) * shown,
                realised_far=accepted.realised_far,
                impostor_pairs=int((~same).sum()),
                genuine_pairs=int(same.sum()),
                tar=accepted.tar,
                degradation=degradation,
                selected_on="validation",
                similarity=similarity,
                recognisability=typical,
            )
