"""Eight-bit weights and activations, their ranges taken from training images."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lookmore.checkpoint.network import Pixels
from lookmore.errors import MissingExtraError
from lookmore.export.graph import PREPARED, quiet

if TYPE_CHECKING:
    import onnx

_BATCH = 64
_OPERATIONS = ("Conv", "Gemm", "MatMul", "Add", "Relu", "Clip", "MaxPool")


def quantised(model: "onnx.ModelProto", pixels: Pixels) -> "onnx.ModelProto":
    """Return a model in eight bits: static ranges, weights per channel, QDQ form.

    Weights get 7 of their 8 bits. With all 8, processors without VNNI saturate when they add two
    products: one file would answer differently from machine to machine, and worse on just those
    that need it most.

    Args:
        model: From `stream_graph`; left as it is.
        pixels: ``(N, side, side, 3)`` uint8 of training images, whose activations give the
            ranges.

    Returns:
        The quantised model; preprocessing and normalisation are not touched.

    Raises:
        MissingExtraError: If onnxruntime is not installed.
    """
    import onnx

    try:
        from onnxruntime import quantization
    except ImportError as error:
        raise MissingExtraError(
            package="onnxruntime", extra="export", purpose="lookmore export --int8"
        ) from error
    with tempfile.TemporaryDirectory(prefix="lookmore-") as folder, quiet():
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)
        quantization.quantize_static(
            source,
            target,
            _Batches(pixels),
            quant_format=quantization.QuantFormat.QDQ,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=list(_OPERATIONS),
            extra_options={"QuantizeBias": False},  # the runtime does it: smaller, as fast
        )
        return onnx.load(target)


class _Batches:
    """Hands out images as the graph without preprocessing takes them."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels, self._start = pixels, 0

    def get_next(self) -> dict[str, Any] | None:
        part = self._pixels[self._start : self._start + _BATCH]
        self._start += _BATCH
        if not len(part):
            return None
        return {PREPARED: np.ascontiguousarray(part.transpose(0, 3, 1, 2).astype(np.float32) / 255)}
