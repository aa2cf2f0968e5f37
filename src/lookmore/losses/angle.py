"""Angle-wise relations: the corners of every triangle that three images of a batch make."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from lookmore.losses.rows import paired_rows

_SAME_PLACE = 1e-13  # squared distance over squared norms; float32 rows do not resolve less
_WIDEST_RATIO = 100.0  # longest / shortest side; float32 cosines are off by 1e-7 times this
_BLOCK_ON_CPU = 2**18  # corners worked on at once: 1 MiB in float32, what caches hold
_BLOCK = 2**20  # the same elsewhere: two streams in float64 take 16 MiB


def angle_loss(*, student: Tensor, teacher: Tensor) -> Tensor:
    """Penalise a student that sees the batch under other angles than its teacher.

    For every image ``i``, the cosine of the angle at ``i`` between ``j`` and ``k`` is compared.
    Blind to scale, shift and rotation; widths may differ. Two images in one place have no
    direction: every angle with such a side counts as cosine 0 and sends no gradient.

    Args:
        student: ``(B, D_s)`` embeddings; gradient flows here (once: it has no graph of its own).
        teacher: ``(B, D_t)`` embeddings of the same images, in the same order; detached.

    Returns:
        Scalar ``()`` float32 (float64 for a float64 student): mean Huber penalty over the
        ``B * B * B`` entries, ``>= 0``.

    Raises:
        ValueError: If the batch sizes differ, or either batch has fewer than two rows.

    Source:
        Park et al., *Relational Knowledge Distillation*, CVPR 2019 (angle-wise loss),
        https://arxiv.org/abs/1904.05068. Equal to it in value and gradient. Computed from
        the table of distances by the law of cosines, so it never holds ``B * B * D`` numbers.

    Example:
        >>> corner = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> line = torch.tensor([[0.0], [1.0], [2.0]])
        >>> f"{angle_loss(student=corner, teacher=corner).item():.4f}"
        '0.0000'
        >>> f"{angle_loss(student=corner, teacher=line).item():.4f}"
        '0.1296'
    """
    rows, guide = paired_rows(student=student, teacher=teacher, fewest=2)
    with torch.autocast(rows.device.type, enabled=False):
        if torch.is_grad_enabled() and rows.requires_grad:
            value: Tensor = _AngleLoss.apply(rows, guide)
            return value
        return _value_and_gradient(rows, guide, with_gradient=False)[0]


class _AngleLoss(torch.autograd.Function):
    """Both passes at once: the gradient is made while the cosines are at hand, and kept."""

    @staticmethod
    def forward(ctx: Any, student: Tensor, teacher: Tensor) -> Tensor:
        value, gradient = _value_and_gradient(student, teacher, with_gradient=True)
        ctx.save_for_backward(gradient)
        return value

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return upstream * gradient, None


class _Sides(NamedTuple):
    """The sides of all triangles of the student, then of the teacher; ``(2, B, B)`` each."""

    halves: Tensor
    """Half the length."""

    half_squares: Tensor
    """Half the squared length."""

    inverses: Tensor
    """One over the length; 0 where the length is 0."""


class _Pull(NamedTuple):
    """How hard the corners pull on the student's sides; sums of Huber slopes, ``(B, B)`` each."""

    stretch: Tensor
    """Slope over both lengths at the corner, summed over the corners at ``a`` with side ``ja``."""

    turn: Tensor
    """Slope times cosine, summed likewise."""

    facing: Tensor
    """Slope over both lengths at the corner, summed over the corners that face ``jk``."""


