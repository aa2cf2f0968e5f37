"""Images that a backbone was not built for are refused."""

import pytest
import torch

from lookmore.backbones.images import check_images


def test_images_of_the_declared_side_are_taken() -> None:
    check_images(torch.zeros(2, 3, 16, 16), side=16)


@pytest.mark.parametrize("shape", [(2, 1, 16, 16), (2, 3, 8, 16), (2, 3, 16, 8), (3, 16, 16)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"must have shape \(B, 3, 16, 16\), got"):
        check_images(torch.zeros(shape), side=16)
