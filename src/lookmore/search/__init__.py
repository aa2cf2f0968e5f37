"""Sharp images of people in, ranked people for images of few pixels out."""

from lookmore.search.answers import Answer, ask
from lookmore.search.enrol import Enroller, open_enroller
from lookmore.search.entries import Entries
from lookmore.search.gallery import Added, Gallery
from lookmore.search.imports import import_embeddings
from lookmore.search.listing import Listed, list_files, list_people
from lookmore.search.matches import Match, Matches
from lookmore.search.space import Space

__all__ = [
    "Added",
    "Answer",
    "Enroller",
    "Entries",
    "Gallery",
    "Listed",
    "Match",
    "Matches",
    "Space",
    "ask",
    "import_embeddings",
    "list_files",
    "list_people",
    "open_enroller",
]
