"""The loop: every stage of every task trains here, and nowhere else."""

import os
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn

from lookmore.engine.config import MachineConfig, ScheduleConfig
from lookmore.engine.cores import chosen_threads
from lookmore.engine.device import chosen_device
from lookmore.engine.feed import Feed
from lookmore.engine.log import RunLog
from lookmore.engine.muon import Muon
from lookmore.engine.objective import StageObjective, first_bad_term, parameter_groups
from lookmore.engine.schedule import learning_rate_at
from lookmore.engine.shared_norm import shared_statistics
from lookmore.engine.state import (
    STATE_NAME,
    load_optimizer_tensors,
    load_state,
    optimizer_tensors,
    restore_module,
    save_state,
)
from lookmore.engine.step import train_step
from lookmore.errors import CheckpointError, TrainingError
from lookmore.losses.engines import choose_engine
from lookmore.streams.ema import MovingAverage

Progress = Callable[[int, int, str], None]
"""Called with images done, images in all, and a word on how it goes."""

_CUDA_CHECK_STEPS = 20  # reading a number makes a GPU wait; on the CPU every step is looked at


def set_threads(machine: MachineConfig) -> None:
    """Set this process's CPU threads: as asked for, or as `chosen_threads` says."""
    torch.set_num_threads(chosen_threads(machine.threads).number)


def make_fabric(machine: MachineConfig) -> Fabric:
    """Return the device and precision of a run, and set this process's threads.

    Args:
        machine: Where to compute.

    Returns:
        A Fabric of one process; of all that ``torchrun`` started, if it started this one.

    Raises:
        ConfigError: If a device is asked for that is not there, or a relations engine of another.
        MissingExtraError: If a relations engine is asked for that is not installed.
    """
    set_threads(machine)
    device = chosen_device(machine)
    precision = {"float32": "32-true", "bfloat16": "bf16-mixed"}[machine.precision]
    processes, here = processes_started()
    strategy = "auto" if processes == 1 else DDPStrategy(
        # statistics are the same everywhere; who leads may take long over what others wait for
        broadcast_buffers=False, find_unused_parameters=True, timeout=timedelta(days=1)
    )  # fmt: skip
    fabric = Fabric(
        accelerator=device.type,
        strategy=strategy,
        devices=here,
        num_nodes=processes // here,
        precision=precision,  # type: ignore[arg-type]
    )
    fabric.launch()
    choose_engine(machine.relations, fabric.device)  # what is not there is told before training
    return fabric


def processes_started() -> tuple[int, int]:
    """Return how many processes ``torchrun`` started, in all and on this machine; 1 without it."""
    if not (dist.is_available() and dist.is_torchelastic_launched()):
        return 1, 1
    return int(os.environ["WORLD_SIZE"]), int(os.environ["LOCAL_WORLD_SIZE"])


