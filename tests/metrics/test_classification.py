"""Classification: accuracy over images and classes, equal to scikit-learn and torchmetrics."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from torchmetrics.functional.classification import multiclass_accuracy

from lookmore.metrics.classification import mean_class_accuracy, top1_accuracy, top1_hits


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    """Logits of 200 images, seven classes of very different sizes, the true one somewhat ahead."""
    generator = np.random.default_rng(0)
    labels = generator.choice(7, size=200, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02])
    return generator.normal(size=(200, 7)) + 1.5 * np.eye(7)[labels], labels


def test_three_images_worked_by_hand() -> None:
    logits = np.array([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    labels = np.array([0, 1, 0])
    assert top1_hits(logits, labels).tolist() == [True, False, False]
    assert top1_accuracy(logits, labels) == pytest.approx(1 / 3)
    assert mean_class_accuracy(logits, labels) == pytest.approx((1 / 2 + 0) / 2)


def test_equals_scikit_learn(scored: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = scored
    predictions = logits.argmax(axis=1)
    assert top1_accuracy(logits, labels) == accuracy_score(labels, predictions)
    expected = balanced_accuracy_score(labels, predictions)
    assert mean_class_accuracy(logits, labels) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("ours", "average"), [(top1_accuracy, "micro"), (mean_class_accuracy, "macro")]
)
def test_equals_torchmetrics(
    scored: tuple[np.ndarray, np.ndarray], ours: object, average: str
) -> None:
    logits, labels = (torch.from_numpy(array) for array in scored)
    expected = multiclass_accuracy(logits, labels, num_classes=7, average=average)
    assert ours(*scored) == pytest.approx(expected.item())


def test_a_network_that_scores_all_classes_alike_is_never_right() -> None:
    assert top1_accuracy(np.ones((6, 3)), np.arange(6) % 3) == 0.0


def test_a_class_without_images_does_not_count() -> None:
    assert mean_class_accuracy(np.eye(9)[[0, 8]], np.array([0, 8])) == 1.0


@pytest.mark.parametrize("label", [-1, 3])
def test_rejects_a_label_that_names_no_class(label: int) -> None:
    with pytest.raises(ValueError, match="labels must lie from 0 to 2, got"):
        top1_accuracy(np.eye(3), np.array([0, 1, label]))


def test_rejects_what_is_not_a_finite_table_of_scores() -> None:
    with pytest.raises(ValueError, match="logits must have 2 axes"):
        top1_hits(np.zeros(3), np.array([0, 1, 2]))
    with pytest.raises(ValueError, match="logits must be finite, got 1 NaN"):
        top1_hits(np.array([[0.0, np.nan]]), np.array([0]))
