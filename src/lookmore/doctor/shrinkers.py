"""The ways in which people shrink a picture before a network sees it."""

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from lookmore.degradation.quantise import to_eight_bits
from lookmore.degradation.resize import shrink

Pixels = npt.NDArray[np.uint8]
Shrinker = Callable[[Pixels, int], Pixels]
"""``(S, S, 3)`` RGB and a side to ``(side, side, 3)``."""


class Way(NamedTuple):
    """One way of shrinking."""

    library: str
    """Whose it is."""

    call: str
    """As it is written in code."""

    is_same: bool
    """Whether it should give the student what it was trained on, to a step or two."""

    shrink: Shrinker | None
    """Does it; None where the library is not installed."""


def reference(pixels: Pixels, side: int) -> Pixels:
    """Shrink as lookmore does: antialiased bicubic, rounded to 8 bits."""
    return _image(to_eight_bits(shrink(_batch(pixels), side=side, kernel="bicubic")))


def ways() -> list[Way]:
    """Return all ways, those that should agree first; libraries are imported here."""
    cv2, onnx = _module("cv2"), _module("onnxruntime", "onnx")
    smooth = 'interpolate(mode="bicubic", antialias=True)'
    edgy = 'interpolate(mode="bilinear"): no antialias'
    return [
        Way("Pillow", "resize((side, side), BICUBIC)", True, _pillow),
        Way("torchvision", "resize(..., BICUBIC, antialias=True)", True, _torchvision),
        Way("torch", smooth, True, partial(_torch, mode="bicubic", antialias=True)),
        _resize_node(onnx, True, mode="cubic", antialias=1, cubic_coeff_a=-0.5, exclude_outside=1),
        _resize_node(onnx, False, mode="cubic", antialias=1),
        _resize_node(onnx, False, mode="cubic"),
        Way("cv2", "resize(): INTER_LINEAR", False, _cv2(cv2, "INTER_LINEAR")),
        Way("cv2", "resize(INTER_CUBIC)", False, _cv2(cv2, "INTER_CUBIC")),
        Way("cv2", "resize(INTER_AREA)", False, _cv2(cv2, "INTER_AREA")),
        Way("torch", edgy, False, partial(_torch, mode="bilinear", antialias=False)),
        Way("Pillow", "resize((side, side), NEAREST)", False, _pillow_nearest),
        Way("cv2", "imread without cvtColor: red and blue swapped", False, _swapped),
    ]


def _resize_node(onnx: Any, is_same: bool, **settings: str | float) -> Way:
    """The ONNX operator with some of its settings; the others are as the standard has them."""
    call = f"Resize({', '.join(f'{name}={value!r}' for name, value in settings.items())})"
    return Way("ONNX", call, is_same, partial(_onnx, settings=settings) if onnx else None)


def _module(name: str, *others: str) -> Any:
    """Return a module, if it and some others are installed; else None."""
    try:
        for other in others:
            importlib.import_module(other)
        return importlib.import_module(name)
    except ImportError:
        return None


def _batch(pixels: Pixels) -> Tensor:
    """``(S, S, 3)`` uint8 to ``(1, 3, S, S)`` float32 in [0, 1]."""
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None].float() / 255


def _image(images: Tensor) -> Pixels:
    """``(1, 3, s, s)`` in [0, 1] to ``(s, s, 3)`` uint8."""
    levels = (images[0].clamp(0, 1) * 255).round().to(torch.uint8)
    return levels.permute(1, 2, 0).contiguous().numpy()


def _pillow(pixels: Pixels, side: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))


def _pillow_nearest(pixels: Pixels, side: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST))


def _torchvision(pixels: Pixels, side: int) -> Pixels:
    image = torch.from_numpy(pixels.transpose(2, 0, 1).copy())
    small: Tensor = transforms.resize(
        image, [side, side], interpolation=InterpolationMode.BICUBIC, antialias=True
    )
    return small.permute(1, 2, 0).contiguous().numpy()


def _torch(pixels: Pixels, side: int, *, mode: str, antialias: bool) -> Pixels:
    return _image(F.interpolate(_batch(pixels), size=(side, side), mode=mode, antialias=antialias))


def _swapped(pixels: Pixels, side: int) -> Pixels:
    return reference(pixels, side)[:, :, ::-1].copy()


def _cv2(cv2: Any, flag: str) -> Shrinker | None:
    if cv2 is None:
        return None

    def resized(pixels: Pixels, side: int) -> Pixels:
        small: Pixels = cv2.resize(pixels, (side, side), interpolation=getattr(cv2, flag))
        return small

    return resized


_FLOAT: Final = 1  # onnx.TensorProto.FLOAT and INT64, as the standard numbers them
_INT64: Final = 7


def _onnx(pixels: Pixels, side: int, *, settings: Mapping[str, str | float]) -> Pixels:
    """Run a network that is one Resize and nothing else."""
    import onnxruntime
    from onnx import helper

    node = helper.make_node("Resize", ["images", "", "", "sizes"], ["small"])
    node.attribute.extend(helper.make_attribute(*setting) for setting in settings.items())
    graph = helper.make_graph(
        [node],
        "resize",
        [helper.make_tensor_value_info("images", _FLOAT, [1, 3, None, None])],
        [helper.make_tensor_value_info("small", _FLOAT, [1, 3, side, side])],
        [helper.make_tensor("sizes", _INT64, [4], [1, 3, side, side])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    (small,) = session.run(None, {"images": _batch(pixels).numpy()})
    return _image(torch.from_numpy(small))