def train_stage(
    *,
    objective: StageObjective,
    feed: Feed,
    weights: Mapping[str, float],
    schedule: ScheduleConfig,
    fabric: Fabric,
    folder: Path,
    key: str,
    validate: Callable[[nn.Module], dict[str, float]] | None = None,
    validation_columns: list[str] | None = None,
    progress: Progress | None = None,
    saved: Callable[[], None] | None = None,
    stop_after_steps: int | None = None,
) -> bool:
    """Train one stage to its end, from the beginning or from where it was cut off.

    The learner inside ``objective`` is changed in place; at the end it holds the averaged
    weights if the schedule asks for an average. ``folder`` receives ``log.csv`` and, while the
    stage is unfinished, ``resume.safetensors``. A resumed stage ends with the same bits as
    an unbroken one on the CPU with the same number of threads. Ctrl-C and ``kill -9`` are the
    same to it: what was last written is whole, and at most ``checkpoint_seconds`` are lost.

    Several processes, each of which calls this, train what one would with the same batches: each
    takes its part of a batch, and relations and batch statistics are of the whole. Only dropout
    draws otherwise. The first writes, validates and tells of progress.

    Args:
        objective: Terms of the stage; holds the learner and the losses' own parameters.
        feed: Batches.
        weights: One per term.
        schedule: How long and how fast.
        fabric: Device and precision.
        folder: Of the stage.
        key: Identifies the stage's settings; a resume state of another key is refused.
        validate: Called with the learner (in evaluation mode); returns numbers for the log.
        validation_columns: Names of those numbers.
        progress: Called after each step.
        saved: Called after each resume point.
        stop_after_steps: Return early, with a resume state, after this many steps of this call.

    Returns:
        Whether the stage is finished.

    Raises:
        ConfigError: If a batch is no multiple of the processes.
        TrainingError: If a term stops being finite; the last good state is kept.
        CheckpointError: If the resume state does not fit, or cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state_path = folder / STATE_NAME
    kind = {"adamw": torch.optim.AdamW, "muon": Muon}[schedule.optimizer]
    optimizer = kind(parameter_groups(objective, weight_decay=schedule.weight_decay), lr=0.0)
    learner = objective.learner
    objective.to(fabric.device)
    average = MovingAverage(learner, decay=schedule.average) if schedule.average else None

    step, sums = 0, dict.fromkeys([*weights, "total"], torch.zeros(()))
    if state_path.exists():
        step, sums = _resume(state_path, key, objective, optimizer, average)
    runner, optimizer = fabric.setup(objective, optimizer)

    per_epoch = len(feed.order(0))
    steps = per_epoch * schedule.epochs
    columns = [*weights, "total", "learning_rate", "images_per_s", *(validation_columns or [])]
    log: RunLog | None = None
    if fabric.is_global_zero:
        log = RunLog(folder / "log.csv", columns=columns, keep_epochs=step // per_epoch)
    check_every = 1 if fabric.device.type == "cpu" else _CUDA_CHECK_STEPS

    def save() -> None:
        _refuse_bad_weights(objective, step, folder)
        parts = {
            "objective": objective.state_dict(),
            "optimizer": optimizer_tensors(optimizer),
            "sums": sums,
        }
        if average is not None:
            parts["average"] = average.state_dict()
        save_state(state_path, parts=parts, facts={"step": step, "key": key})
        if saved:
            saved()

    begun = step
    saved_at = time.monotonic()
    with shared_statistics(objective):
        for epoch in range(step // per_epoch, schedule.epochs):
            objective.train()
            epoch_began, epoch_images = time.monotonic(), 0
            for batch in feed.batches(
                epoch,
                skip=step % per_epoch,
                rank=fabric.global_rank,
                processes=fabric.world_size,
            ):
                rate = learning_rate_at(
                    step,
                    steps=steps,
                    peak=schedule.learning_rate,
                    warmup_share=schedule.warmup_share,
                )
                for group in optimizer.param_groups:
                    group["lr"] = rate
                # dropout draws from the global generator: seeded by the step, so that a resumed
                # run draws what an unbroken one would; each process for images of its own
                draw = (feed.seed * 1_000_003 + step) * fabric.world_size + fabric.global_rank
                torch.manual_seed(draw)
                terms = train_step(
                    batch.to(fabric.device),
                    objective=runner,
                    weights=weights,
                    optimizer=optimizer,
                    backward=fabric.backward,
                )
                if (step + 1) % check_every == 0:
                    _refuse_bad(terms, step, folder)
                if average is not None:
                    average.update(learner)
                step += 1
                epoch_images += len(batch.labels) * fabric.world_size
                sums = {name: sums[name].to(term.device) + term for name, term in terms.items()}
                if progress and log:
                    done = step % per_epoch or per_epoch
                    # reading the loss would make a GPU wait for every step
                    note = f"loss {float(sums['total']) / done:.3f}" if check_every == 1 else ""
                    progress(step * feed.batch, steps * feed.batch, note)
                if step % per_epoch == 0:
                    _refuse_bad(terms, step - 1, folder)
                    means = {name: float(value) / per_epoch for name, value in sums.items()}
                    means["learning_rate"] = rate
                    means["images_per_s"] = epoch_images / (time.monotonic() - epoch_began)
                    looks = schedule.validate_every and (
                        (epoch + 1) % schedule.validate_every == 0 or epoch + 1 == schedule.epochs
                    )
                    if validate and looks and log:
                        means |= _looked_at(validate, learner, average)
                    if log:
                        log.add(epoch + 1, means)
                    sums = dict.fromkeys(sums, torch.zeros(()))
                stopping = stop_after_steps is not None and step - begun >= stop_after_steps
                late = time.monotonic() - saved_at > schedule.checkpoint_seconds
                if step < steps and (stopping or late):
                    _refuse_bad(terms, step - 1, folder)
                    if log:
                        save()
                    saved_at = time.monotonic()
                if stopping and step < steps:
                    fabric.barrier()  # none goes on before the state is written
                    return False
    _refuse_bad_weights(objective, step, folder)
    if average is not None:
        average.copy_to(learner)
    return True


def _refuse_bad(terms: Mapping[str, Tensor], step: int, folder: Path) -> None:
    name = first_bad_term(terms)
    if name is not None:
        raise TrainingError(
            f"{name} became {float(terms[name])} at step {step + 1}; the last good checkpoint is "
            f"kept in {folder}: lower schedule.learning_rate, or that term's weight"
        )


def _refuse_bad_weights(objective: nn.Module, step: int, folder: Path) -> None:
    """A finite loss can have a gradient that is not; what it left must not replace a good state."""
    for name, tensor in objective.state_dict().items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise TrainingError(
                f"the weights {name} are no longer finite after step {step}; the last good "
                f"checkpoint is kept in {folder}: lower schedule.learning_rate"
            )


def _resume(
    path: Path,
    key: str,
    objective: nn.Module,
    optimizer: torch.optim.Optimizer,
    average: MovingAverage | None,
) -> tuple[int, dict[str, Tensor]]:
    parts, facts = load_state(path)
    if facts.get("key") != key:
        raise CheckpointError(
            f"{path} was begun with other settings; choose another run folder, or add --restart "
            "to begin this one anew"
        )
    restore_module(objective, parts["objective"])
    load_optimizer_tensors(optimizer, parts.get("optimizer", {}))
    if average is not None:
        average.load_state_dict(parts["average"])
    return int(facts["step"]), parts["sums"]


def _looked_at(
    validate: Callable[[nn.Module], dict[str, float]],
    learner: nn.Module,
    average: MovingAverage | None,
) -> dict[str, float]:
    """Validate the weights that the stage would keep, then go on training."""
    kept = {name: tensor.clone() for name, tensor in learner.state_dict().items()}
    if average is not None:
        average.copy_to(learner)
    learner.eval()
    found = validate(learner)
    learner.load_state_dict(kept)
    learner.train()
    return found
