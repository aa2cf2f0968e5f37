"""Angle-wise relations: the corners of every triangle that three images of a batch make."""

from torch import Tensor

from lookmore.losses.analytic import Part, with_gradients
from lookmore.losses.engines import Engine, choose_engine
from lookmore.losses.pull import pulled
from lookmore.losses.rows import paired_rows
from lookmore.losses.sides import Sides, sides_of


def angle_loss(*, student: Tensor, teacher: Tensor, engine: str = "auto") -> Tensor:
    """Penalise a student that sees the batch under other angles than its teacher.

    For every image ``i``, the cosine of the angle at ``i`` between ``j`` and ``k`` is compared.
    Blind to scale, shift and rotation; widths may differ. Two images in one place have no
    direction: every angle with such a side counts as cosine 0 and sends no gradient.

    Args:
        student: ``(B, D_s)`` embeddings; gradient flows here (once: it has no graph of its own).
        teacher: ``(B, D_t)`` embeddings of the same images, in the same order; detached.
        engine: ``auto``, ``torch``, ``numba`` (CPU, extra ``fast``) or ``triton`` (CUDA), which
            agree to within rounding; auto is the best that is installed.

    Returns:
        Scalar ``()`` float32 (float64 for a float64 student): mean Huber penalty over the
        ``B * B * B`` entries, ``>= 0``.

    Raises:
        ValueError: If the batch sizes differ, or either batch has fewer than two rows.
        ConfigError: If there is no such engine for the device.
        MissingExtraError: If an engine asked for by name is not installed.

    Source:
        Park et al., *Relational Knowledge Distillation*, CVPR 2019 (angle-wise loss),
        https://arxiv.org/abs/1904.05068. Equal to it in value and gradient. Computed from
        the table of distances by the law of cosines, so it never holds ``B * B * D`` numbers.

    Example:
        >>> import torch
        >>> corner = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> line = torch.tensor([[0.0], [1.0], [2.0]])
        >>> f"{angle_loss(student=corner, teacher=corner).item():.4f}"
        '0.0000'
        >>> f"{angle_loss(student=corner, teacher=line).item():.4f}"
        '0.1296'
    """
    rows, guide = paired_rows(student=student, teacher=teacher, fewest=2)
    chosen = choose_engine(engine, rows.device)
    (value,) = with_gradients(
        lambda rows, guide: [angle_part(sides_of(student=rows, teacher=guide), chosen)],
        student=rows,
        teacher=guide,
    )
    return value


def angle_part(sides: Sides, engine: Engine) -> Part:
    """Return the loss and its gradient, from the table of squared distances.

    Args:
        sides: Of both streams.
        engine: Compares the corners.

    Returns:
        In float64.
    """
    penalty, springs = engine.corners(sides.table)
    return pulled(penalty, springs, sides, entries=len(springs) ** 3)
