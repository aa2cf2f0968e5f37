"""A recipe for images nobody has written one for yet: ``lookmore distill``."""

from pathlib import Path
from types import MappingProxyType
from typing import Any

from lookmore.backbones.dlib_backbone import SMALLEST_SIDE
from lookmore.backbones.table import DLIB, IMAGENET, ONNX_PREFIX
from lookmore.errors import ConfigError
from lookmore.teachers.dlib_network import FEW

_TASK_LOSS = MappingProxyType(
    {
        "face": {"loss": "arcface", "weight": 0.1},
        "metric": {"loss": "proxy-anchor", "weight": 0.1},
        "classify": {"loss": "cross-entropy", "weight": 1.0},
    }
)
_WEIGHTS = MappingProxyType({"individual": 2.0, "distance": 10.0, "angle": 20.0})
_SCHEDULE = MappingProxyType({"optimizer": "muon", "learning_rate": 0.003, "average": 0.998})
_CAMERA = MappingProxyType(
    {"blur_sigma": [0, 0.8], "noise_std": [0, 0.04], "mosaic_share": 0.5, "chain_share": 0.7}
)

_SHOWN = 90_000  # images, views of the same one counted each time
_FEWEST_EPOCHS, _MOST_EPOCHS = 30, 200


def epochs_for(images: int) -> int:
    """Return how many passes of the student suit a folder: small ones want more.

    Args:
        images: In the folder, 1 or more.

    Example:
        >>> epochs_for(300), epochs_for(1000), epochs_for(10_000)
        (200, 90, 30)
    """
    return min(max(round(_SHOWN / images), _FEWEST_EPOCHS), _MOST_EPOCHS)


def recipe_values(
    *,
    name: str,
    teacher: str,
    data: str,
    task: str,
    side: int,
    sharp: int,
    epochs: int,
    labelled: bool,
    inherit: bool = False,
    camera: bool = False,
) -> dict[str, Any]:
    """Return the sections of a recipe with settings that suit most folders.

    Args:
        name: Of the run.
        teacher: As ``teacher.name``; ``trained`` = train one from the labels first.
        data: As ``data.root``.
        task: ``face``, ``metric`` or ``classify``.
        side: Of the student's input, in pixels.
        sharp: As ``data.side``; streams that train on sharp images see four times the student's
            side at most, which is quicker.
        epochs: Passes of the student over the images; other stages are scaled to it.
        labelled: Whether the images have labels; without them there is no task loss.
        inherit: Start the student from the teacher's own weights, which dlib-face and ONNX files
            allow, and a teacher that the recipe trains.
        camera: Show the student most of its views through a poor camera, and try it on probes of
            such, too.

    Returns:
        Plain values for `lookmore.recipe.load.recipe_from`.

    Raises:
        ConfigError: If the task is unknown or needs labels that are not there, or there is nothing
            to inherit.
    """
    if task not in _TASK_LOSS:
        raise ConfigError(f"--task must be one of {', '.join(_TASK_LOSS)}, got {task!r}")
    if not labelled and (teacher == "trained" or task == "classify"):
        raise ConfigError(
            f"{data} has no labels, which --teacher trained and --task classify learn from: put "
            "images into one folder per class, or name a teacher that is ready"
        )
    own_file = teacher.startswith(ONNX_PREFIX)
    if inherit and not own_file and teacher not in (DLIB, IMAGENET, "trained"):
        raise ConfigError(
            f"--inherit needs --teacher {DLIB}, {IMAGENET}, {ONNX_PREFIX}PATH or trained, whose "
            f"weights a student can have, got {teacher}; other students start from published "
            "weights by student.stream.backbone=timm:NAME student.stream.pretrained=true"
        )
    if inherit and teacher == DLIB and not SMALLEST_SIDE <= side <= FEW:
        raise ConfigError(
            f"--inherit with {DLIB} is for --side {SMALLEST_SIDE} to {FEW}, got {side}"
        )
    trained_side = min(sharp, max(32, 4 * side))
    loss = dict(_TASK_LOSS[task]) if labelled else {"loss": "none"}
    from_file = teacher.startswith("file:")
    views = {"count": 1} if from_file else {
        "count": 6, "blends": 2, "flip": task != "classify", "rotate_degrees": 8, "zoom": 0.08,
        "shift": 0.05, "brightness": 0.15, "contrast": 0.15,
    }  # fmt: skip
    values: dict[str, Any] = {
        "name": name,
        "task": task,
        "data": {
            "root": data,
            "split_by": "class" if labelled and task != "classify" else "image",
        },
        "views": views,
        "degradation": {"side": side, **(_CAMERA if camera else {})},
        "teacher": {"name": teacher, **({"whiten": 0.33} if teacher == DLIB else {})},
        "assistant": {
            "stream": {"side": trained_side},
            "schedule": {"epochs": max(1, epochs // 2), **_SCHEDULE},
            "guides": {"teacher": 1},
            "weights": dict(_WEIGHTS),
            "task": dict(loss),
        },
        "student": {
            "schedule": {"epochs": epochs, **_SCHEDULE},
            "guides": {"assistant": 1, "teacher": 1},
            "weights": dict(_WEIGHTS),
            "task": loss,
            "warm_start": True,
        },
        "evaluate": {
            "protocol": "auto" if labelled else "matching",
            **({"degradations": ["bicubic", "degraded"]} if camera else {}),
        },
    }
    if teacher == "trained":
        values["teacher_training"] = {
            "stream": {"backbone": "base", "side": trained_side},
            "schedule": {"epochs": epochs, **_SCHEDULE},
            "task": {**loss, "weight": 1.0},
        }
    if inherit:
        del values["assistant"]
    if inherit and teacher == "trained":
        values["student"] |= {
            "stream": dict(values["teacher_training"]["stream"]),
            "schedule": {"epochs": max(1, epochs // 2), **_SCHEDULE},
            "guides": {"teacher": 1},
        }
    elif inherit:
        # dlib's network and a file's know themselves how large they want few pixels
        inside = {"side": trained_side} if teacher == IMAGENET else {}
        values["student"] = {
            "stream": {"backbone": teacher, "pretrained": True, **inside},
            "schedule": {
                "epochs": max(1, epochs // 4),
                **_SCHEDULE,
                "learning_rate": 0.001,
                "weight_decay": 0.1,
            },
            "guides": {"teacher": 1},
            "weights": {"individual": 4.0, "distance": 10.0, "angle": 20.0},
            **({"task": loss} if task == "classify" else {}),  # its answer is a class
        }
    return values


def run_name(data: str, *, task: str, side: int) -> str:
    """Return a folder name for a run on ``data``.

    Example:
        >>> run_name("photos/our products/", task="metric", side=16)
        'our-products-metric-16px'
    """
    stem = Path(data.removeprefix("hf://")).stem or "images"
    plain = "".join(letter if letter.isalnum() else "-" for letter in stem).strip("-")
    return f"{plain or 'images'}-{task}-{side}px"
