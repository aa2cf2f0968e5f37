"""Recognise images from few pixels.

``lookmore.load(PATH)`` opens a trained student; ``lookmore.losses`` holds the relational losses
for use in anyone's training loop. Both are imported when first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookmore import losses
    from lookmore.checkpoint.recogniser import Recogniser, load

__version__ = "0.1.0"
__all__ = ["Recogniser", "__version__", "load", "losses"]


def __getattr__(name: str) -> Any:
    """Import torch only when something needs it, so that ``lookmore --help`` is quick."""
    if name == "losses":
        return importlib.import_module("lookmore.losses")
    if name in ("load", "Recogniser"):
        return getattr(importlib.import_module("lookmore.checkpoint.recogniser"), name)
    raise AttributeError(f"module 'lookmore' has no attribute {name!r}")