def _value_and_gradient(
    student: Tensor, teacher: Tensor, *, with_gradient: bool
) -> tuple[Tensor, Tensor]:
    """Loss ``()`` and its gradient ``(B, D_s)``, both in the student's dtype.

    Corners at ``a`` between ``j`` and ``k`` are laid out ``(j, k, a)`` with ``j < k``: every table
    is then read in whole rows, and the mirror image ``k, j`` is hardly ever computed.
    """
    rows, unit = _in_own_units(student)
    sides = _sides(rows, _in_own_units(teacher)[0], exact=student.dtype == torch.float64)
    count = len(rows)
    total = _penalty_where_j_is_k(sides)
    pull = _Pull(*sides.inverses.new_zeros(3, count, count))
    budget = _BLOCK_ON_CPU if rows.device.type == "cpu" else _BLOCK
    first = 0
    while first < count - 1:
        width = count - 1 - first
        height = min(max(1, budget // (count * width)), width)
        total += _add_block(sides, pull, (first, height), (first + 1, width), with_gradient)
        first += height
    gradient = _gradient(pull, sides.inverses[0], rows) / (count**3 * unit)
    return (total / count**3).to(student.dtype), gradient.to(student.dtype)


def _in_own_units(embeddings: Tensor) -> tuple[Tensor, Tensor]:
    """Centred float64 rows whose largest number is 1, and the unit that made it so."""
    rows = embeddings.double()
    rows = rows - rows.mean(0)
    unit = rows.abs().amax()
    unit = torch.where(unit == 0, 1.0, unit)
    return rows / unit, unit


def _sides(student: Tensor, teacher: Tensor, *, exact: bool) -> _Sides:
    """All sides, in float32 unless near twins, or a caller in float64, ask for more."""
    squares = torch.stack([_squared_distances(rows) for rows in (student, teacher)])
    lengths = squares.sqrt()
    inverses = torch.where(lengths == 0, 0.0, 1 / lengths)
    ratio = (lengths.amax((1, 2)) * inverses.amax((1, 2))).amax()
    dtype = torch.float32 if not exact and bool(ratio <= _WIDEST_RATIO) else torch.float64
    return _Sides((lengths / 2).to(dtype), (squares / 2).to(dtype), inverses.to(dtype))


def _squared_distances(rows: Tensor) -> Tensor:
    """``x.x - 2 x.y + y.y``, which only float64 and centred rows make trustworthy."""
    products = rows @ rows.T
    norms = products.diagonal()
    sums = norms[:, None] + norms
    squares = sums - 2 * products
    return torch.where(squares <= _SAME_PLACE * sums, 0.0, squares)


def _penalty_where_j_is_k(sides: _Sides) -> Tensor:
    """Such a corner has cosine 1, or 0 on a side without length: one half where streams differ."""
    is_point = sides.inverses == 0
    return (is_point[0] != is_point[1]).sum().to(torch.float64) / 2


def _add_block(
    sides: _Sides, pull: _Pull, js: tuple[int, int], ks: tuple[int, int], with_gradient: bool
) -> Tensor:
    """Return the penalty of the corners between ``js`` and ``ks``, and add up their pull.

    Speed is the number of passes over the block, so it is overwritten where it can be.
    """
    inverses_j = sides.inverses.narrow(1, *js).unsqueeze(2)
    inverses_k = sides.inverses.narrow(1, *ks).unsqueeze(1)
    # cosine * ja = (ja * ja + ka * ka - jk * jk) / (2 * ka), (J, K, B) for each stream
    far = sides.half_squares.narrow(1, *js)
    projections = far.unsqueeze(2) - far.narrow(2, *ks).unsqueeze(3)
    projections = torch.addcmul(sides.halves.narrow(1, *ks).unsqueeze(1), projections, inverses_k)
    gaps = projections[0] * inverses_j[0]
    gaps.addcmul_(projections[1], inverses_j[1], value=-1)
    # ks begin behind the first j, so the first columns hold mirror images of one another
    height = js[1]
    gaps[:, :height] *= torch.ones_like(gaps[:, :height, 0]).triu_().unsqueeze(2)
    slopes = gaps.clamp(-1.0, 1.0)
    # Huber of x is c * (x - c / 2) with c the clamped x; every corner stands for its mirror image
    penalty = 2 * gaps.sub_(slopes, alpha=0.5).mul_(slopes).sum()
    if with_gradient:
        slopes *= inverses_j[0]
        turns = projections[0].mul_(slopes)
        pull.turn.narrow(0, *js).add_(turns.sum(1))
        pull.turn.narrow(0, *ks).add_(_sum_over_j(turns))
        slopes *= inverses_k[0]
        pull.stretch.narrow(0, *js).add_(slopes.sum(1))
        pull.stretch.narrow(0, *ks).add_(_sum_over_j(slopes))
        pull.facing.narrow(0, *js).narrow(1, *ks).add_(slopes.sum(2))
    return penalty


def _sum_over_j(block: Tensor) -> Tensor:
    return block[0] if len(block) == 1 else block.sum(0)  # torch sums one row slowly


def _gradient(pull: _Pull, inverses: Tensor, rows: Tensor) -> Tensor:
    """From the squared sides to the rows, in float64: near twins pull hard and nearly cancel."""
    springs = (pull.stretch - pull.turn * inverses.square() - pull.facing).double()
    springs = 2 * (springs + springs.T)
    return springs.sum(1, keepdim=True) * rows - springs @ rows
