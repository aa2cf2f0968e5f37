"""What is answered about images: their embeddings, whether two show the same, who it is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lookmore.checkpoint.comparison import choose_threshold
from lookmore.checkpoint.provenance import versions
from lookmore.checkpoint.recogniser import Recogniser
from lookmore.checkpoint.thresholds import Threshold
from lookmore.search import Gallery, Match
from lookmore.search.answers import why_no_decision
from lookmore.serve.answers import About, Compared, Embedded, Found, Rule, Searched
from lookmore.serve.enrolment import Enrolment
from lookmore.serve.networks import Networks, Word, submit
from lookmore.serve.pictures import Darkroom, data_url
from lookmore.serve.refusal import RefusalError

SHARP_SIDE = 112
"""Pixels, where a student does not say what side its teacher saw."""


class Upload(NamedTuple):
    """A file that came with a request."""

    name: str
    """Of the field, for errors; the client's file name is never looked at."""

    data: bytes
    """Its content."""


class Service:
    """Answers requests; its methods may be called by many threads at once.

    Args:
        student: Asked for every probe.
        networks: The student, and who is asked beside it, as queues.
        darkroom: Decodes images.
        enrolment: The gallery; ``None`` where there is none.
        name: Of the run or file.
        teacher_absent: Why no teacher is asked; ``None`` if one is.
        tells: Whether the student tells how recognisable an image is, for `about`.
        max_upload_bytes: Of one request, for `about`.
    """

    def __init__(
        self,
        student: Recogniser,
        *,
        networks: Networks,
        darkroom: Darkroom,
        enrolment: Enrolment | None,
        name: str,
        teacher_absent: str | None,
        tells: bool,
        max_upload_bytes: int,
    ) -> None:
        self.student, self.networks, self.enrolment = student, networks, enrolment
        self._darkroom, self._name = darkroom, name
        self._teacher_absent, self._tells = teacher_absent, tells
        self._max_upload_bytes = max_upload_bytes

    def embed(self, uploads: Sequence[Upload]) -> Embedded:
        """Return the student's embeddings, the same as `Recogniser.embed`.

        Args:
            uploads: Images.

        Raises:
            UnreadableImageError: If one cannot be read.
            RefusalError: If the queue is full or the answer takes too long.
        """
        words, sides = self._words(uploads)
        return Embedded(
            embeddings=[word.embedding.tolist() for word in words],
            sides=sides,
            recognisability=_scores(words),
        )

    def compare(self, a: Upload, b: Upload, *, far: float | None) -> Compared:
        """Say whether two images show the same, as `Recogniser.compare` does.

        Args:
            a: An image.
            b: Another.
            far: Decide at this false accept rate; ``None`` = the smallest that was calibrated.

        Raises:
            ConfigError: If thresholds were calibrated, but not at ``far``.
            UnreadableImageError: If one cannot be read.
            RefusalError: If the queue is full or the answer takes too long.
        """
        words, sides = self._words([a, b])
        rows = np.stack([word.embedding for word in words])
        scores = _scores(words)
        found = self.student.judge(
            rows, sides=(sides[0], sides[1]), recognisability=scores, far=far
        )
        return Compared(
            similarity=found.similarity,
            same=found.same,
            rule=_rule(found.threshold),
            reason=found.reason,
            sides=sides,
            recognisability=scores,
        )

    def search(
        self,
        image: Upload,
        *,
        k: int,
        side: int | None,
        far: float | None,
        teacher: bool,
        show: bool,
    ) -> Searched:
        """Return the people whom an image may show.

        Args:
            image: The probe.
            k: People to name.
            side: Shrink the probe to so many pixels first; ``None`` = as it is.
            far: Decide at this false accept rate; ``None`` = the smallest that was calibrated.
            teacher: Ask the teacher too, fed the same pixels scaled up.
            show: Return the probe as a picture.

        Raises:
            ConfigError: If thresholds were calibrated, but not at ``far``.
            UnreadableImageError: If the image cannot be read.
            RefusalError: If there is no gallery, the queue is full, or it takes too long.
        """
        enrolment = self.gallery()
        probe = self._darkroom.develop(image.data, name=image.name, side=side)
        asked = submit(self.networks.student, [probe.seen])
        beside = self.networks.teacher if teacher else None
        asked_beside = [] if beside is None else submit(beside, [probe.pixels])
        (word,) = self.networks.wait(asked)
        rows = self.networks.wait(asked_beside)
        rule = choose_threshold(
            self.student.thresholds,
            probe_side=probe.side,
            gallery=enrolment.against,
            recognisability=_scores([word]),
            far=far,
        )
        gallery = enrolment.now()
        return Searched(
            side=probe.side,
            own_side=probe.own_side,
            matches=self._found(gallery.search(word.embedding[None], k)[0], rule),
            rule=_rule(rule),
            no_decision=self._no_decision(gallery) if rule is None else None,
            people=len(gallery),
            recognisability=word.recognisability,
            teacher=self._found(gallery.search(rows[0][None], k)[0], None) if rows else None,
            teacher_absent=self._teacher_absent if teacher else None,
            probe=data_url(probe.pixels) if show else None,
        )

    def about(self) -> About:
        """Say what is served here."""
        facts, enrolment = self.student.facts, self.enrolment
        against = enrolment.against if enrolment else "same side"
        fars = {found.far for found in self.student.thresholds if found.gallery == against}
        teacher = facts.get("teacher", {}).get("name", "teacher")
        return About(
            name=self._name,
            version=versions()["lookmore"],
            side=self.student.side,
            sharp_side=sharp_side(self.student),
            width=self.student.width,
            teacher=None if self._teacher_absent else teacher,
            teacher_absent=self._teacher_absent,
            recognisability=self._tells,
            fars=sorted(fars),
            people=len(enrolment.now()) if enrolment else None,
            through=enrolment.gallery.space.through if enrolment else None,
            enrol_absent=enrolment.absent if enrolment else _NO_GALLERY,
            max_upload_bytes=self._max_upload_bytes,
        )

    def gallery(self) -> Enrolment:
        """Return the gallery.

        Raises:
            RefusalError: If the server was started without one.
        """
        if self.enrolment is None:
            raise RefusalError(409, _NO_GALLERY)
        return self.enrolment

    def _no_decision(self, gallery: Gallery) -> str:
        reason = why_no_decision(gallery, self.student, run=self._name)
        sentence = reason.removeprefix("No decision: ")
        return sentence[0].upper() + sentence[1:]

    def _words(self, uploads: Sequence[Upload]) -> tuple[list[Word], list[int]]:
        probes = [self._darkroom.develop(upload.data, name=upload.name) for upload in uploads]
        words = self.networks.wait(submit(self.networks.student, [probe.seen for probe in probes]))
        return words, [probe.own_side for probe in probes]

    def _found(self, matches: Sequence[Match], rule: Threshold | None) -> list[Found]:
        enrolment = self.gallery()
        return [
            Found(
                person=match.person,
                similarity=match.similarity,
                accepted=None if rule is None else match.similarity >= rule.threshold,
                picture=enrolment.pictures.issue(match.person, match.image),
            )
            for match in matches
        ]


_NO_GALLERY = "this server has no gallery: start it with --index INDEX (see lookmore index)"


def sharp_side(student: Recogniser) -> int:
    """Return the side of the images that a student's teacher saw, in pixels."""
    side = student.facts.get("recipe", {}).get("data", {}).get("side", SHARP_SIDE)
    return side if isinstance(side, int) else SHARP_SIDE


def _scores(words: Sequence[Word]) -> list[float] | None:
    told = [word.recognisability for word in words if word.recognisability is not None]
    return told if len(told) == len(words) else None


def _rule(threshold: Threshold | None) -> Rule | None:
    if threshold is None:
        return None
    return Rule(
        threshold=threshold.threshold,
        far=threshold.far,
        tar=threshold.tar,
        probe_side=threshold.probe_side,
        degradation=threshold.degradation,
    )
