"""GuideSpace: moves the origin to the training mean, then keeps directions only."""

import pytest
import torch

from lookmore.teachers.space import GuideSpace


@pytest.fixture
def embeddings() -> torch.Tensor:
    return torch.randn(20, 6, generator=torch.Generator().manual_seed(0)) + 5.0


def test_rows_have_length_one(embeddings: torch.Tensor) -> None:
    for centre in (True, False):
        placed = GuideSpace.fit(embeddings, centre=centre).place(embeddings)
        torch.testing.assert_close(placed.norm(dim=1), torch.ones(20))


def test_centring_subtracts_the_mean_of_the_training_rows(embeddings: torch.Tensor) -> None:
    space = GuideSpace.fit(embeddings[:10], centre=True)
    expected = embeddings[15] - torch.stack(list(embeddings[:10])).sum(dim=0) / 10
    torch.testing.assert_close(space.place(embeddings[15:16])[0], expected / expected.norm())


def test_without_centring_directions_stay(embeddings: torch.Tensor) -> None:
    placed = GuideSpace.fit(embeddings, centre=False).place(embeddings)
    torch.testing.assert_close((placed * embeddings).sum(dim=1), embeddings.norm(dim=1))


def test_centring_spreads_a_narrow_cone(embeddings: torch.Tensor) -> None:
    def mean_cosine(centre: bool) -> float:
        placed = GuideSpace.fit(embeddings, centre=centre).place(embeddings)
        return (placed @ placed.T).fill_diagonal_(0).mean().item()

    assert mean_cosine(False) > 0.8
    assert abs(mean_cosine(True)) < 0.1


def test_the_mean_itself_has_no_direction(embeddings: torch.Tensor) -> None:
    space = GuideSpace.fit(embeddings, centre=True)
    assert torch.equal(space.place(space.mean[None]), torch.zeros(1, 6))


def test_refuses_other_widths_and_nothing_to_learn_from(embeddings: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"\(N, 6\), got \(2, 5\)"):
        GuideSpace.fit(embeddings, centre=True).place(torch.zeros(2, 5))
    with pytest.raises(ValueError, match="N >= 1"):
        GuideSpace.fit(torch.zeros(0, 6), centre=True)
    with pytest.raises(ValueError, match="finite"):
        GuideSpace(mean=torch.tensor([1.0, float("nan")]))
