"""The stamp of a gallery: in whose space its embeddings lie, and so who may search there."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from lookmore.checkpoint.recogniser import Recogniser
from lookmore.errors import CheckpointError, GalleryError

THROUGH = ("teacher", "assistant", "student")


@dataclass(frozen=True, kw_only=True)
class Space:
    """Who embedded the images of a gallery, and in which space they are placed."""

    through: str
    """Who embedded them: ``teacher``, ``assistant`` or ``student``."""

    name: str
    """How that network is called, for people."""

    fingerprint: str
    """Of that network: equal means equal embeddings."""

    placed: str
    """Fingerprint of the space in which the teacher's embeddings are compared."""

    width: int
    """Numbers in an embedding."""

    run: str
    """Where the student lay that the gallery was made for; empty: not known."""

    student: str
    """Sha256 of that student's weights."""

    @classmethod
    def of(cls, recogniser: Recogniser, *, through: str, run: str = "") -> Self:
        """Return the space in which a student meets images embedded by one of its run's networks.

        Args:
            recogniser: The student.
            through: ``teacher``, ``assistant`` or ``student``.
            run: Where it lies.

        Raises:
            CheckpointError: If the student does not live in that network's space.
            ValueError: If ``through`` is another word.
        """
        if through not in THROUGH:
            raise ValueError(f"through must be one of {', '.join(THROUGH)}, got {through!r}")
        facts = recogniser.facts
        teacher = facts.get("teacher", {})
        if through != "student" and not recogniser.artefact.meets_teacher:
            raise CheckpointError(
                f"the student {run or 'given'} has a space of its own, in which its {through} has "
                "no place: make the gallery through the student (--through student), or train it "
                "with guides at the teacher's width"
            )
        if through == "assistant" and "assistant" not in facts:
            raise CheckpointError(f"the run {run or 'given'} has no assistant: use its teacher")
        found = {
            "teacher": (teacher.get("name", ""), teacher.get("fingerprint", "")),
            "assistant": ("assistant", facts.get("assistant", "")),
            "student": ("student", facts["weights_sha256"]),
        }
        name, fingerprint = found[through]
        return cls(
            through=through,
            name=name,
            fingerprint=fingerprint,
            placed=recogniser.guide_space.fingerprint,
            width=recogniser.width,
            run=run,
            student=facts["weights_sha256"],
        )

    @classmethod
    def from_facts(cls, facts: Any) -> Self:
        """Return the space that `facts` wrote; GalleryError if it is none."""
        wanted = {field.name: field.type for field in fields(cls)}
        if not isinstance(facts, dict) or {k: type(v) for k, v in facts.items()} != wanted:
            raise GalleryError(f"a gallery's space must state {sorted(wanted)}")
        return cls(**facts)

    def facts(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)

    def check(self, recogniser: Recogniser, *, gallery: str) -> None:
        """Refuse a student that would compare what cannot be compared.

        Another student of the same teacher and space is welcome: that is what a gallery in the
        teacher's space is for.

        Args:
            recogniser: Who wants to search.
            gallery: What the gallery is called; opens the message.

        Raises:
            GalleryError: If it was made by another teacher, assistant or student, placed in
                another space, or of another width.
        """
        try:
            other = Space.of(recogniser, through=self.through)
        except CheckpointError as error:
            raise GalleryError(f"{gallery} does not fit this student: {error}") from error
        anew = "search with the run it was made for, or index the images anew through this one"
        if other.width != self.width:
            raise GalleryError(
                f"{gallery} holds embeddings of width {self.width}, this student's have "
                f"{other.width}: {anew}"
            )
        if other.fingerprint != self.fingerprint:
            raise GalleryError(
                f"{gallery} was made through another {self.through}, {self.name} "
                f"{self.fingerprint[:8]}, than this student's, {other.name} "
                f"{other.fingerprint[:8]}: {anew}"
            )
        if other.placed != self.placed:
            raise GalleryError(
                f"{gallery} was placed in another guide space ({self.placed[:8]}) than this "
                f"student's ({other.placed[:8]}): {anew}"
            )
