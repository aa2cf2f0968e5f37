"""What every loss asks of the embeddings it compares: a batch of rows, precise enough to trust."""

import torch
from torch import Tensor


def checked_rows(embeddings: Tensor, *, fewest: int) -> Tensor:
    """Return the embeddings in float32, or in float64 if that is what they are.

    Args:
        embeddings: ``(B, D)``, any dtype; keeps its graph.
        fewest: Rows needed for the relation to be defined.

    Returns:
        ``(B, D)`` float32 or float64.

    Raises:
        ValueError: If ``embeddings`` is not ``(B, D)`` with ``B >= fewest``.
    """
    if embeddings.ndim != 2 or len(embeddings) < fewest:
        raise ValueError(
            f"embeddings must have shape (B, D) with B >= {fewest}, got {tuple(embeddings.shape)}"
        )
    return embeddings.to(torch.promote_types(embeddings.dtype, torch.float32))


def paired_rows(*, student: Tensor, teacher: Tensor, fewest: int) -> tuple[Tensor, Tensor]:
    """Return both batches as ``checked_rows`` does, the teacher's without its graph.

    Args:
        student: ``(B, D_s)``; keeps its graph.
        teacher: ``(B, D_t)`` of the same images, in the same order; detached.
        fewest: Rows needed for the relation to be defined.

    Returns:
        ``(B, D_s)`` and ``(B, D_t)``, float32 or float64 each.

    Raises:
        ValueError: If either is not ``(B, D)`` with ``B >= fewest``, or the row counts differ.
    """
    rows = checked_rows(student, fewest=fewest)
    guide = checked_rows(teacher.detach(), fewest=fewest)
    if len(rows) != len(guide):
        raise ValueError(
            f"student and teacher must hold the same images, got {len(rows)} and {len(guide)} rows"
        )
    return rows, guide


def unit_rows(rows: Tensor) -> Tensor:
    """Return every row at length 1; a row of zeros stays zero.

    Args:
        rows: ``(B, D)``, floating point. A row of zeros receives the gradient that its unit
            row gets, so that it can leave; dividing by a tiny floor would multiply it by 1e12.

    Returns:
        ``(B, D)``, same dtype.
    """
    lengths = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    return rows / torch.where(lengths == 0, 1.0, lengths)
