"""Settings of one stage's optimisation, and of the machine it runs on."""

from dataclasses import dataclass

from lookmore.errors import ConfigError
from lookmore.losses.engines import ENGINES

PRECISIONS = ("float32", "bfloat16")
OPTIMIZERS = ("adamw", "muon")


@dataclass(frozen=True, kw_only=True)
class ScheduleConfig:
    """How long and how fast one stage learns (linear warm-up, then half a cosine)."""

    epochs: int = 30
    """Passes over the training images; each pass sees one view of every image."""

    batch: int = 64
    """Images in a batch; relations are compared within it."""

    optimizer: str = "adamw"
    """``adamw``, or ``muon``, which steps kernels of convolutions by orthogonal matrices and learns
    faster by the step."""

    learning_rate: float = 2e-3
    """Peak learning rate; the last step has a hundredth of it."""

    weight_decay: float = 0.05
    """Decoupled weight decay of matrices and kernels; biases and norms have none."""

    warmup_share: float = 0.05
    """Share of all steps during which the rate rises from 0, in [0, 1)."""

    average: float = 0.0
    """Decay of a moving average of the weights, which is then what the stage keeps; 0 = none."""

    images_per_class: int = 0
    """Images of one class drawn together; 0 = plain shuffling."""

    validate_every: int = 5
    """Epochs between looks at the validation images; 0 = never."""

    checkpoint_seconds: float = 60.0
    """Least time between two resume points, in seconds."""

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 2), ("validate_every", 0)):
            if getattr(self, name) < least:
                raise ConfigError(
                    f"schedule.{name} must be at least {least}, got {getattr(self, name)}"
                )
        if self.optimizer not in OPTIMIZERS:
            raise ConfigError(
                f"schedule.optimizer must be one of {', '.join(OPTIMIZERS)}, got {self.optimizer!r}"
            )
        if not self.learning_rate > 0:
            raise ConfigError(f"schedule.learning_rate must be above 0, got {self.learning_rate}")
        for name in ("weight_decay", "images_per_class", "checkpoint_seconds"):
            if getattr(self, name) < 0:
                raise ConfigError(f"schedule.{name} must be 0 or more, got {getattr(self, name)}")
        for name in ("warmup_share", "average"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"schedule.{name} must be in [0, 1), got {getattr(self, name)}")
        if self.images_per_class == 1 or self.batch % max(1, self.images_per_class):
            raise ConfigError(
                "schedule.images_per_class must be 0, or at least 2 and a divisor of "
                f"schedule.batch ({self.batch}), got {self.images_per_class}"
            )


@dataclass(frozen=True, kw_only=True)
class MachineConfig:
    """Where a run computes."""

    device: str = "auto"
    """``auto`` (CUDA when present), ``cpu`` or ``cuda``: of training, of teachers that torch
    computes, and of evaluation."""

    precision: str = "float32"
    """``float32`` or ``bfloat16`` (autocast; losses stay in float32)."""

    threads: int = 0
    """CPU threads; 0 = ``OMP_NUM_THREADS``, or else one for each core this process may use."""

    relations: str = "auto"
    """What compares distances and triplets: ``torch``, ``numba`` (CPU, extra ``fast``), ``triton``
    (CUDA) or ``auto``, the best that is installed. All are exact."""

    def __post_init__(self) -> None:
        if self.relations not in ENGINES:
            raise ConfigError(
                f"machine.relations must be one of {', '.join(ENGINES)}, got {self.relations!r}"
            )
        if self.device not in ("auto", "cpu", "cuda"):
            raise ConfigError(f"machine.device must be auto, cpu or cuda, got {self.device!r}")
        if self.precision not in PRECISIONS:
            raise ConfigError(
                f"machine.precision must be one of {', '.join(PRECISIONS)}, got {self.precision!r}"
            )
        if self.threads < 0:
            raise ConfigError(f"machine.threads must be 0 or more, got {self.threads}")
