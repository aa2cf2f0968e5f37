"""Docstrings' examples shown as code: ours are headed ``Example:``, griffe knows ``Examples:``."""

import re
from typing import Any

import griffe


class Examples(griffe.Extension):
    """Rename one heading in every docstring before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rename it in one function's or class's docstring; griffe calls this for each."""
        if obj.docstring is not None:
            text = obj.docstring.value
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", text, flags=re.MULTILINE)
