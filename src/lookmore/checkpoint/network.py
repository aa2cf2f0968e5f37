"""A trained stream as a function from pixels to named answers; an exported file is another."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lookmore.streams.stream import Stream, StreamOutput

Pixels: TypeAlias = NDArray[np.uint8]
"""``(B, side, side, 3)`` RGB."""

Answers: TypeAlias = dict[str, NDArray[np.float32]]
"""``embeddings`` ``(B, D)``, rows of length 1; ``logits`` ``(B, C)`` where classes are scored;
``recognisability`` ``(B,)`` in [0, 1] where the student tells it."""

Network: TypeAlias = Callable[[Pixels], Answers]
"""What a `Recogniser` asks: torch or onnxruntime, it cannot tell."""


def named(output: StreamOutput) -> dict[str, Tensor]:
    """Return what a stream says under the names that files and users know; the only such list."""
    found = {"embeddings": output.embeddings}
    if output.logits is not None:
        found["logits"] = output.logits
    if output.recognisability is not None:
        found["recognisability"] = output.recognisability
    return found


def stream_network(stream: Stream) -> Network:
    """Return a stream as a function from pixels to answers.

    Args:
        stream: Put into evaluation mode.

    Returns:
        The function; pixels must have the stream's own side.
    """
    stream.eval()

    def network(pixels: Pixels) -> Answers:
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode():
            return {name: values.numpy() for name, values in named(stream(images)).items()}

    return network
