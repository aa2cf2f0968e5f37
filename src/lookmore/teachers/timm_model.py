"""``timm:NAME``: any network of timm as a teacher."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from lookmore.errors import TeacherError
from lookmore.teachers.base import ImageTeacher, fingerprint, module_hash
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.preprocess import WHOLE, Preprocess


def open_timm(config: TeacherConfig) -> ImageTeacher:
    """Open a network of timm without its classifier; its embedding is the pooled features.

    Args:
        config: ``name`` is ``timm:NAME``; ``weights`` is empty for timm's own pretrained
            weights (downloaded once, from the hub), the path of a .safetensors file, or
            ``none`` for an untrained network.

    Raises:
        TeacherError: If timm does not know the name, the weights cannot be had or do not
            fit, or ``side`` is not one the network can take.
    """
    from timm.data.config import resolve_model_data_config  # timm takes as long to load as torch

    name = config.name.partition(":")[2]
    network = _network(name, config)
    resolve: Callable[..., dict[str, Any]] = resolve_model_data_config  # timm states no types
    own = resolve(network)
    preprocess = Preprocess(
        side=config.side or own["input_size"][1],
        box=config.box or WHOLE,
        mean=config.mean or tuple(own["mean"]),
        std=config.std or tuple(own["std"]),
        order=config.order or "rgb",
    )
    return ImageTeacher(
        name=config.name,
        width=_width(network, preprocess.side, config.name),
        fingerprint=fingerprint(module_hash(network), preprocess),
        licence=network.pretrained_cfg.get("license") or "unknown",  # type: ignore[union-attr, operator]
        preprocess=preprocess,
        network=network,
    )


def _network(name: str, config: TeacherConfig) -> nn.Module:
    """Build the network and fill it with the weights that were asked for."""
    import timm

    if not name.startswith(("hf-hub:", "hf_hub:")) and not timm.is_model(name):
        raise TeacherError(
            f"timm has no model {name!r}; `python -c 'import timm; print(timm.list_models())'` "
            "lists their names"
        )
    options: dict[str, Any] = {"num_classes": 0}
    try:
        known = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
        if config.side and known is not None and known.fixed_input_size:
            options["img_size"] = config.side
        network: nn.Module = timm.create_model(name, pretrained=not config.weights, **options)
    except Exception as error:  # the hub's, the network's and timm's errors have no common root
        reason = str(error).partition("\n")[0]
        raise TeacherError(
            f"cannot open the teacher {config.name!r}: {reason} (offline? put a .safetensors "
            "file into teacher.weights)"
        ) from error
    if config.weights not in ("", "none"):
        _load(network, Path(config.weights))
    return network.eval()


def _load(network: nn.Module, path: Path) -> None:
    """Fill the network from a file; the classifier's tensors, and only those, may be left over."""
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise TeacherError(
            f"cannot read teacher.weights {str(path)!r} as safetensors: {error}"
        ) from error
    classifier = network.pretrained_cfg.get("classifier") or ()  # type: ignore[union-attr, operator]
    heads = (classifier,) if isinstance(classifier, str) else tuple(classifier)
    tensors = {
        name: tensor
        for name, tensor in tensors.items()
        if name in network.state_dict() or not name.startswith(tuple(f"{h}." for h in heads))
    }
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise TeacherError(
            f"teacher.weights {str(path)!r} do not fit the network: {reason[:300]}"
        ) from error


def _width(network: nn.Module, side: int, name: str) -> int:
    """Ask the network itself; timm's own number leaves out what some heads add."""
    try:
        with torch.inference_mode():
            seen = network(torch.zeros(1, 3, side, side))
    except Exception as error:  # whatever a network raises about a side it cannot take
        reason = str(error).partition("\n")[0]
        raise TeacherError(f"teacher {name!r} cannot take {side} px images: {reason}") from error
    if seen.ndim != 2:
        raise TeacherError(f"teacher {name!r} must give (B, D), got {tuple(seen.shape)}")
    return int(seen.shape[1])
