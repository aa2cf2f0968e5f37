"""GuideSpace: moves the origin to the training mean, evens out, then keeps directions only."""

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


def oblong(count: int = 200, *, tens: float = 1.0) -> torch.Tensor:
    """Rows that vary much along the first axes: from ``10 ** tens`` down to its inverse."""
    rows = torch.randn(count, 40, generator=torch.Generator().manual_seed(1)).double()
    return (rows * torch.logspace(tens, -tens, 40).double() + 3.0).float()


def mixed(rows: torch.Tensor, weight: float) -> torch.Tensor:
    """Return ``(40,)`` variances along the principal directions, mixed with the identity."""
    variances = torch.linalg.svdvals(rows.double() - rows.double().mean(dim=0)) ** 2 / len(rows)
    return weight * variances / variances.mean() + 1 - weight


@pytest.mark.parametrize("tens", [1.0, 0.3])  # with 0.3 the narrow directions differ, too
def test_whitening_divides_each_wide_direction_by_the_root_of_its_mixed_variance(
    tens: float,
) -> None:
    rows, weight = oblong(tens=tens), 0.4
    space = GuideSpace.fit(rows, centre=True, whiten=weight)
    *_, directions = torch.linalg.svd(rows.double() - rows.double().mean(dim=0))
    variances = mixed(rows, weight)
    lengths = torch.cat([variances[:32].rsqrt(), variances[32:].mean().rsqrt().expand(8)])
    given = torch.randn(5, 40, generator=torch.Generator().manual_seed(2)).double()
    expected = (given - rows.double().mean(dim=0)) @ directions.T * lengths @ directions
    found = space.place(given.float())
    expected = torch.nn.functional.normalize(expected, dim=1).float()
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)  # 16 bits


def test_whitened_rows_vary_more_evenly_and_none_is_pulled_apart() -> None:
    rows = oblong()
    before = GuideSpace.fit(rows, centre=True)
    after = GuideSpace.fit(rows, centre=True, whiten=0.5)
    spreads = [torch.linalg.svdvals(space.place(rows)) for space in (before, after)]
    assert spreads[1][0] / spreads[1][-1] < 0.6 * spreads[0][0] / spreads[0][-1]
    assert after.whitening is not None
    assert torch.linalg.svdvals(after.whitening).max() < 1


def test_the_weight_zero_and_rows_without_any_direction_leave_the_space_as_it_is() -> None:
    assert GuideSpace.fit(oblong(), centre=True, whiten=0.0).whitening is None
    assert GuideSpace.fit(torch.ones(4, 6), centre=True, whiten=0.5).whitening is None


def test_fewer_rows_than_numbers_are_enough() -> None:
    space = GuideSpace.fit(oblong(5), centre=True, whiten=0.5)
    assert space.whitening is not None
    assert torch.linalg.matrix_rank(space.whitening) <= 4
    assert space.place(oblong()).isfinite().all()


def test_equal_fingerprints_mean_equal_placing() -> None:
    rows = oblong()
    spaces = [GuideSpace.fit(rows, centre=True, whiten=weight) for weight in (0.0, 0.3, 0.3, 0.4)]
    plain, one, again, other = (space.fingerprint for space in spaces)
    assert one == again
    assert len({plain, one, other}) == 3


@pytest.mark.parametrize("whiten", [-0.1, 1.0])
def test_a_weight_that_is_none_is_refused(embeddings: torch.Tensor, whiten: float) -> None:
    with pytest.raises(ValueError, match=r"whiten must be in \[0, 1\)"):
        GuideSpace.fit(embeddings, centre=True, whiten=whiten)


def test_whitening_without_centring_is_refused(embeddings: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="only with centre"):
        GuideSpace.fit(embeddings, centre=False, whiten=0.3)


@pytest.mark.parametrize("shape", [(6,), (0, 6), (33, 6), (2, 5)])
def test_a_whitening_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"whitening must be finite \(K, 6\)"):
        GuideSpace(mean=torch.zeros(6), whitening=torch.zeros(shape))
