"""Sharp images of people in, ranked people for images of few pixels out."""

from lookmore.search.entries import Entries
from lookmore.search.gallery import Added, Gallery
from lookmore.search.matches import Match, Matches
from lookmore.search.space import Space

__all__ = ["Added", "Entries", "Gallery", "Match", "Matches", "Space"]
