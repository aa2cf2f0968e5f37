"""An ONNX file as layers and weights that torch can go on training."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from lookmore.backbones.layers import INPUT, Graph, Layer
from lookmore.backbones.onnx_operations import READERS, SIMPLE, Found, UnknownError
from lookmore.errors import ConfigError
from lookmore.teachers.onnx_session import load_model

# What an exporter writes for view(len(x), -1): a reshape to a computed shape is taken for that.
_OF_SHAPES: Final = ("Cast", "Concat", "Gather", "Slice", "Squeeze", "Unsqueeze")


def read_onnx(path: Path) -> tuple[Graph, dict[str, Tensor]]:
    """Read a network of convolutions, as recognisers are.

    Nothing in the file is run here; who builds the network compares it with onnxruntime's.
    Constants that are added or multiplied stay as they are in training; all other weights learn.

    Args:
        path: An ONNX file with one input ``(B, 3, S, S)``, S declared, and one output.

    Returns:
        The layers, and the tensors for ``lookmore.backbones.layers.fill``.

    Raises:
        ConfigError: If the file cannot be read or holds an operation that is not known here; it
            names all of them.
        MissingExtraError: If onnx is not installed.
    """
    try:
        model = load_model(
            path, purpose="a student that starts from an ONNX file", tensors_beside=True
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error
    from onnx import helper, numpy_helper  # there, or the file would not be open

    constants = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
    } | {
        node.output[0]: numpy_helper.to_array(attribute.t)
        for node in model.graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    }
    reader = _Reader(str(path), constants)
    side = reader.enter([i for i in model.graph.input if i.name not in constants])
    outputs = [output.name for output in model.graph.output]
    if len(outputs) != 1:
        raise ConfigError(f"{path} must have one output, got {outputs}")
    for node in model.graph.node:
        settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        reader.add(node.op_type, list(node.input), list(node.output), settings)
    return reader.finish(side, outputs[0])


class _Reader:
    """Goes through the nodes of a file in their order."""

    def __init__(self, path: str, constants: dict[str, Any]) -> None:
        self.path, self.constants = path, constants
        self.layers: list[Layer] = []
        self.tensors: dict[str, Tensor] = {}
        self.names: dict[str, str] = {}  # value in the file: value here
        self.shapes: set[str] = set()  # values that are sizes of others, not pictures
        self.unknown: dict[str, None] = {}

    def enter(self, inputs: list[Any]) -> int:
        """Take the input; return its side."""
        if len(inputs) != 1:
            raise ConfigError(f"{self.path} must have one input, got {[i.name for i in inputs]}")
        shape = [dim.dim_value for dim in inputs[0].type.tensor_type.shape.dim]
        if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or not shape[2]:
            raise ConfigError(
                f"the input of {self.path} must be declared as (B, 3, S, S) for a student to start "
                f"from it, got {shape} (0: not declared); "
                "onnx.tools.update_model_dims declares what is open"
            )
        self.names[inputs[0].name] = INPUT
        return int(shape[2])

    def add(self, op: str, inputs: list[str], outputs: list[str], settings: dict[str, Any]) -> None:
        """Take one node."""
        try:
            self._add(op, inputs, outputs[0], settings)
        except UnknownError as error:
            fault = str(error)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            fault = f"{op} as it stands there"  # inputs or settings that it must have are missing
        else:
            return
        self.unknown[fault] = None
        self.names |= {name: name for name in outputs}  # go on: name all that is unknown at once

    def _add(self, op: str, inputs: list[str], output: str, settings: dict[str, Any]) -> None:
        of_shapes = all(name in self.shapes or name in self.constants for name in inputs)
        if op == "Constant":
            pass
        elif op in ("Identity", "Dropout") and inputs[0] in self.constants:
            self.constants[output] = self.constants[inputs[0]]
        elif op in ("Identity", "Dropout"):
            self.names[output] = self._value(inputs[0])
        elif op == "Shape" or (op in _OF_SHAPES and of_shapes):
            self.shapes.add(output)
        elif op == "Reshape" and inputs[1] in self.shapes:
            self._put([self._value(inputs[0])], output, ("flatten", {}, {}))
        elif op in SIMPLE:
            self._put([self._value(name) for name in inputs], output, (SIMPLE[op], {}, {}))
        elif op in READERS:
            self._translate(op, inputs, output, settings)
        else:
            raise UnknownError(op)

    def _translate(self, op: str, inputs: list[str], output: str, settings: dict[str, Any]) -> None:
        if any(name and name not in self.constants for name in inputs[1:]):
            raise UnknownError(f"{op} with weights that are computed")
        steps = list(READERS[op](settings, *(self.constants.get(name) for name in inputs[1:])))
        value = self._value(inputs[0])
        for step, found in enumerate(steps, start=1):
            value = self._put([value], output if step == len(steps) else f"{output}/{step}", found)

    def finish(self, side: int, output: str) -> tuple[Graph, dict[str, Tensor]]:
        """Return what was read."""
        if self.unknown:
            raise ConfigError(
                f"no student can start from {self.path}: {', '.join(self.unknown)} is not known "
                f"here; known are {', '.join(sorted([*SIMPLE, *READERS]))}. A simplifier such as "
                "onnxsim may write it without; the file can still be a teacher"
            )
        if not self.layers or self.layers[-1].output != self.names.get(output):
            raise ConfigError(f"the last operation of {self.path} must make its output {output!r}")
        return Graph(side=side, layers=tuple(self.layers)), self.tensors

    def _value(self, name: str) -> str:
        """Return the name here of a value in the file; a constant becomes a layer."""
        if name in self.names:
            return self.names[name]
        if name not in self.constants:
            raise ConfigError(f"{self.path} uses {name!r} before it is made")
        value = torch.from_numpy(np.array(self.constants[name], dtype=np.float32))
        return self._put([], name, ("constant", {"shape": list(value.shape)}, {"value": value}))

    def _put(self, inputs: list[str], output: str, found: Found) -> str:
        kind, settings, weights = found
        at = len(self.layers)
        self.tensors |= {f"layers.{at}.{name}": tensor for name, tensor in weights.items()}
        layer = Layer(kind=kind, inputs=tuple(inputs), output=output, settings=settings)
        self.layers.append(layer)
        self.names[output] = output
        return output
