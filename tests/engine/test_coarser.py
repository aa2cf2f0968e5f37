"""coarser: what a probe of fewer pixels looks like to the student, without a throw of dice."""

import numpy as np
import pytest
import torch
from PIL import Image

from lookmore.engine.coarser import coarser


def images(count: int, side: int) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


def test_a_sixteenth_of_a_batch_comes_with_fewer_pixels() -> None:
    seen, rows = coarser(images(96, 16))
    assert seen.shape == (6, 3, 16, 16)
    assert len(set(rows.tolist())) == 6
    assert seen.min() >= 0 and seen.max() <= 1


def test_they_are_shrunk_and_enlarged_like_pillow_does() -> None:
    smooth = torch.linspace(0.2, 0.8, 16).expand(1, 3, 16, 16)
    seen, rows = coarser(smooth)
    assert rows.tolist() == [0]
    image = Image.fromarray(smooth[0, 0].numpy())
    for side in (6, 16):
        image = image.resize((side, side), Image.Resampling.BICUBIC)
    torch.testing.assert_close(seen[0, 0], torch.from_numpy(np.array(image)), atol=1e-4, rtol=0)


def test_draws_nothing() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    coarser(images(5, 8))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(("count", "side"), [(1, 4), (2, 8), (3, 5), (13, 224)])
def test_small_batches_and_sides_have_some_too(count: int, side: int) -> None:
    batch = images(count, side)
    seen, rows = coarser(batch)
    assert len(seen) == len(rows) >= min(count, 3)
    assert not torch.allclose(seen, batch[rows], atol=1e-3)
