"""Compilation by numba, an optional package: the modules that use it load without it."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar, cast

_Compiled = TypeVar("_Compiled", bound=Callable[..., object])


def compiled(function: _Compiled) -> _Compiled:
    """Compile at the first call. Sums may be reordered; NaN and infinity stay what they are.

    Args:
        function: Of numbers and arrays, as numba knows them.

    Returns:
        The same, fast, and without the interpreter's lock; ``function`` itself where numba is not
        there, so that its module loads. `engines` sees to it that nobody calls it then.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    options["fastmath"] = {"reassoc", "contract", "nsz"}
    try:
        numba = import_module("numba")
    except ImportError:
        return function
    try:
        return cast(_Compiled, numba.njit(cache=True, **options)(function))
    except RuntimeError:  # nowhere to keep what was compiled: neither the package nor a home
        return cast(_Compiled, numba.njit(**options)(function))
