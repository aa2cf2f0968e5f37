"""What every teacher is: sharp images in, embeddings out, nothing learnt."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

import torch
from torch import Tensor, nn

from lookmore.errors import TeacherError
from lookmore.teachers.preprocess import Preprocess

CPU = torch.device("cpu")
"""Where images come from and embeddings go to, whatever computes between."""


class Teacher(Protocol):
    """A recogniser of sharp images that guides others and is never trained here."""

    @property
    def name(self) -> str:
        """As written in ``TeacherConfig.name``."""

    @property
    def width(self) -> int:
        """Embedding width ``D``."""

    @property
    def fingerprint(self) -> str:
        """Hex sha256 over weights and preprocessing: equal means equal embeddings."""

    @property
    def licence(self) -> str:
        """SPDX name of the weights' licence, or ``unknown``."""

    def embed(self, high: Tensor) -> Tensor:
        """Return ``(B, D)`` float32, not normalised, for ``(B, 3, S, S)`` RGB in [0, 1]."""


@dataclass(frozen=True, kw_only=True)
class ImageTeacher:
    """A teacher that looks: preprocessing, then a network in evaluation mode."""

    name: str
    """As written in ``TeacherConfig.name``."""

    width: int
    """Embedding width ``D``."""

    fingerprint: str
    """Hex sha256 over weights and preprocessing."""

    licence: str
    """SPDX name of the weights' licence, or ``unknown``."""

    preprocess: Preprocess
    """What the network is shown."""

    network: Callable[[Tensor], Tensor]
    """``(B, 3, side, side)`` -> ``(B, D)``; parameters, if any, are frozen."""

    device: torch.device = CPU
    """Where the network computes; answers come back to the CPU."""

    def __post_init__(self) -> None:
        if isinstance(self.network, nn.Module):
            self.network.requires_grad_(False)

    def on(self, device: torch.device) -> Self:
        """Return this teacher on a device; one that onnxruntime computes stays where it is."""
        if not isinstance(self.network, nn.Module):
            return self
        return replace(self, network=self.network.to(device), device=device)

    def embed(self, high: Tensor) -> Tensor:
        """Return what the teacher sees in each image.

        The network is put into evaluation mode on every call, so that nobody can leave its
        batch statistics moving.

        Args:
            high: ``(B, 3, S, S)`` float32 RGB in [0, 1].

        Returns:
            ``(B, D)`` float32 on the CPU, without a gradient, not normalised.

        Raises:
            ValueError: If ``high`` is not a batch of images.
            TeacherError: If the network's answer is not finite or not ``(B, D)``.
        """
        if isinstance(self.network, nn.Module):
            self.network.eval()
        with torch.inference_mode():
            seen = self.network(self.preprocess(high.to(self.device).float()))
        if seen.shape != (len(high), self.width):
            raise TeacherError(
                f"teacher {self.name!r} must answer with shape {(len(high), self.width)}, got "
                f"{tuple(seen.shape)}"
            )
        if not seen.isfinite().all():
            raise TeacherError(
                f"teacher {self.name!r} answered with numbers that are not finite; check its "
                "weights and teacher.mean, teacher.std"
            )
        return seen.float().cpu().clone()  # a clone is an ordinary tensor, which losses may keep


def file_hash(path: Path) -> str:
    """Return the hex sha256 of a file; TeacherError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TeacherError(f"cannot read {path}: {error.strerror}") from error


def files_hash(*paths: Path) -> str:
    """Return one hex sha256 over several files; TeacherError if one cannot be read."""
    return hashlib.sha256("".join(file_hash(path) for path in paths).encode()).hexdigest()


def module_hash(module: nn.Module) -> str:
    """Return the hex sha256 over names, types, shapes and values of a module's state."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def fingerprint(weights: str, preprocess: Preprocess) -> str:
    """Join the hash of the weights and the preprocessing into one hex sha256."""
    stated = json.dumps({"weights": weights, **preprocess.as_dict()}, sort_keys=True)
    return hashlib.sha256(stated.encode()).hexdigest()
