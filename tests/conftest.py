"""What tests of several parts need."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="session")
def benchmark_script() -> Iterator[Callable[[str], ModuleType]]:
    """Returns a script of ``benchmarks/`` as a module; it finds its helpers as when it is run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module


@pytest.fixture
def set_threads() -> Iterator[Callable[[int], None]]:
    """Sets how many threads torch may use, until the test ends."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def recogniser_file() -> Callable[..., Path]:
    """Write a small recogniser as an ONNX file: one convolution, the mean of each of its maps."""
    pytest.importorskip("onnx", reason="comes with the extra export")
    from onnx import TensorProto, helper, numpy_helper, save

    def write(path: Path, *, side: int, width: int = 12, seed: int = 0) -> Path:
        stem = np.random.default_rng(seed).normal(size=(width, 3, 5, 5)).astype(np.float32) / 5
        graph = helper.make_graph(
            [
                helper.make_node("Conv", ["images", "stem"], ["maps"], strides=[4, 4]),
                helper.make_node("Relu", ["maps"], ["positive"]),
                helper.make_node("GlobalAveragePool", ["positive"], ["means"]),
                helper.make_node("Flatten", ["means"], ["embeddings"]),
            ],
            "recogniser",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, side, side])],
            [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, [1, width])],
            [numpy_helper.from_array(stem, "stem")],
        )
        opset = [helper.make_opsetid("", 18)]
        save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
        return path

    return write
