"""What can be said of a probe before it is compared: its recognisability, and plainer measures."""

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.encoder import Embedder, Encoder
from lookmore.metrics.attenuation import corrected
from lookmore.streams.stream import Stream, StreamOutput

_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "ours": "recognisability, learnt with the student",
        "discard_norm": "length of the raw embedding",
        "discard_mirror": "cosine between the embeddings of the image and of its mirror image",
        "discard_sharpness": "variance of the Laplacian of the pixels that the network sees",
    }
)
"""Method, as in rows, to what it turns probes away by."""

COSINE = "discard_cosine"
"""Method: turned away by the cosine that recognisability predicts, which nobody knows in use."""

_FORMAT = 1


def corrected_encoder(stream: Stream, *, weights: str, flip: bool) -> Encoder:
    """Return a stream whose embeddings are corrected for attenuation, by its recognisability.

    Args:
        stream: In evaluation mode, with recognisability.
        weights: Hash of its weights.
        flip: Sum the embeddings of each image and its mirror image; recognisability is the mean
            over both.

    Returns:
        An encoder of ``(B, D)`` rows that are longer, the less recognisable the image.
    """

    def told(images: Tensor) -> Tensor:
        one: StreamOutput = stream(images)
        embeddings, score = one.embeddings, _recognisability(one)
        if flip:
            other: StreamOutput = stream(images.flip(3))
            embeddings = F.normalize(embeddings + other.embeddings)
            score = (score + _recognisability(other)) / 2
        return torch.cat([embeddings, score[:, None]], dim=1)

    def place(rows: Tensor) -> Tensor:
        unit = F.normalize(rows[:, :-1])
        return torch.from_numpy(corrected(unit.numpy(), rows[:, -1].numpy()))

    facts = json.dumps(["corrected", _FORMAT, weights, flip])
    return Encoder("student", hashlib.sha256(facts.encode()).hexdigest(), told, place)


def told_recognisability(
    encoder: Encoder, *, embed: Embedder, rows: np.ndarray, side: int, degradation: str
) -> np.ndarray:
    """Return the recognisability that a corrected encoder corrects by, from the rows that it keeps.

    Args:
        encoder: Of `corrected_encoder`.
        embed: Makes the embeddings.
        rows: ``(n,)`` pack rows.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.

    Returns:
        ``(n,)`` in [0, 1].
    """
    kept = encoder._replace(place=lambda found: found)
    told: np.ndarray = embed(kept, rows, side=side, degradation=degradation)[:, -1]
    return told


def _recognisability(found: StreamOutput) -> Tensor:
    if found.recognisability is None:
        raise ValueError("this stream predicts no recognisability")
    return found.recognisability


def judge_encoder(stream: Stream, *, weights: str, flip: bool) -> Encoder:
    """Return a stream's qualities of images as an encoder, so that they are kept as embeddings are.

    Args:
        stream: In evaluation mode, with recognisability.
        weights: Hash of its weights.
        flip: Whether the stream's embeddings are summed over mirror images: then recognisability
            and length are means over both.

    Returns:
        An encoder of ``(B, 4)`` qualities, larger is better.
    """

    def qualities(images: Tensor) -> Tensor:
        one: StreamOutput = stream(images)
        other: StreamOutput = stream(images.flip(3))
        score, length = _recognisability(one), one.raw.norm(dim=1)
        if flip:
            score = (score + _recognisability(other)) / 2
            length = (length + other.raw.norm(dim=1)) / 2
        agreement = (one.embeddings * other.embeddings).sum(1)
        return torch.stack([score, length, agreement, sharpness(stream.resized(images))], dim=1)

    facts = json.dumps(["quality", _FORMAT, weights, flip])
    digest = hashlib.sha256(facts.encode()).hexdigest()
    return Encoder("student", digest, qualities, lambda rows: rows)


def sharpness(images: Tensor) -> Tensor:
    """Return the variance of the Laplacian of the grey image, ``(B,)`` of ``(B, 3, H, W)``.

    Source:
        Pech-Pacheco et al., *Diatom autofocusing in brightfield microscopy: a comparative study*,
        ICPR 2000 (LAPV), on four neighbours.
    """
    kernel = images.new_tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
    edges = F.conv2d(images.mean(1, keepdim=True), kernel[None, None])
    return edges.var(dim=(1, 2, 3), correction=0)


def qualities_of(
    who: Contestant,
    judge: Encoder,
    *,
    embed: Embedder,
    rows: np.ndarray,
    side: int,
    degradation: str,
) -> dict[str, np.ndarray]:
    """Return every quality of some probes, by the method that turns away by it.

    Args:
        who: Whose probes, and the gallery that they are near to or far from.
        judge: From `judge_encoder`.
        embed: Makes the embeddings.
        rows: ``(n,)`` pack rows.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.

    Returns:
        ``(n,)`` float64 each, larger is better.
    """
    seen = embed(judge, rows, side=side, degradation=degradation).astype(np.float64)
    probes = embed(who.probe, rows, side=side, degradation=degradation).astype(np.float64)
    sharp = embed(who.gallery, rows, side=embed.pack.images.shape[-1]).astype(np.float64)
    found = dict(zip(_MEASURES, seen.T, strict=True))
    return {**found, COSINE: (probes * sharp).sum(axis=1)}
