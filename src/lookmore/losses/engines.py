"""Which engine compares distances and corners: equal in what they say, not in speed."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import NamedTuple

import torch
from torch import Tensor

from lookmore.errors import ConfigError, MissingExtraError
from lookmore.losses.trust import fault_of

ENGINES = ("auto", "torch", "numba", "triton")
_DEVICES = {"numba": "cpu", "triton": "cuda"}
_WHY = {"numba": "the fastest on cpu", "triton": "one kernel for all corners on cuda"}
_WAY_OUT = {
    "numba": "pip install 'lookmore[fast]'",
    "triton": "it comes with torch's builds for CUDA on Linux, and another torch brings another",
}


class Engine(NamedTuple):
    """An engine and why it was taken."""

    name: str
    """``torch``, ``numba`` or ``triton``."""

    why: str
    """A phrase for the user."""

    corners: Callable[[Tensor], tuple[Tensor, Tensor]]
    """As `corners_torch.corners`."""

    pairs: Callable[[Tensor], tuple[Tensor, Tensor]]
    """As `pairs_torch.pairs`."""


def choose_engine(name: str, device: torch.device) -> Engine:
    """Return the engine of that name; for ``auto`` the fastest of those that are installed.

    Args:
        name: One of `ENGINES`. ``numba`` computes on the CPU, ``triton`` on a GPU of
            NVIDIA or AMD, ``torch`` anywhere.
        device: Where the embeddings are.

    Returns:
        The engine.

    Raises:
        ConfigError: If there is no such engine, it does not compute on that device, or it cannot
            be imported there.
        MissingExtraError: If an engine was asked for by name that cannot be imported, and an extra
            brings it.

    Example:
        >>> choose_engine("torch", torch.device("cpu")).why
        'asked for'
    """
    if name not in ENGINES:
        raise ConfigError(f"the relations engine must be one of {', '.join(ENGINES)}, got {name!r}")
    if name == "auto":
        return _fastest(device.type)
    if _DEVICES.get(name, device.type) != device.type:
        raise ConfigError(
            f"the relations engine {name} computes on {_DEVICES[name]}, and the embeddings are on "
            f"{device.type}: set machine.relations to auto"
        )
    fault = _fault(name)
    if fault and name == "numba":
        raise MissingExtraError(package=name, extra="fast", purpose=f"the engine {name}")
    if fault:
        raise ConfigError(
            f"the relations engine {name} cannot compute, because {fault} ({_WAY_OUT[name]}): "
            "set machine.relations to auto"
        )
    return _engine(name, "asked for")


def _fastest(device: str) -> Engine:
    for name, place in _DEVICES.items():
        if place == device:
            fault = _fault(name)
            if not fault:
                return _engine(name, _WHY[name])
            return _engine("torch", f"{fault}: {_WAY_OUT[name]}")
    return _engine("torch", f"the only one on {device}")


def _engine(name: str, why: str) -> Engine:
    corners, pairs = (import_module(f"lookmore.losses.{of}_{name}") for of in ("corners", "pairs"))
    return Engine(name, why, corners.corners, pairs.pairs)


@cache
def _fault(name: str) -> str:
    """Why an engine cannot be used; empty if it can. An installed package may still not load.

    What Triton compiles for the GPU at hand is compared with torch first, once a process.
    """
    if name == "torch":
        return ""
    try:
        package = import_module(name)
    except ModuleNotFoundError:
        return f"{name} is not installed"
    except ImportError as error:
        return f"{name} cannot be loaded ({error})"
    if name == "triton" and torch.cuda.is_available():
        corners = import_module("lookmore.losses.corners_triton").corners
        fault = fault_of(corners, torch.device("cuda"))
        return fault and f"{name} {package.__version__} computes wrongly: {fault}"
    return ""
