"""What every backbone asks of the images it is handed."""

from torch import Tensor


def check_images(images: Tensor, *, side: int) -> None:
    """Refuse images that are not those a backbone was built for.

    Args:
        images: Normalised images.
        side: Height and width that were declared, in pixels.

    Raises:
        ValueError: If their shape is not ``(B, 3, side, side)``.
    """
    if images.shape[1:] != (3, side, side):
        raise ValueError(
            f"images must have shape (B, 3, {side}, {side}), got {tuple(images.shape)}"
        )
