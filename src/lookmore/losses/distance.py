"""Distance-wise relations: how far apart the images of a batch lie from one another."""

from torch import Tensor

from lookmore.losses.analytic import Part, with_gradients
from lookmore.losses.engines import Engine, choose_engine
from lookmore.losses.pull import pulled
from lookmore.losses.rows import paired_rows
from lookmore.losses.sides import Sides, sides_of


def distance_loss(*, student: Tensor, teacher: Tensor, engine: str = "auto") -> Tensor:
    """Penalise a student that spaces the batch differently from its teacher.

    Only the pattern of distances is compared, never the coordinates, so the two streams
    may differ in embedding width and in scale.

    Args:
        student: ``(B, D_s)`` embeddings; gradient flows here. A collapsed batch has none.
        teacher: ``(B, D_t)`` embeddings of the same images, in the same order; detached.
        engine: As in ``angle_loss``.

    Returns:
        Scalar ``()`` float32 (float64 for a float64 student): mean Huber penalty over the
        ``B * B`` entries, ``>= 0``; always 0 for ``B = 2``, where there is only one distance
        to compare.

    Raises:
        ValueError: If the batch sizes differ, or either batch has fewer than two rows.
        ConfigError: If there is no such engine for the device.
        MissingExtraError: If an engine asked for by name is not installed.

    Source:
        Park et al., *Relational Knowledge Distillation*, CVPR 2019 (distance-wise loss),
        https://arxiv.org/abs/1904.05068. Equal to it except for a collapsed batch, whose
        relative distances are 0 here.

    Example:
        >>> import torch
        >>> even = torch.tensor([[0.0], [1.0], [2.0]])
        >>> uneven = torch.tensor([[0.0], [1.0], [3.0]])
        >>> f"{distance_loss(student=even, teacher=uneven).item():.4f}"
        '0.0139'
    """
    rows, guide = paired_rows(student=student, teacher=teacher, fewest=2)
    chosen = choose_engine(engine, rows.device)
    (value,) = with_gradients(
        lambda rows, guide: [distance_part(sides_of(student=rows, teacher=guide), chosen)],
        student=rows,
        teacher=guide,
    )
    return value


def distance_part(sides: Sides, engine: Engine) -> Part:
    """Return the loss and its gradient, from the table of squared distances.

    Args:
        sides: Of both streams.
        engine: Compares the distances.

    Returns:
        In float64.
    """
    penalty, springs = engine.pairs(sides.table)
    return pulled(penalty, springs, sides, entries=len(springs) ** 2)
