"""Distances beside Triton's corners: torch's passes over the table take next to no time."""

from lookmore.losses.pairs_torch import pairs

__all__ = ["pairs"]
