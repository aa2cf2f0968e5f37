"""A guide that cannot train, and a name for its exact weights."""

import copy
import hashlib
import json
from typing import Self

import torch
from torch import Tensor, nn

from lookmore.streams.stream import Stream, StreamOutput


class FrozenStream(nn.Module):
    """A guide: a copy of a stream whose weights and batch statistics never move.

    Args:
        stream: Copied, so that the original may go on training.
    """

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self.stream = copy.deepcopy(stream).requires_grad_(False)
        self.fingerprint = fingerprint(self.stream)
        self.train()

    @property
    def width(self) -> int:
        """Numbers in an embedding."""
        return self.stream.width

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode: moving batch statistics would move what the guide says."""
        super().train(False)
        return self

    def forward(self, images: Tensor) -> StreamOutput:
        """Return what the stream says about ``(B, 3, H, W)`` images, without a graph."""
        with torch.no_grad():
            output: StreamOutput = self.stream(images)
        return output

    def embed(self, images: Tensor, *, flip: bool = False) -> Tensor:
        """Return ``(B, D)`` embeddings of length 1, as ``Stream.embed`` does."""
        return self.stream.embed(images, flip=flip)


def fingerprint(module: nn.Module) -> str:
    """Return 64 hexadecimal digits that change when any weight or statistic changes.

    A stream's description counts as well, since other preprocessing means other embeddings.
    Device and memory layout do not.
    """
    digest = hashlib.sha256()
    if isinstance(module, Stream):
        digest.update(json.dumps(module.describe(), sort_keys=True).encode())
    for name, tensor in module.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        bits = tensor.detach().cpu().reshape(-1).view(torch.uint8)
        digest.update(bits.numpy().tobytes())
    return digest.hexdigest()
