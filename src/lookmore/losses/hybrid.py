"""Relations of all orders between a learner and its guide, each with its weight."""

import math

import torch
from torch import Tensor, nn

from lookmore.errors import ConfigError
from lookmore.losses.engines import ENGINES
from lookmore.losses.individual import individual_loss
from lookmore.losses.objective import weighted_sum
from lookmore.losses.relations import relation_losses


class HybridOrder(nn.Module):
    """What one stream learns from another: each image, pairs, triplets and the whole batch.

    Holds parameters only where the two widths are given and differ: a linear map for the
    individual order, to be trained with the student and thrown away after.

    Args:
        individual: Weight of ``individual_loss``, 0 or more; 0 leaves an order out.
        distance: Weight of ``distance_loss``.
        angle: Weight of ``angle_loss``.
        group: Weight of ``group_loss``.
        temperature: Of ``group_loss``, above 0.
        engine: Of ``distance_loss`` and ``angle_loss``: ``auto``, ``torch``, ``numba`` or
            ``triton``.
        student_width: ``D_s``, given together with ``teacher_width``, or neither.
        teacher_width: ``D_t``.

    Raises:
        ConfigError: If a weight is negative or not finite, all are 0, the temperature is not
            above 0, there is no such engine, or one width is given without the other.

    Source:
        Ge et al., *Look One and More*, AAAI 2020, doi:10.1609/aaai.v34i07.6715, for the idea of
        several orders; orders 2 and 3 as Park et al., CVPR 2019, https://arxiv.org/abs/1904.05068;
        the cosine of order 1 and the group order are this project's reading and addition.

    Example:
        >>> loss = HybridOrder(individual=2, distance=10, angle=20)
        >>> rows = torch.eye(4)
        >>> f"{loss(student=rows, teacher=rows):.4f}"
        '0.0000'
    """

    def __init__(
        self,
        *,
        individual: float = 0.0,
        distance: float = 0.0,
        angle: float = 0.0,
        group: float = 0.0,
        temperature: float = 0.1,
        engine: str = "auto",
        student_width: int | None = None,
        teacher_width: int | None = None,
    ) -> None:
        super().__init__()
        orders = {"individual": individual, "distance": distance, "angle": angle, "group": group}
        _check(orders, temperature, student_width, teacher_width)
        self.weights = {name: float(weight) for name, weight in orders.items() if weight > 0}
        if engine not in ENGINES:
            raise ConfigError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}")
        self.temperature, self.engine = temperature, engine
        self.map: nn.Linear | None = None
        if (
            individual > 0
            and student_width is not None
            and teacher_width is not None
            and student_width != teacher_width
        ):
            self.map = nn.Linear(student_width, teacher_width, bias=False)

    def forward(self, *, student: Tensor, teacher: Tensor) -> Tensor:
        """Return the weighted sum of ``terms``.

        Args:
            student: ``(B, D_s)`` embeddings; gradient flows here.
            teacher: ``(B, D_t)`` embeddings of the same images, in the same order; detached.

        Returns:
            Scalar ``()``, ``>= 0``, smaller is better.

        Raises:
            ValueError: As ``terms``.
        """
        return weighted_sum(self.terms(student=student, teacher=teacher), self.weights)

    def terms(self, *, student: Tensor, teacher: Tensor) -> dict[str, Tensor]:
        """Return the unweighted loss ``()`` of every order whose weight is above 0, by name.

        Args:
            student: ``(B, D_s)`` embeddings; gradient flows here.
            teacher: ``(B, D_t)`` embeddings of the same images, in the same order; detached.

        Returns:
            Keys out of ``individual``, ``distance``, ``angle``, ``group``, in this order.

        Raises:
            ValueError: If the shapes do not fit one another or the widths that were given.
        """
        found = {}
        if "individual" in self.weights:
            mapped = self._mapped(student, teacher)
            found["individual"] = individual_loss(student=mapped, teacher=teacher)
        return found | relation_losses(
            student=student,
            teacher=teacher,
            orders=[name for name in self.weights if name != "individual"],
            temperature=self.temperature,
            engine=self.engine,
        )

    def _mapped(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Student embeddings in the teacher's width, in full precision."""
        widths = (student.shape[-1], teacher.shape[-1])
        if self.map is None:
            if widths[0] != widths[1]:
                raise ValueError(
                    f"the individual order needs equal widths, got {widths[0]} and {widths[1]}: "
                    f"give HybridOrder student_width={widths[0]} and teacher_width={widths[1]} "
                    "to learn a linear map between them"
                )
            return student
        given = (self.map.in_features, self.map.out_features)
        if widths != given:
            raise ValueError(
                f"HybridOrder was built for widths {given[0]} and {given[1]}, "
                f"got {widths[0]} and {widths[1]}"
            )
        with torch.autocast(student.device.type, enabled=False):
            mapped: Tensor = self.map(student.to(self.map.weight.dtype))
        return mapped


def _check(
    orders: dict[str, float],
    temperature: float,
    student_width: int | None,
    teacher_width: int | None,
) -> None:
    for name, weight in orders.items():
        if not (weight >= 0 and math.isfinite(weight)):
            raise ConfigError(f"the weight of {name} must be a number of 0 or more, got {weight}")
    if not any(orders.values()):
        raise ConfigError(f"at least one of the weights {', '.join(orders)} must be above 0")
    if not temperature > 0:
        raise ConfigError(f"temperature must be above 0, got {temperature}")
    if (student_width is None) != (teacher_width is None):
        raise ConfigError(
            "student_width and teacher_width must be given together, "
            f"got {student_width} and {teacher_width}"
        )
