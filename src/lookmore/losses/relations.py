"""Relations of several orders at once: what they have in common is computed once."""

from collections.abc import Callable, Collection

from torch import Tensor

from lookmore.losses.analytic import Part, with_gradients
from lookmore.losses.angle import angle_part
from lookmore.losses.distance import distance_part
from lookmore.losses.engines import choose_engine
from lookmore.losses.group import group_part
from lookmore.losses.rows import paired_rows
from lookmore.losses.sides import sides_of


def relation_losses(
    *,
    student: Tensor,
    teacher: Tensor,
    orders: Collection[str],
    temperature: float = 0.1,
    engine: str = "auto",
) -> dict[str, Tensor]:
    """Return several of ``distance_loss``, ``angle_loss`` and ``group_loss``, and their gradients.

    Memory grows with ``B * B``: one table of squared distances serves both streams and two orders.

    Args:
        student: ``(B, D_s)`` embeddings; gradient flows here (once: it has no graph of its own).
        teacher: ``(B, D_t)`` embeddings of the same images, in the same order; detached.
        orders: Names out of ``distance``, ``angle``, ``group``.
        temperature: Of the group order, above 0.
        engine: Of distance and angle, as in ``angle_loss``.

    Returns:
        One scalar ``()`` for each order, under its name.

    Raises:
        ValueError: If the shapes do not fit, or an order is none of the three.
        ConfigError: If there is no such engine for the device.
        MissingExtraError: If an engine asked for by name is not installed.

    Example:
        >>> import torch
        >>> rows = torch.eye(3)
        >>> found = relation_losses(student=rows, teacher=rows, orders=["distance", "group"])
        >>> {name: f"{value:.4f}" for name, value in found.items()}
        {'distance': '0.0000', 'group': '0.0000'}
    """
    strangers = set(orders) - {"distance", "angle", "group"}
    if strangers:
        raise ValueError(f"orders must be out of distance, angle, group, got {sorted(strangers)}")
    rows, guide = paired_rows(student=student, teacher=teacher, fewest=2)
    chosen = choose_engine(engine, rows.device)

    def parts(rows: Tensor, guide: Tensor) -> list[Part]:
        found: dict[str, Callable[[], Part]] = {
            "group": lambda: group_part(rows, guide, temperature)
        }
        if {"distance", "angle"} & set(orders):
            sides = sides_of(student=rows, teacher=guide)
            found["distance"] = lambda: distance_part(sides, chosen)
            found["angle"] = lambda: angle_part(sides, chosen)
        return [found[order]() for order in orders]

    values = with_gradients(parts, student=rows, teacher=guide) if orders else []
    return dict(zip(orders, values, strict=True))
