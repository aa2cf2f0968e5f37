"""rank_k, recall_at_k, map_at_r: by hand, against two libraries, and pessimistic about equals."""

import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
from torchmetrics.functional.retrieval import retrieval_hit_rate

from lookmore.metrics.identification import map_at_r, rank_k, recall_at_k

Arrays = tuple[np.ndarray, np.ndarray]

ON_A_CIRCLE = np.array([0.0, 10.0, 30.0, 60.0, 100.0]) * np.pi / 180
POINTS = np.stack([np.cos(ON_A_CIRCLE), np.sin(ON_A_CIRCLE)], axis=1)


@pytest.fixture
def images() -> Arrays:
    """Embeddings of 60 images of 9 classes, some of them loosely clustered; no equals."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(9), [2, 3, 4, 5, 6, 8, 9, 11, 12])
    centres = generator.normal(size=(9, 16))
    return centres[labels] + 1.5 * generator.normal(size=(60, 16)), labels


def oracle(queries: Arrays, references: Arrays, *, includes_query: bool) -> dict[str, float]:
    """Precision@1 and MAP@R as pytorch-metric-learning computes them."""
    calculator = AccuracyCalculator(
        include=("precision_at_1", "mean_average_precision_at_r"),
        knn_func=CustomKNN(CosineSimilarity()),
        device=torch.device("cpu"),
    )
    (query, query_labels), (reference, reference_labels) = queries, references
    return calculator.get_accuracy(
        torch.from_numpy(query),
        torch.from_numpy(query_labels),
        torch.from_numpy(reference),
        torch.from_numpy(reference_labels),
        ref_includes_query=includes_query,
    )


def test_rank_k_of_three_queries_worked_by_hand() -> None:
    similarity = np.array([[0.9, 0.1, 0.5, 0.2], [0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])
    queries, gallery = np.array([10, 12, 11]), np.array([10, 11, 12, 13])
    hits = [rank_k(similarity, queries, gallery, k=k).tolist() for k in (1, 2, 3)]
    assert hits == [[True, False, False], [True, False, False], [True, True, True]]


def test_rank_k_puts_a_wrong_equal_first() -> None:
    similarity = np.full((1, 3), 0.5)
    labels = np.array([1, 2, 3])
    hits = [bool(rank_k(similarity, labels[:1], labels, k=k)[0]) for k in (1, 2, 3)]
    assert hits == [False, False, True]


def test_rank_k_beyond_the_gallery_hits_only_where_there_is_a_right_image() -> None:
    hits = rank_k(np.zeros((3, 2)), np.array([1, 9, -1]), np.array([1, -1]), k=100)
    assert hits.tolist() == [True, False, False]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_rank_k_equals_the_hit_rate_of_torchmetrics(k: int) -> None:
    generator = np.random.default_rng(1)
    similarity = generator.normal(size=(40, 15))
    queries, gallery = generator.integers(5, size=40), np.repeat(np.arange(5), 3)
    expected = [
        retrieval_hit_rate(
            torch.from_numpy(row), torch.from_numpy(gallery == label), top_k=k
        ).item()
        for row, label in zip(similarity, queries, strict=True)
    ]
    assert rank_k(similarity, queries, gallery, k=k).tolist() == expected


def test_recall_by_hand_leaves_out_and_counts_who_has_nothing_to_find() -> None:
    # Nearest others: 0 -> 10, 30; 10 -> 0, 30, 60; 30 -> 10, 60 = 0; 60 -> 30, 100, 10.
    found = recall_at_k(POINTS, np.array([1, 2, 1, 2, 7]), ks=[1, 2, 3, 50])
    assert found.counted.tolist() == [True, True, True, True, False]
    assert found.left_out == 1
    assert found.values == (0.0, 0.25, 1.0, 1.0)


def test_map_at_r_by_hand() -> None:
    # Each has R = 2. 0 meets 10 and 30, both right; 10 meets 0 and 30, both right;
    # 30 meets 10 (right) and then the tie of 0 (right) and 60 (wrong), wrong first: 1/2 * 1.
    found = map_at_r(POINTS, np.array([1, 1, 1, 2, 7]))
    assert found.precisions.tolist() == [1.0, 1.0, 0.5]
    assert (found.value, found.left_out) == (pytest.approx(2.5 / 3), 2)


def test_recall_at_1_and_map_at_r_equal_the_library_within_one_set(images: Arrays) -> None:
    expected = oracle(images, images, includes_query=True)
    assert 0.2 < expected["precision_at_1"] < 0.9  # neither trivial nor hopeless
    assert recall_at_k(*images, ks=[1]).values[0] == pytest.approx(expected["precision_at_1"])
    assert map_at_r(*images).value == pytest.approx(expected["mean_average_precision_at_r"])


def test_recall_at_1_and_map_at_r_equal_the_library_with_a_gallery(images: Arrays) -> None:
    embeddings, labels = images
    queries, gallery = (embeddings[::2], labels[::2]), (embeddings[1::2], labels[1::2])
    expected = oracle(queries, gallery, includes_query=False)
    kept = {"gallery": gallery[0], "gallery_labels": gallery[1]}
    recall = recall_at_k(*queries, ks=[1], **kept).values[0]
    assert recall == pytest.approx(expected["precision_at_1"])
    expected_map = expected["mean_average_precision_at_r"]
    assert map_at_r(*queries, **kept).value == pytest.approx(expected_map)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_recall_equals_the_hit_rate_of_torchmetrics(images: Arrays, k: int) -> None:
    embeddings, labels = images
    cosine = np.corrcoef(np.hstack([embeddings, -embeddings]))  # mean-free rows: their cosine
    rates = []
    for query in range(len(labels)):
        others = np.arange(len(labels)) != query
        target = torch.from_numpy(labels[others] == labels[query])
        rates.append(retrieval_hit_rate(torch.from_numpy(cosine[query, others]), target, top_k=k))
    expected = torch.stack(rates).mean().item()
    assert recall_at_k(embeddings, labels, ks=[k]).values[0] == pytest.approx(expected)


def test_searching_oneself_equals_a_gallery_without_ones_own_image(images: Arrays) -> None:
    embeddings, labels = images
    kept = {"gallery": embeddings, "gallery_labels": labels, "same_index": np.arange(60)}
    within = recall_at_k(embeddings, labels, ks=[1, 4])
    np.testing.assert_array_equal(
        recall_at_k(embeddings, labels, ks=[1, 4], **kept).hits, within.hits
    )
    assert map_at_r(embeddings, labels, **kept).value == map_at_r(embeddings, labels).value


def test_ones_own_image_is_searched_when_nobody_says_it_is_there(images: Arrays) -> None:
    embeddings, labels = images
    found = recall_at_k(embeddings, labels, ks=[1], gallery=embeddings, gallery_labels=labels)
    assert found.values == (1.0,)


def test_shuffling_the_gallery_changes_nothing(images: Arrays) -> None:
    embeddings, labels = images
    order = np.random.default_rng(2).permutation(60)
    shuffled = {
        "gallery": embeddings[order],
        "gallery_labels": labels[order],
        "same_index": np.argsort(order),
    }
    assert map_at_r(embeddings, labels, **shuffled).value == map_at_r(embeddings, labels).value


def test_a_collapsed_network_finds_nothing() -> None:
    embeddings = np.full((300, 24), 0.1) * np.linspace(1, 3, 300)[:, None]
    labels = np.arange(300) // 3
    assert recall_at_k(embeddings, labels, ks=[1, 4]).values == (0.0, 0.0)
    assert map_at_r(embeddings, labels).value == 0.0


def test_unlabelled_images_distract_and_are_never_asked() -> None:
    labels = np.array([1, -1, 1, -1, -1])
    found = recall_at_k(POINTS, labels, ks=[1, 2])
    assert (found.left_out, found.values) == (
        3,
        (0.0, 0.5),
    )  # 30 meets 10, then 0 after its equal 60


def test_rejects_a_search_in_which_nothing_can_be_found() -> None:
    with pytest.raises(ValueError, match="none of the 5 queries has a right image in the gallery"):
        recall_at_k(POINTS, np.arange(5), ks=[1])
    with pytest.raises(ValueError, match="none of the 5 queries has a right image in the gallery"):
        map_at_r(POINTS, np.full(5, -1))


@pytest.mark.parametrize("ks", [[], [0], [1, -1]])
def test_rejects_depths_below_one(ks: list[int]) -> None:
    with pytest.raises(ValueError, match="k must be at least 1, got"):
        recall_at_k(POINTS, np.zeros(5, int), ks=ks)


def test_rank_k_rejects_a_depth_below_one() -> None:
    with pytest.raises(ValueError, match=r"k must be at least 1, got \[0\]"):
        rank_k(np.zeros((1, 1)), np.array([1]), np.array([1]), k=0)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"gallery": POINTS}, "gallery and gallery_labels must be given together"),
        ({"same_index": np.arange(5)}, "gallery and gallery_labels must be given together"),
        ({"gallery": POINTS[:, :1], "gallery_labels": np.arange(5)}, "one width, got 2 and 1"),
        ({"gallery": POINTS, "gallery_labels": np.arange(4)}, "gallery_labels must be integers"),
        (
            {"gallery": POINTS, "gallery_labels": np.arange(5), "same_index": np.arange(1, 6)},
            "same_index must lie from -1 to 4, got 1 to 5",
        ),
    ],
)
def test_rejects_a_gallery_that_does_not_fit(extra: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recall_at_k(POINTS, np.arange(5), ks=[1], **extra)
