"""What the API answers; the sentences below each field are its documentation."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

_DOCUMENTED: Final[dict[str, Any]] = {"use_attribute_docstrings": True}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why there is no answer."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _DOCUMENTED

    detail: str
    """One line: the thing, what was expected, what came, the way out."""

    request_id: str
    """As in the header `X-Request-ID` and in the server's log."""


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """Embeddings of images."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _DOCUMENTED

    embeddings: list[list[float]]
    """One row per image, of length 1; compare them by dot product."""

    sides: list[int]
    """Side of the square cut out of each image, in pixels, before it was resized."""

    recognisability: list[float] | None
    """How near each embedding is expected to be to what the teacher would say of the sharp image,
    in [0, 1]; null if this student does not tell."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A calibrated threshold, for images as recognisable as these."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _DOCUMENTED

    threshold: float
    """Two images count as the same from this similarity on."""

    far: float
    """False accept rate of one comparison that it was calibrated for, in (0, 1)."""

    tar: float
    """Share of the genuine pairs that it accepts, in [0, 1]."""

    probe_side: int
    """Side of the probes that it was measured on, in pixels: the nearest there is."""

    degradation: str
    """How those probes lost their detail."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two images, compared."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _DOCUMENTED

    similarity: float
    """Cosine of the two embeddings, in [-1, 1]; larger is more alike."""

    same: bool | None
    """The decision; null if no threshold was calibrated for such a pair."""

    rule: Rule | None
    """What decided."""

    reason: str
    """The decision in one sentence."""

    sides: list[int]
    """Sides of both images, in pixels."""

    recognisability: list[float] | None
    """Of both images, in [0, 1]; null if this student does not tell."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One person that a probe may show."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _DOCUMENTED

    person: str
    """As enrolled."""

    similarity: float
    """Cosine to the person, in [-1, 1]; larger is nearer."""

    accepted: bool | None
    """Whether the similarity reaches the threshold; null where none was calibrated."""

    picture: str | None
    """Name of the picture below `/pictures/`; null where there is none to show."""


@dataclass(frozen=True, kw_only=True)
class Searched:
    """The nearest people of one probe, best first."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _DOCUMENTED

    side: int
    """Side of the probe, in pixels, as both networks saw it."""

    own_side: int
    """Side of the square cut out of the image, in pixels."""

    matches: list[Found]
    """What the student says, best first."""

    rule: Rule | None
    """The threshold that decided about `accepted`."""

    no_decision: str | None
    """Why no threshold decides; null if one does."""

    people: int
    """People in the gallery: each is one more chance of a false accept."""

    recognisability: float | None
    """Of the probe, in [0, 1]; null if this student does not tell."""

    teacher: list[Found] | None
    """What the teacher says of the same pixels scaled up; null if not asked for or not there."""

    teacher_absent: str | None
    """Why there is no teacher's answer although it was asked for."""

    probe: str | None
    """The probe as a `data:` URL of a PNG; null if not asked for."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody enrolled."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _DOCUMENTED

    name: str
    """As enrolled."""

    images: int
    """How many images are enrolled of them."""

    picture: str | None
    """Name of the picture below `/pictures/`; null where there is none to show."""


@dataclass(frozen=True, kw_only=True)
class People:
    """A part of those enrolled, in alphabetical order."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _DOCUMENTED

    people: list[Person]
    """Of this part."""

    total: int
    """How many there are in all."""


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """What an enrolment did."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _DOCUMENTED

    name: str
    """Of the person."""

    added: int
    """Images that were not there before."""

    sides: list[int]
    """Side of the square cut out of each image, in pixels: sharp ones make a good gallery."""

    people: int
    """People in the gallery now."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What is served here."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _DOCUMENTED

    name: str
    """Of the run or file."""

    version: str
    """Of lookmore."""

    side: int
    """Side that the student was trained for, in pixels."""

    sharp_side: int
    """Side of the sharp images that the teacher sees, in pixels."""

    width: int
    """Numbers in an embedding."""

    teacher: str | None
    """The teacher that is asked beside the student; null if there is none."""

    teacher_absent: str | None
    """Why there is none."""

    recognisability: bool
    """Whether the student tells how much of an image it can make out."""

    fars: list[float]
    """False accept rates that thresholds were calibrated for, against this gallery."""

    people: int | None
    """People in the gallery; null if none was given."""

    through: str | None
    """Whose embeddings the gallery holds: teacher, assistant or student."""

    enrol_absent: str | None
    """Why nobody can be enrolled; null if one can."""

    max_upload_bytes: int
    """Most bytes of one request."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """Whether requests are answered."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _DOCUMENTED

    status: str
    """`ok`."""
