"""Recognise images from few pixels.

``lookmore.load(PATH)`` opens a trained student; ``lookmore.losses`` holds the relational losses
for use in anyone's training loop. Both are imported when first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookmore import losses
    from lookmore.checkpoint.load import load
    from lookmore.checkpoint.recogniser import Recogniser

__version__ = "0.1.0"
__all__ = ["Recogniser", "__version__", "load", "losses"]


def __getattr__(name: str) -> Any:
    """Import torch only when something needs it, so that ``lookmore --help`` is quick."""
    if name == "losses":
        return importlib.import_module("lookmore.losses")
    if name == "load":
        return importlib.import_module("lookmore.checkpoint.load").load
    if name == "Recogniser":
        return importlib.import_module("lookmore.checkpoint.recogniser").Recogniser
    raise AttributeError(f"module 'lookmore' has no attribute {name!r}")
