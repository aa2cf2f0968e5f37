"""ImageTeacher: looks without learning; fingerprints change with anything that changes answers."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from lookmore.errors import TeacherError
from lookmore.teachers.base import ImageTeacher, file_hash, fingerprint, module_hash
from lookmore.teachers.preprocess import Preprocess


def network() -> nn.Module:
    torch_state = torch.Generator().manual_seed(0)
    layers = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.BatchNorm1d(5), nn.Dropout(0.5))
    for parameter in layers.parameters():
        parameter.data = torch.randn(parameter.shape, generator=torch_state)
    return layers


def teacher(network: object) -> ImageTeacher:
    return ImageTeacher(
        name="timm:test",
        width=5,
        fingerprint="0",
        licence="unknown",
        preprocess=Preprocess(side=2),
        network=network,  # type: ignore[arg-type]
    )


@pytest.fixture
def images() -> Tensor:
    return torch.rand(4, 3, 2, 2, generator=torch.Generator().manual_seed(1))


def test_looking_changes_neither_parameters_nor_statistics(images: Tensor) -> None:
    frozen = network()
    before = module_hash(frozen)
    teacher(frozen).embed(images)
    frozen.train()  # somebody forgets
    answers = teacher(frozen).embed(images)
    assert module_hash(frozen) == before
    assert torch.equal(answers, teacher(frozen).embed(images))


def test_answers_carry_no_gradient_but_may_take_part_in_one(images: Tensor) -> None:
    frozen = network()
    answers = teacher(frozen).embed(images)
    learner = torch.zeros(4, 5, requires_grad=True)
    (learner * answers).sum().backward()
    assert torch.equal(learner.grad, answers)
    assert not answers.requires_grad
    assert not any(parameter.requires_grad for parameter in frozen.parameters())


def test_answers_in_float32(images: Tensor) -> None:
    frozen = teacher(lambda seen: seen.flatten(1)[:, :5].half())
    assert frozen.embed(images).dtype == torch.float32


def test_refuses_an_answer_of_another_width(images: Tensor) -> None:
    with pytest.raises(TeacherError, match=r"shape \(4, 5\), got \(4, 12\)"):
        teacher(lambda seen: seen.flatten(1)).embed(images)


def test_refuses_an_answer_that_is_not_finite(images: Tensor) -> None:
    with pytest.raises(TeacherError, match="not finite"):
        teacher(lambda seen: seen.flatten(1)[:, :5] / 0).embed(images)


def test_the_module_hash_sees_values_names_and_statistics() -> None:
    hashes = {module_hash(network())}
    assert module_hash(network()) in hashes
    changed = network()
    changed[2].running_mean[3] += 1e-6  # type: ignore[index, operator]
    hashes.add(module_hash(changed))
    hashes.add(module_hash(nn.Sequential(network())))
    assert len(hashes) == 3


def test_the_fingerprint_sees_weights_and_preprocessing() -> None:
    plain = Preprocess(side=8)
    prints = {
        fingerprint("a", plain),
        fingerprint("b", plain),
        fingerprint("a", Preprocess(side=9)),
        fingerprint("a", Preprocess(side=8, order="bgr")),
        fingerprint("a", Preprocess(side=8, box=(0.0, 0.0, 1.0, 0.9))),
    }
    assert len(prints) == 5
    assert fingerprint("a", Preprocess(side=8)) in prints


def test_a_file_that_cannot_be_hashed_is_named(tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match=r"cannot read .*gone\.bin: No such file"):
        file_hash(tmp_path / "gone.bin")


@pytest.mark.gpu
def test_a_gpu_gives_the_same_answers_to_the_cpu(images: Tensor) -> None:
    seen = teacher(network()).embed(images)
    found = teacher(network()).on(torch.device("cuda")).embed(images)
    assert found.device.type == "cpu"
    assert (found - seen).abs().max() < 1e-3


def test_what_torch_does_not_compute_stays_on_the_cpu(images: Tensor) -> None:
    def answers(images: Tensor) -> Tensor:
        return images.flatten(1)[:, :5]

    moved = teacher(answers).on(torch.device("meta"))
    assert moved.device.type == "cpu"
    assert moved.embed(images).shape == (4, 5)
