"""What a stage minimises: relations to each guide, and the task."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lookmore.engine.batch import Batch
from lookmore.engine.coarser import coarser
from lookmore.losses import HybridOrder, gather_rows, recognisability_loss, scores_loss
from lookmore.streams.stream import StreamOutput


class StageObjective(nn.Module):
    """Named terms of one stage for one learner.

    Args:
        learner: Called on ``batch.images``; returns embeddings and logits.
        role: Name of the learner in the terms: ``assistant`` or ``student``.
        relations: One `HybridOrder` per guide name.
        task_loss: Called with the learner's output and the labels; ``None`` = no task term.
        task_name: Name of the task term, such as ``arcface``.
        foreign: Name to a loss from outside, called with the learner's output and the guides.
        scores: Guide name to the name its class scores go by in a batch, where they are learnt.
        score_temperature: Of ``scores_loss``.
        judge: Guide whose embeddings the learner's recognisability is learnt from, on the batch and
            on some of its images made coarser; ``None`` = the learner predicts none.
    """

    def __init__(
        self,
        *,
        learner: nn.Module,
        role: str,
        relations: Mapping[str, HybridOrder],
        task_loss: nn.Module | None,
        task_name: str,
        foreign: Mapping[str, nn.Module] | None = None,
        scores: Mapping[str, str] | None = None,
        score_temperature: float = 4.0,
        judge: str | None = None,
    ) -> None:
        super().__init__()
        self.learner = learner
        self.role = role
        self.relations = dict(relations)
        self._relation_modules = nn.ModuleList(relations.values())  # so that their maps train
        self.task_loss = task_loss
        self.task_name = task_name
        self.foreign = nn.ModuleDict(foreign or {})
        self.scores, self.score_temperature = dict(scores or {}), score_temperature
        self.judge = judge

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Compute every term of one batch.

        With several processes, relations, class scores and task are of the batches of all of
        them, on each: averaged gradients are then those of one process with the whole batch.
        Recognisability stays with each process's own images; its average is the same.

        Returns:
            Unweighted scalars named ``ORDER/GUIDE_to_ROLE``, ``task/NAME``, ``foreign/NAME``,
            ``recognisability/GUIDE_to_ROLE``.

        Raises:
            ValueError: If class scores or recognisability are to be learnt, and the learner has
                none.
        """
        own = self.learner(batch.images)
        output = StreamOutput(
            gather_rows(own.embeddings),
            gather_rows(own.raw),
            None if own.logits is None else gather_rows(own.logits),
        )
        labels = gather_rows(batch.labels)
        guides = {name: gather_rows(rows) for name, rows in batch.guides.items()}
        terms: dict[str, Tensor] = {}
        for guide, relation in self.relations.items():
            found = relation.terms(student=output.embeddings, teacher=guides[guide])
            terms |= {f"{order}/{guide}_to_{self.role}": term for order, term in found.items()}
        for guide, name in self.scores.items():
            if output.logits is None:
                raise ValueError("a learner without classes cannot learn a guide's class scores")
            terms[f"scores/{guide}_to_{self.role}"] = scores_loss(
                student=output.logits,
                teacher=guides[name],
                temperature=self.score_temperature,
            )
        if self.task_loss is not None:
            terms[f"task/{self.task_name}"] = self.task_loss(output, labels)
        for name, loss in self.foreign.items():
            terms[f"foreign/{name}"] = loss(output, guides)
        if self.judge is not None:
            terms[f"recognisability/{self.judge}_to_{self.role}"] = self._judged(
                batch.images, own, batch.guides[self.judge]
            )
        return terms

    def _judged(self, images: Tensor, output: StreamOutput, guide: Tensor) -> Tensor:
        """Hold the learner's recognisability to what it reached, also of coarser images.

        On those the learner is in evaluation mode: they must not move its batch statistics.
        """
        images, rows = coarser(images)
        self.learner.eval()
        coarse: StreamOutput = self.learner(images)
        self.learner.train(self.training)
        if output.recognisability is None or coarse.recognisability is None:
            raise ValueError("a learner that predicts no recognisability cannot learn it")
        return recognisability_loss(
            scores=torch.cat([output.recognisability, coarse.recognisability]),
            student=torch.cat([output.embeddings, coarse.embeddings]),
            teacher=torch.cat([guide, guide[rows]]),
        )


def parameter_groups(module: nn.Module, *, weight_decay: float) -> list[dict[str, object]]:
    """Split parameters into those that decay (matrices, kernels) and those that do not.

    Decaying the scales of a normalisation or a bias moves the function for no gain in
    regularity; embeddings of classes (proxies) are matrices and decay.

    Args:
        module: Whose parameters are trained.
        weight_decay: Of the first group.

    Returns:
        Two groups for a ``torch.optim`` optimizer; parameters that need no gradient are left out.
    """
    trained = [p for p in module.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]


def first_bad_term(terms: Mapping[str, Tensor]) -> str | None:
    """Return the name of the first term that is not finite, or ``None``."""
    return next((name for name, term in terms.items() if not torch.isfinite(term).all()), None)
