"""StageObjective's recognisability: the learner's statistics stay; asking in vain is an error."""

import pytest
import torch
from torch import Tensor

from lookmore.engine.batch import Batch
from lookmore.engine.objective import StageObjective
from lookmore.losses import HybridOrder, recognisability_loss
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig


def objective(*, tells: bool, judge: str | None) -> StageObjective:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        learner = build_stream(
            StreamConfig(backbone="nano"), side=8, width=4, classes=0, recognisability=tells
        )
    return StageObjective(
        learner=learner,
        role="student",
        relations={"teacher": HybridOrder(individual=1)},
        task_loss=None,
        task_name="none",
        judge=judge,
    )


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(12, 3, 8, 8, generator=generator)
    guide = torch.nn.functional.normalize(torch.randn(12, 4, generator=generator))
    return Batch(images, torch.full((12,), -1), {"teacher": guide})


def statistics(found: StageObjective) -> dict[str, Tensor]:
    return {name: buffer.clone() for name, buffer in found.learner.named_buffers()}


def test_coarser_images_move_no_statistics(batch: Batch) -> None:
    judged, plain = objective(tells=True, judge="teacher"), objective(tells=True, judge=None)
    for one in (judged, plain):
        one(batch)
    assert judged.learner.training
    expected, found = statistics(plain), statistics(judged)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_coarser_images_count(batch: Batch) -> None:
    one = objective(tells=True, judge="teacher")
    found = one(batch)["recognisability/teacher_to_student"]
    output = one.learner(batch.images)
    alone = recognisability_loss(
        scores=output.recognisability, student=output.embeddings, teacher=batch.guides["teacher"]
    )
    assert found.item() != pytest.approx(alone.item(), rel=1e-3)


def test_in_evaluation_mode_it_stays_there(batch: Batch) -> None:
    one = objective(tells=True, judge="teacher").eval()
    one(batch)
    assert not one.learner.training


def test_a_learner_that_tells_nothing_cannot_be_judged(batch: Batch) -> None:
    with pytest.raises(ValueError, match="predicts no recognisability cannot learn it"):
        objective(tells=False, judge="teacher")(batch)
