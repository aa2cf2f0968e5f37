"""Rivals' losses, from torchdistill, in the clothes that `run_chain` takes: never imported by us.

Weights, unless a line says otherwise, are those that the rivals' authors published, or, where
these depend on the size of the features, those of Tian et al., *Contrastive Representation
Distillation*, ICLR 2020, who compare all of them (table 1 and its code's README,
https://github.com/HobbitLong/RepDistiller). Every rival keeps the recipe's own task loss beside
it, and sees the same views.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchdistill.losses import mid_level

from lookmore.chain.foreign import SCORES, ForeignLoss


class Adapted(nn.Module):
    """A torchdistill loss that is shown a learner's output and a guide.

    Args:
        loss: Takes two dicts, of the student and of the teacher.
        of: What of the student's output it is about: ``embeddings`` or ``logits``.
        guide: What it is compared with.
    """

    def __init__(self, loss: nn.Module, *, of: str, guide: str) -> None:
        super().__init__()
        self.loss, self.of, self.guide = loss, of, guide

    def forward(self, output: Any, guides: Mapping[str, Tensor]) -> Tensor:
        """Return the loss ``()`` of a batch, in float32."""
        student = getattr(output, self.of).float()
        teacher = guides[self.guide].float().detach()
        with torch.autocast(student.device.type, enabled=False):
            value: Tensor = self.loss({"it": {"output": student}}, {"it": {"output": teacher}})
        return value


class SimilarityPreserving(nn.Module):
    """Tung and Mori's loss on two dicts, as the others take them.

    Not torchdistill's: its rows of similarities are divided by their sum of absolute values
    (1.1.5), where the paper's equation 2 divides them by their Euclidean length.
    """

    def forward(
        self,
        student: Mapping[str, Mapping[str, Tensor]],
        teacher: Mapping[str, Mapping[str, Tensor]],
    ) -> Tensor:
        """Return the loss ``()`` of a batch: equation 4 of the paper, for one layer."""
        rows, guide = (
            F.normalize(found @ found.T)
            for found in (student["it"]["output"], teacher["it"]["output"])
        )
        return (guide - rows).square().sum() / len(rows) ** 2


def _embeddings(make: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: Adapted(make(), of="embeddings", guide="teacher")


def _scores(make: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: Adapted(make(), of="logits", guide=SCORES)


def _rkd(distance: float, angle: float) -> Callable[[], nn.Module]:
    return _embeddings(
        lambda: mid_level.RKDLoss(
            student_output_path="it",
            teacher_output_path="it",
            dist_factor=distance,
            angle_factor=angle,
            reduction="mean",
        )
    )


_LOGITS = {
    "student_module_path": "it",
    "student_module_io": "output",
    "teacher_module_path": "it",
    "teacher_module_io": "output",
}

RIVALS: Mapping[str, ForeignLoss] = {
    loss.name: loss
    for loss in (
        # Hinton et al., 2015; temperature 4. torchdistill multiplies by its square only where it
        # adds the labels' loss itself, which the recipe does here: 0.9 * 16
        ForeignLoss(
            "kd", 14.4, (SCORES,),
            _scores(lambda: mid_level.KDLoss(**_LOGITS, temperature=4.0, alpha=0)),
        ),
        # Huang et al., NeurIPS 2022: beta = gamma = 2, tau = 4 for CIFAR-100 (its section 4.3)
        ForeignLoss(
            "dist", 1.0, (SCORES,),
            _scores(lambda: mid_level.DISTLoss(**_LOGITS, beta=2.0, gamma=2.0, tau=4.0)),
        ),
        # Park et al., CVPR 2019: 25 and 50 where there is a task loss, and 1 : 2 alone, which is
        # the same but for the scale
        ForeignLoss("rkd-d", 25.0, ("teacher",), _rkd(1.0, 0.0)),
        ForeignLoss("rkd-da", 25.0, ("teacher",), _rkd(1.0, 2.0)),
        # Tung and Mori, ICCV 2019
        ForeignLoss(
            "sp", 3000.0, ("teacher",),
            _embeddings(SimilarityPreserving),
        ),
        # Peng et al., ICCV 2019: the Gaussian kernel of order 2, gamma 0.4. The weight is ours:
        # the gradient on embeddings is then about as large as RKD-DA's
        ForeignLoss(
            "cc", 1000.0, ("teacher",),
            _embeddings(
                lambda: mid_level.CCKDLoss(
                    "it", "it", {"type": "gaussian", "gamma": 0.4, "max_p": 2}, "batchmean"
                )
            ),
        ),
        # Passalis and Tefas, ECCV 2018
        ForeignLoss(
            "pkt", 30000.0, ("teacher",),
            _embeddings(
                lambda: mid_level.PKTLoss("it", "output", "it", "output")
            ),
        ),
    )
}  # fmt: skip
