"""What every file of a trained student says besides its weights, whatever its format."""

from dataclasses import dataclass
from typing import Any

from lookmore.checkpoint.checkpoint import Checkpoint
from lookmore.checkpoint.thresholds import Threshold
from lookmore.teachers.space import GuideSpace


@dataclass(frozen=True, kw_only=True, eq=False)
class Artefact:
    """All that is needed to use a student's network, and to judge what it says."""

    side: int
    """Height and width of what the network sees, in pixels."""

    width: int
    """Numbers in an embedding, ``D``."""

    fit: str
    """How an image becomes square: ``crop``, ``squash`` or ``pad``, as in training."""

    class_names: tuple[str, ...]
    """Of the classes that it scores, in the order of its scores; none where it scores none."""

    guide_space: GuideSpace
    """Where the teacher's embeddings meet the student's."""

    thresholds: tuple[Threshold, ...]
    """From which similarity on two images show the same; none where nobody calibrated."""

    facts: dict[str, Any]
    """Teacher, hash of the weights, commit, versions; plain JSON."""

    @property
    def meets_teacher(self) -> bool:
        """Whether its embeddings may be compared with those of its teacher."""
        return self.guide_space.width == self.width and bool(self.facts.get("guides", True))


def artefact_of(checkpoint: Checkpoint, thresholds: tuple[Threshold, ...]) -> Artefact:
    """Return what a checkpoint says.

    Args:
        checkpoint: Of a stream.
        thresholds: That were measured with it.
    """
    stream, facts = checkpoint.stream, checkpoint.facts
    return Artefact(
        side=stream.side,
        width=stream.width,
        fit=facts["recipe"]["data"]["fit"],
        class_names=tuple(facts["class_names"]) if stream.classes else (),
        guide_space=checkpoint.guide_space,
        thresholds=thresholds,
        facts=facts,
    )
