"""Group relations: whom each image of a batch resembles, among all the others."""

import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.losses.rows import paired_rows, unit_rows


def group_loss(*, student: Tensor, teacher: Tensor, temperature: float = 0.1) -> Tensor:
    """Penalise a student that finds other images alike than its teacher does.

    Each image spreads one unit of attention over all other images of the batch, by the softmax
    of their cosines. An addition of this project to the three orders of relations; widths may
    differ. It rewards any space with the right neighbours, so it says little beside the others.

    Args:
        student: ``(B, D_s)`` embeddings; gradient flows here.
        teacher: ``(B, D_t)`` embeddings of the same images, in the same order; detached.
        temperature: Cosines are divided by it; above 0. Small looks at near neighbours only.

    Returns:
        Scalar ``()`` float32 (float64 for a float64 student): mean over the images of
        ``KL(teacher || student)`` in nats, ``>= 0``; always 0 for ``B = 2``.

    Raises:
        ValueError: If the batch sizes differ, either batch has fewer than two rows, or the
            temperature is not above 0.

    Example:
        >>> rows = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> f"{group_loss(student=rows, teacher=rows):.4f}"
        '0.0000'
        >>> f"{group_loss(student=rows, teacher=-rows[[0, 2, 1]], temperature=1.0):.4f}"
        '0.1200'
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
    rows, guide = paired_rows(student=student, teacher=teacher, fewest=2)
    with torch.autocast(rows.device.type, enabled=False):
        return F.kl_div(
            _attention(rows, temperature),
            _attention(guide, temperature).to(rows.dtype),
            log_target=True,
            reduction="batchmean",
        )


def _attention(rows: Tensor, temperature: float) -> Tensor:
    """Logarithm of each image's shares on the others, ``(B, B - 1)``."""
    units = unit_rows(rows)
    others = ~torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    cosines = (units @ units.T)[others].view(len(rows), -1)
    return F.log_softmax(cosines / temperature, dim=1)
