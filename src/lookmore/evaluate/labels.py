"""What methods, metrics and galleries are called, and in which order they stand, everywhere."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from lookmore.evaluate.rows import Row


class Method(NamedTuple):
    """How a method is shown to a reader."""

    label: str
    """What it is called."""

    role: Literal["reference", "control", "rival", "ours"]
    """References see sharp probes only; they and controls come first and stand back, ours comes
    last and stands out."""


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "teacher": Method("Teacher, sharp probes", "reference"),
        "assistant": Method("Assistant, sharp probes", "reference"),
        "teacher_upscaled": Method("Teacher, probes scaled up", "control"),
        "student_alone": Method("Student without teacher", "control"),
        "ours_without_assistant": Method("Student, no assistant", "rival"),
        "individual_alone": Method("Order 1 alone (FitNet style)", "rival"),
        "kd": Method("KD, softened scores", "rival"),
        "dist": Method("DIST", "rival"),
        "rkd_d": Method("RKD-D", "rival"),
        "rkd_da": Method("RKD-DA", "rival"),
        "sp": Method("SP", "rival"),
        "cc": Method("CC", "rival"),
        "pkt": Method("PKT", "rival"),
        "orders_1": Method("Order 1", "rival"),
        "orders_2": Method("Order 2", "rival"),
        "orders_3": Method("Order 3", "rival"),
        "orders_12": Method("Orders 1 and 2", "rival"),
        "orders_13": Method("Orders 1 and 3", "rival"),
        "orders_23": Method("Orders 2 and 3", "rival"),
        "scores_none": Method("Orders 1, 2 and 3, no class scores", "rival"),
        "scores_light": Method("Class scores at a quarter", "rival"),
        "individual_strong": Method("Order 1 alone, four times the weight", "rival"),
        "individual_longer": Method("Order 1 alone, 16 epochs", "rival"),
        "relations_light": Method("Orders 2 and 3 at a third", "rival"),
        "guide_assistant": Method("Guide: assistant alone", "rival"),
        "guide_teacher": Method("Guide: teacher alone", "rival"),
        "whitened": Method("Student, whitened space", "rival"),
        "whiten_none": Method("Space not whitened", "rival"),
        "started_at_random": Method("Same network, started at random", "rival"),
        "adamw": Method("AdamW in place of Muon", "rival"),
        "muon": Method("Muon in place of AdamW", "rival"),
        "muon_throughout": Method("Muon in place of AdamW, its teacher too", "rival"),
        "individual_muon": Method("Order 1 alone, Muon in place of AdamW", "rival"),
        "views_1": Method("1 view", "rival"),
        "views_4": Method("4 views", "rival"),
        "blends_none": Method("no blends", "rival"),
        "mixed_sides": Method("Student, three sides mixed", "rival"),
        "far_camera": Method("Poor camera", "rival"),
        "far_zoom": Method("Smaller in the frame", "rival"),
        "far_both": Method("Poor camera, smaller in the frame", "rival"),
        "far_warm": Method("Starts from its teacher", "rival"),
        "far_camera_warm": Method("Poor camera, starts from its teacher", "rival"),
        "mosaic": Method("Trained with mosaics of colours, too", "rival"),
        "camera": Method("Trained through poor cameras, too", "rival"),
        "epochs_8": Method("Student, 8 epochs", "rival"),
        "epochs_16": Method("Student, 16 epochs", "rival"),
        "width_32": Method("32 numbers", "rival"),
        "width_64": Method("64 numbers", "rival"),
        "width_256": Method("256 numbers", "rival"),
        "student_pico": Method("Student pico, 0.04 M", "rival"),
        "student_nano": Method("Student nano, 0.11 M", "rival"),
        "student_nano_longer": Method("Student nano, 0.11 M, twice the epochs", "rival"),
        "student_lite": Method("Student lite, 0.41 M", "rival"),
        "student_wide": Method("Student wide, 1.6 M", "rival"),
        "corrected": Method("Student, corrected for attenuation", "rival"),
        "discard_random": Method("Turned away at random", "control"),
        "discard_norm": Method("By length of the raw embedding", "control"),
        "discard_mirror": Method("By agreement with the mirror image", "control"),
        "discard_sharpness": Method("By sharpness of the pixels", "control"),
        "discard_cosine": Method("By the true cosine (not known in use)", "control"),
        "discard_oracle": Method("Wrong pairs first (not known in use)", "control"),
        "ours": Method("Student, distilled", "ours"),
    }
)

METRICS: Mapping[str, str] = MappingProxyType(
    {
        "rank1": "Rank-1 identification",
        "rank5": "Rank-5 identification",
        "accuracy": "Verification accuracy",
        "accuracy_discard_20": "Verification accuracy, worst 20 % turned away",
        "accuracy_discard_area": "Verification accuracy, mean over 0 to 50 % turned away",
        "recognisability": "Recognisability, mean",
        "cosine_to_gallery": "Cosine to the sharp image in the gallery, mean",
        "auc": "Area under the ROC curve",
        "map_at_r": "MAP@R",
        "top1_accuracy": "Top-1 accuracy",
        "mean_class_accuracy": "Accuracy, mean over classes",
    }
)

_FAMILIES = {"tar_at_far_": "TAR at FAR ", "dir_at_far_": "DIR at FAR ", "recall_at_": "Recall@"}
_COUNTED = {
    "rank": "probes",
    "dir": "probes",
    "recognisability": "probes",
    "cosine": "probes",
    "recall": "queries",
    "map": "queries",
}
_ROLES = ("reference", "control", "rival", "ours")
_DASH = "\N{EN DASH}"


def method_of(name: str) -> Method:
    """Return how to show a method; a name that is not in the table is a rival, shown as it is."""
    return METHODS.get(name, Method(name.replace("_", " "), "rival"))


def metric_label(metric: str) -> str:
    """Return what a metric is called, such as ``TAR at FAR 1e-2`` for ``tar_at_far_1e-2``."""
    for start, label in _FAMILIES.items():
        if metric.startswith(start):
            return label + metric.removeprefix(start)
    return METRICS.get(metric, metric.replace("_", " "))


def counted(rows: Iterable[Row]) -> str:
    """Return what stands behind the values, such as ``200 probes``; empty if rows differ in it."""
    found = set()
    for row in rows:
        family = row.metric.split("_")[0].rstrip("0123456789")
        found.add(f"{row.n:,} {_COUNTED.get(family, 'pairs' if row.task == 'face' else 'images')}")
    return found.pop() if len(found) == 1 else ""


def is_reference(row: Row) -> bool:
    """Tell whether a row is a level to reach, measured on sharp probes whatever the side."""
    return method_of(row.method).role == "reference"


def is_same_side(row: Row) -> bool:
    """Tell whether probe and gallery are equally small (LR-LR), rather than one sharp (LR-HR)."""
    return not is_reference(row) and 0 < row.probe_side == row.gallery_side


def gallery_label(row: Row) -> str:
    """Return who made the gallery and how sharp it is, such as ``teacher, 112 px``."""
    if row.gallery_stream == "none":
        return ""
    own = row.stream != "teacher" and row.gallery_stream in (row.method, row.stream)
    maker = "itself" if own else row.gallery_stream.replace("_", " ")
    return f"{maker}, {'same side' if is_same_side(row) else side_label(row.gallery_side)}"


def side_label(side: int) -> str:
    """Return a side with its unit; 0 stands for images at their own size."""
    return f"{side} px" if side else "own size"


def percent(value: float) -> str:
    """Return a share in [0, 1] as a percentage with one decimal, without the sign.

    Example:
        >>> percent(0.905)
        '90.5'
    """
    return f"{100 * value:.1f}"


def percent_interval(row: Row) -> str:
    """Return the 95 % interval in percent, with decimals only where it is narrower than 5 points.

    Example:
        A value of 0.905 known to +-0.04 gives ``86-94`` and one known to +-0.004 ``90.1-90.9``,
        with an en dash.
    """
    digits = 0 if row.high - row.low >= 0.05 else 1
    return f"{100 * row.low:.{digits}f}{_DASH}{100 * row.high:.{digits}f}"


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Sort rows for a reader: controls, rivals, ours; then by gallery and by side."""
    known = list(METHODS)

    def key(row: Row) -> tuple[int, int, str, bool, str, int]:
        place = known.index(row.method) if row.method in METHODS else -1
        role = _ROLES.index(method_of(row.method).role)
        return role, place, row.method, is_same_side(row), row.gallery_stream, row.probe_side

    return sorted(rows, key=key)
