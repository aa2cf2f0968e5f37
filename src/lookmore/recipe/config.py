"""The settings of one experiment, whole: the parts' own settings, joined."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lookmore.data.config import DataConfig
from lookmore.data.views import ViewConfig
from lookmore.degradation import DegradationConfig
from lookmore.engine.config import MachineConfig, ScheduleConfig
from lookmore.errors import ConfigError
from lookmore.losses import TaskLossConfig
from lookmore.streams.config import StreamConfig
from lookmore.teachers import TeacherConfig

TASKS = ("face", "metric", "classify")
ORDERS = ("individual", "distance", "angle", "group", "scores")
PROTOCOLS = ("identification", "verification", "retrieval", "classification", "matching")
DEGRADATIONS = ("bicubic", "area", "nearest", "blur", "noise", "jpeg", "degraded", "mosaic")
CONTROLS = ("teacher", "teacher_upscaled", "student_alone")
CORRECTED_CONTROL = "corrected"


@dataclass(frozen=True, kw_only=True)
class LearnerConfig:
    """One stream that learns: what it is, from whom, by which relations, for how long."""

    stream: StreamConfig = field(default_factory=StreamConfig)
    """The network."""

    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    """The optimisation."""

    guides: Mapping[str, float] = field(default_factory=dict)
    """Whom it learns from (``teacher``, ``assistant``) and how much each counts."""

    weights: Mapping[str, float] = field(default_factory=dict)
    """Weight of each order: ``individual``, ``distance``, ``angle``, ``group``; and of ``scores``,
    what guides that were trained with cross-entropy say of each class."""

    temperature: float = 0.1
    """Softening of the order ``group``: cosines are divided by it."""

    score_temperature: float = 4.0
    """Softening of ``scores``: class scores are divided by it."""

    task: TaskLossConfig = field(default_factory=TaskLossConfig)
    """The task loss on labels."""

    foreign: str = ""
    """Name of a loss from outside that takes part; only a caller from Python can hand one in."""

    warm_start: bool = False
    """Start from the weights of the assistant, or without one of the teacher that the recipe
    trains, where names and shapes agree."""

    recognisability: bool = True
    """Of the student alone: also learn to tell how near each embedding is to what the guide says of
    the sharp image. Changes nothing else that is learnt; needs the order ``individual`` and the
    guide's width, without which there is none."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.weights) - set(ORDERS))
        if unknown:
            raise ConfigError(f"weights must be among {', '.join(ORDERS)}, got {unknown}")
        for name in ("temperature", "score_temperature"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be above 0, got {getattr(self, name)}")
        if "scores" in self.active_orders and self.task.loss != "cross-entropy":
            raise ConfigError(
                "weights.scores compares class scores, which a stream has with task.loss: "
                f"cross-entropy only, got {self.task.loss}"
            )
        unknown = sorted(set(self.guides) - {"teacher", "assistant"})
        if unknown:
            raise ConfigError(f"guides must be among teacher, assistant, got {unknown}")
        for name, weight in {**self.weights, **self.guides}.items():
            if weight < 0:
                raise ConfigError(f"the weight of {name} must be 0 or more, got {weight}")
        if bool(self.active_guides) != bool(self.active_orders):
            raise ConfigError(
                f"guides {dict(self.guides)} and weights {dict(self.weights)} go together: give "
                "at least one of each a weight above 0, or neither"
            )
        if not (self.active_guides or self.foreign) and self.task.loss == "none":
            raise ConfigError("nothing to learn from: give guides and weights, or a task.loss")

    @property
    def active_guides(self) -> dict[str, float]:
        """Guides with a weight above 0."""
        return {name: share for name, share in self.guides.items() if share > 0}

    @property
    def active_orders(self) -> dict[str, float]:
        """Orders with a weight above 0."""
        return {name: weight for name, weight in self.weights.items() if weight > 0}

    @property
    def judge(self) -> str | None:
        """Guide that recognisability is learnt from; ``None`` where it is not learnt."""
        if not self.recognisability or "individual" not in self.active_orders:
            return None
        return next(name for name in ("teacher", "assistant") if name in self.active_guides)

    @property
    def relations(self) -> dict[str, float]:
        """Orders with a weight above 0 that compare embeddings."""
        return {name: weight for name, weight in self.active_orders.items() if name != "scores"}


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig:
    """What is measured at the end."""

    protocol: str = "auto"
    """``identification``, ``verification``, ``retrieval``, ``classification``; ``matching``, which
    finds each image's own sharp form and needs no labels; or ``auto``: by the task (faces:
    verification where ``data.pairs`` is set, else identification)."""

    name: str = ""
    """Name of the protocol in the report; empty = the name of the run."""

    split: str = "test"
    """Whose images are tried: ``test``, or ``val`` while settings are being chosen; verification
    then compares every pair of people who were not trained on."""

    sides: tuple[int, ...] = ()
    """Sides of the probes, in pixels, besides the student's own; empty = half of that."""

    native_below: int = 0
    """Classification: also try the images whose longer side is at most this many pixels in their
    file, at their own size, nothing shrunk; 0 = do not."""

    gallery: str = "first"
    """Identification: ``first`` = one sharp image of each test identity; ``train`` = all sharp
    training images (a closed set)."""

    degradations: tuple[str, ...] = ("bicubic",)
    """How probes lose their detail: ``bicubic``, ``area``, ``nearest``, ``blur``, ``noise``,
    ``jpeg``, ``degraded`` (all of these at random), ``mosaic`` (one colour in each pixel, as a
    camera's sensor sees it)."""

    controls: tuple[str, ...] = CONTROLS
    """Measured beside the student: ``teacher``, ``teacher_upscaled``, ``student_alone``; and
    ``corrected``, the student with its similarities corrected for attenuation."""

    flip: bool = False
    """Add up what is said of each image and of its mirror image, for everyone who sees images."""

    def __post_init__(self) -> None:
        if self.protocol not in ("auto", *PROTOCOLS):
            raise ConfigError(
                f"evaluate.protocol must be auto, {', '.join(PROTOCOLS)}; got {self.protocol!r}"
            )
        if self.native_below < 0:
            raise ConfigError(f"evaluate.native_below must be 0 or more, got {self.native_below}")
        if self.gallery not in ("first", "train"):
            raise ConfigError(f"evaluate.gallery must be first or train, got {self.gallery!r}")
        if self.split not in ("test", "val"):
            raise ConfigError(f"evaluate.split must be test or val, got {self.split!r}")
        if self.sides and min(self.sides) < 4:
            raise ConfigError(
                f"evaluate.sides must name sides of at least 4 pixels, got {list(self.sides)}"
            )
        unknown = sorted(set(self.degradations) - set(DEGRADATIONS))
        if unknown or not self.degradations:
            raise ConfigError(
                f"evaluate.degradations must be among {', '.join(DEGRADATIONS)}, at least one, "
                f"got {list(self.degradations)}"
            )
        known = (*CONTROLS, CORRECTED_CONTROL)
        unknown = sorted(set(self.controls) - set(known))
        if unknown:
            raise ConfigError(f"evaluate.controls must be among {', '.join(known)}, got {unknown}")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One experiment, from a folder of images to a report."""

    name: str
    """Name of the run; its folder is ``runs/NAME`` unless told otherwise."""

    task: str
    """``face``, ``metric`` or ``classify``."""

    data: DataConfig
    """The images."""

    seed: int = 0
    """Of initial weights, order, views and degradations."""

    machine: MachineConfig = field(default_factory=MachineConfig)
    """Where it computes."""

    views: ViewConfig = field(default_factory=ViewConfig)
    """How each image is varied; every guide answers for every view."""

    degradation: DegradationConfig = field(default_factory=DegradationConfig)
    """What the student sees."""

    teacher: TeacherConfig
    """The recogniser that is good on sharp images; ``name: trained`` = by ``teacher_training``."""

    teacher_training: LearnerConfig | None = None
    """How to train a teacher from the labels, where there is none."""

    assistant: LearnerConfig | None = None
    """The light stream that sees sharp images; ``null`` = the student learns from the teacher."""

    student: LearnerConfig
    """The stream that sees few pixels, and is kept."""

    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    """What is measured."""

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ConfigError(f"task must be one of {', '.join(TASKS)}, got {self.task!r}")
        if not self.name or "/" in self.name or self.name.startswith("."):
            raise ConfigError(f"name must be a plain folder name, got {self.name!r}")
        if (self.teacher.name == "trained") != (self.teacher_training is not None):
            raise ConfigError(
                "teacher.name: trained and the section teacher_training go together, got "
                f"teacher.name {self.teacher.name!r} and "
                f"{'a' if self.teacher_training else 'no'} teacher_training"
            )
        if "assistant" in self.student.active_guides and self.assistant is None:
            raise ConfigError(
                "student.guides names the assistant, but there is no section assistant; add it, "
                "or set student.guides: {teacher: 1}"
            )
        if self.student.warm_start and not (self.assistant or self.teacher_training):
            raise ConfigError(
                "student.warm_start needs the section assistant or teacher_training to start from; "
                "add one, or unset it"
            )
        if self.assistant is not None and "assistant" in self.assistant.active_guides:
            raise ConfigError("assistant.guides must be {teacher: ...}: it cannot guide itself")
        if self.teacher_training is not None and self.teacher_training.active_guides:
            raise ConfigError("teacher_training has no guide; remove guides and weights there")
        if self.data.mirrored and self.views.flip:
            raise ConfigError(
                "data.mirrored says that some classes are others in a mirror, where views.flip "
                "mirrors every image under its own class: set views.flip: false"
            )
        self._check_sides()
        self._check_scores()
        if self.evaluate.native_below and self.protocol != "classification":
            raise ConfigError(
                f"evaluate.native_below is for classification, and this is {self.protocol}: leave "
                "it out"
            )

        if (
            self.protocol == "verification"
            and self.evaluate.split == "test"
            and not self.data.pairs_fold
        ):
            raise ConfigError(
                "verification needs data.pairs and data.pairs_fold (from 1), got pairs "
                f"{self.data.pairs!r} and fold {self.data.pairs_fold}"
            )

    def _check_scores(self) -> None:
        """Refuse class scores of a guide that has none."""
        guides = {"teacher": self.teacher_training, "assistant": self.assistant}
        for section in ("assistant", "student"):
            learner = getattr(self, section)
            if learner is None or "scores" not in learner.active_orders:
                continue
            for name in learner.active_guides:
                guide = guides[name]
                if guide is None or guide.task.loss != "cross-entropy":
                    raise ConfigError(
                        f"{section}.weights.scores needs class scores of the {name}, and it has "
                        "none: only one that this recipe trains with cross-entropy has"
                    )

    def _check_sides(self) -> None:
        """Refuse small sides that are not smaller than the sharp one, and streams above it."""
        sharp = self.data.side
        small = {
            "degradation.side": (self.degradation.side,),
            "degradation.mixed_sides": self.degradation.mixed_sides,
            "evaluate.sides": self.evaluate.sides,
        }
        for name, sides in small.items():
            if sides and max(sides) >= sharp:
                raise ConfigError(f"{name} must be below data.side ({sharp}), got {max(sides)}")
        learners = {"assistant": self.assistant, "teacher_training": self.teacher_training}
        for name, learner in learners.items():
            if learner is not None and learner.stream.side > sharp:
                raise ConfigError(
                    f"{name}.stream.side ({learner.stream.side}) must not exceed data.side "
                    f"({sharp})"
                )

    @property
    def probe_sides(self) -> tuple[int, ...]:
        """Sides of the probes, ascending; the student's own is always among them."""
        own = self.degradation.side
        return tuple(sorted({own, *(self.evaluate.sides or (max(4, own // 2),))}))

    @property
    def protocol(self) -> str:
        """The kind of measurement, with ``auto`` resolved."""
        if self.evaluate.protocol != "auto":
            return self.evaluate.protocol
        if self.task == "face":
            return "verification" if self.data.pairs else "identification"
        return "retrieval" if self.task == "metric" else "classification"
