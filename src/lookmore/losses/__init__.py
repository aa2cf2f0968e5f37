"""Individual, distance, angle, group and task losses, and their weighted sum."""

from lookmore.losses.angle import angle_loss
from lookmore.losses.distance import distance_loss
from lookmore.losses.gather import gather_rows
from lookmore.losses.group import group_loss
from lookmore.losses.hybrid import HybridOrder
from lookmore.losses.individual import individual_loss
from lookmore.losses.objective import weighted_sum
from lookmore.losses.recognisability import recognisability_loss
from lookmore.losses.scores import scores_loss
from lookmore.losses.task import TaskLossConfig, build_task_loss

__all__ = [
    "HybridOrder",
    "TaskLossConfig",
    "angle_loss",
    "build_task_loss",
    "distance_loss",
    "gather_rows",
    "group_loss",
    "individual_loss",
    "recognisability_loss",
    "scores_loss",
    "weighted_sum",
]
