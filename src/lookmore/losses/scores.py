"""What the teacher says of each class, beside what it says of images."""

import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.losses.rows import paired_rows


def scores_loss(*, student: Tensor, teacher: Tensor, temperature: float = 4.0) -> Tensor:
    """Penalise a student that finds other classes likely than its teacher does.

    Scores are softened, so that the classes a teacher nearly took count as well. It needs no
    label: also a blend of two images has its answer.

    Args:
        student: ``(B, C)`` class scores; gradient flows here.
        teacher: ``(B, C)`` class scores of the same images, in the same order; detached.
        temperature: Scores are divided by it; above 0. Large listens to unlikely classes.

    Returns:
        Scalar ``()`` float32 (float64 for a float64 student): mean over the images of
        ``KL(teacher || student)`` in nats, times ``temperature`` squared, which keeps the size of
        its gradient; ``>= 0``.

    Raises:
        ValueError: If the shapes differ, there is no row, or the temperature is not above 0.

    Source:
        Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015 (section 2),
        https://arxiv.org/abs/1503.02531. Equal to its soft term.

    Example:
        >>> scores = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
        >>> f"{scores_loss(student=scores, teacher=scores):.4f}"
        '0.0000'
        >>> f"{scores_loss(student=scores, teacher=scores[[1, 0]], temperature=1.0):.4f}"
        '1.5232'
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
    rows, guide = paired_rows(student=student, teacher=teacher, fewest=1)
    if rows.shape != guide.shape:
        raise ValueError(
            f"student and teacher must score the same classes, got {rows.shape[1]} and "
            f"{guide.shape[1]}"
        )
    with torch.autocast(rows.device.type, enabled=False):
        divergence = F.kl_div(
            F.log_softmax(rows / temperature, dim=1),
            F.log_softmax(guide.to(rows.dtype) / temperature, dim=1),
            log_target=True,
            reduction="batchmean",
        )
        return temperature**2 * divergence
