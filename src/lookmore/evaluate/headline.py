"""The result in one sentence, made from the rows and from nothing else."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from lookmore.evaluate.labels import is_reference, is_same_side, percent, side_label
from lookmore.evaluate.rows import Row

# What a metric says, in the order in which one is chosen: who does what, in what share of what.
_SAYS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "rank1": ("finds the right {thing}", "in", "probes"),
        "recall_at_1": ("puts an image of the right {thing} first", "for", "queries"),
        "top1_accuracy": ("names the right class", "for", "images"),
        "accuracy": ("tells rightly whether two faces are one person's", "in", "pairs"),
    }
)


def _rank(row: Row) -> tuple[int, bool, str]:
    """Order candidates: by metric, then those searched in the teacher's sharp gallery first."""
    return list(_SAYS).index(row.metric), row.gallery_stream != "teacher", row.gallery_stream


def headline_row(rows: Sequence[Row], *, side: int | None) -> Row | None:
    """Return the row of ours that a headline is about.

    Args:
        rows: Any rows.
        side: Side of the probe in pixels; None for the middle one of those measured (the lower
            of two), whatever the results there.

    Returns:
        None if no row of ours at that side has a metric that makes a sentence.
    """
    ours = [row for row in rows if row.method == "ours" and row.metric in _SAYS]
    if side is None:
        sides = sorted({row.probe_side for row in ours})
        side = sides[(len(sides) - 1) // 2] if sides else 0
    return min((row for row in ours if row.probe_side == side), key=_rank, default=None)


def counterpart(row: Row, rows: Sequence[Row], *, method: str) -> Row | None:
    """Return what another method made of the same probes, preferably in the same gallery."""
    same = [
        other
        for other in rows
        if other.method == method
        and (other.protocol, other.metric, other.seed) == (row.protocol, row.metric, row.seed)
        and (
            is_reference(other)
            or (other.probe_side, other.degradation, is_same_side(other))
            == (row.probe_side, row.degradation, is_same_side(row))
        )
    ]
    return min(same, key=lambda other: other.gallery_stream != row.gallery_stream, default=None)


def _opening(row: Row) -> str:
    """Say what the student is given."""
    if not row.probe_side:
        return "At the images' own size"
    if row.metric == "accuracy":
        side = side_label(row.probe_side)
        return f"With both at {side}" if is_same_side(row) else f"With one of two images at {side}"
    return f"At {side_label(row.probe_side)}"


def headline(rows: Sequence[Row], *, side: int | None = None) -> str:
    """Return the result as a sentence; empty if the rows hold none that makes one.

    Args:
        rows: Any rows.
        side: Side of the probe in pixels; None for the middle one of those measured.

    Returns:
        Such as "At 16 px the student finds the right person in 90.5 % of 200 probes; its teacher,
        fed the same probes scaled up, in 31.5 %."
    """
    ours = headline_row(rows, side=side)
    if ours is None:
        return ""
    does, share, things = _SAYS[ours.metric]
    does = does.format(thing="person" if ours.task == "face" else "class")
    said = f"{_opening(ours)} the student {does} {share} {percent(ours.value)} % of {ours.n:,}"
    said += f" {things}"
    upscaled = counterpart(ours, rows, method="teacher_upscaled")
    if upscaled is not None:
        said += (
            f"; its teacher, fed the same {things} scaled up, {share} {percent(upscaled.value)} %"
        )
    return said + "."
