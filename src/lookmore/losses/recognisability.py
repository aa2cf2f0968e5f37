"""How well a stream knows itself: the cosine that it predicts, against the one that it reached."""

import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.losses.rows import paired_rows, unit_rows


def recognisability_loss(*, scores: Tensor, student: Tensor, teacher: Tensor) -> Tensor:
    """Penalise scores that are not the cosine between the student's embedding and the teacher's.

    A score that is right says how far the student's answer is from what the teacher says of the
    sharp image, where there is no sharp image to ask about. Only the scores learn: neither
    embedding receives a gradient.

    Args:
        scores: ``(B,)`` predicted cosines in [0, 1]; gradient flows here.
        student: ``(B, D)`` embeddings of what the student sees; detached.
        teacher: ``(B, D)`` embeddings of the same images, in the same order; detached.

    Returns:
        Scalar ``()`` float32 (float64 for float64 scores): mean divergence in nats of a coin that
        falls with the predicted probability from one that falls with the cosine (negative cosines
        count as 0); ``>= 0``, and 0 if all scores are right. Its minimum over scores of equal
        images is at their mean cosine.

    Raises:
        ValueError: If the shapes differ, there is no row, or not one score per row.

    Source:
        Regressing a network's own error on its frozen features: Corbiere et al., *Addressing
        Failure Prediction by Learning Model Confidence*, NeurIPS 2019,
        https://arxiv.org/abs/1910.04851; and Yoo, Kweon, *Learning Loss for Active Learning*,
        CVPR 2019, https://arxiv.org/abs/1905.03677. There the target is the probability of the
        true class or the task loss, compared by squares or by rank; here it is the cosine to the
        guide, compared by cross-entropy.

    Example:
        >>> student = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
        >>> teacher = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> recognisability_loss(scores=torch.tensor([1.0, 0.0]), student=student, teacher=teacher)
        tensor(0.)
        >>> scores = torch.tensor([0.5, 0.5])
        >>> recognisability_loss(scores=scores, student=student, teacher=teacher)
        tensor(0.6931)
    """
    rows, guide = paired_rows(student=student.detach(), teacher=teacher, fewest=1)
    if rows.shape != guide.shape:
        raise ValueError(
            f"student and teacher must have equal widths, got {rows.shape[1]} and {guide.shape[1]}"
        )
    if scores.shape != rows.shape[:1]:
        raise ValueError(
            f"scores must have shape ({len(rows)},), one per image, got {tuple(scores.shape)}"
        )
    with torch.autocast(rows.device.type, enabled=False):
        predicted = scores.to(torch.promote_types(scores.dtype, torch.float32))
        cosines = (unit_rows(rows) * unit_rows(guide).to(rows.dtype)).sum(1).clamp(0, 1)
        target = cosines.to(predicted.dtype)
        # less what the cosines themselves leave open, so that being right costs nothing
        return F.binary_cross_entropy(predicted, target) - F.binary_cross_entropy(target, target)
