"""A stream as an ONNX graph, its preprocessing inside: pixels of any size in, answers out."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lookmore.checkpoint.network import named
from lookmore.checkpoint.onnx_file import INPUT
from lookmore.errors import ExportError, MissingExtraError
from lookmore.streams.stream import Stream

if TYPE_CHECKING:
    import onnx

OPSET = 18  # the first whose Resize can keep aliasing out
PREPARED = "prepared"
"""Input of a graph without preprocessing."""

_IR = 10  # onnxruntime 1.18 and later read it


class _Named(nn.Module):
    """A stream whose output is a dict of tensors, as an exporter wants it."""

    def __init__(self, stream: Stream) -> None:
        super().__init__()
        self.stream = stream

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return named(self.stream(images))


def stream_graph(stream: Stream) -> "onnx.ModelProto":
    """Return a stream as an ONNX model, without the preprocessing that comes before a stream.

    Args:
        stream: In evaluation mode.

    Returns:
        From ``prepared``, ``(batch, 3, side, side)`` float32 in [0, 1], to the outputs of `named`;
        without anything that tells where it was made.

    Raises:
        ExportError: If the network is one that torch cannot write as ONNX.
        MissingExtraError: If onnx or onnxscript is not installed.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  torch's exporter is built on it
    except ImportError as error:
        raise MissingExtraError(
            package=error.name or "onnx", extra="export", purpose="lookmore export"
        ) from error
    example = torch.zeros(2, 3, stream.side, stream.side)
    with torch.inference_mode():
        outputs = list(named(stream(example)))
    try:
        with quiet():
            program = torch.onnx.export(
                _Named(stream).eval(),
                (example,),
                dynamo=True,
                opset_version=OPSET,
                input_names=[PREPARED],
                output_names=outputs,
                dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
                verbose=False,
            )
        proto = program.model_proto  # type: ignore[union-attr]  # None only where it raised
    except Exception as error:  # the exporter's errors have no common root
        first = str(error).strip().partition("\n")[0]
        raise ExportError(
            f"the network {stream.backbone_name!r} cannot be written as ONNX: {first}; train a "
            "student with another backbone"
        ) from error
    model = onnx.ModelProto()
    model.CopyFrom(proto)
    _bare(model)
    return model


def with_preprocessing(model: "onnx.ModelProto", *, side: int) -> "onnx.ModelProto":
    """Return a model that takes pixels: what a `Recogniser` does to a square, inside the graph.

    Input ``images``: ``(batch, height, width, 3)`` uint8 RGB, any number of images of any one
    size. Where that is not the network's own, bicubic resizing (antialiased, coefficient -0.5,
    weights cut at the border), rounded to 8 bits; then the scale [0, 1].

    Args:
        model: From `stream_graph`, or quantised; left as it is.
        side: Height and width that its network sees, in pixels.
    """
    import onnx

    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    _bare(whole)
    first = _preprocessing(side)
    nodes = [*first.node, *whole.graph.node]
    del whole.graph.node[:]
    whole.graph.node.extend(nodes)
    del whole.graph.input[:]
    whole.graph.input.extend(first.input)
    whole.graph.initializer.extend(first.initializer)
    _shorten_names(whole)
    onnx.checker.check_model(whole, full_check=True)
    return whole


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep an exporter's talk to itself; what it cannot do it raises."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _preprocessing(side: int) -> "onnx.GraphProto":
    """Return the nodes from ``images`` to ``(batch, 3, side, side)`` float32 in [0, 1]."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Transpose", [INPUT], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["channels"], ["levels"], to=TensorProto.FLOAT),
        # All four sizes are stated: onnxruntime 1.32 may move the transposition behind the
        # Resize, and then forgets which axes an attribute named.
        helper.make_node("Shape", ["levels"], ["count"], start=0, end=1),
        helper.make_node("Concat", ["count", "sides"], ["sizes"], axis=0),
        # equal to torch's bicubic with antialias=True to 1e-6; the identity where sizes agree
        helper.make_node(
            "Resize",
            ["levels", "", "", "sizes"],
            ["resized"],
            mode="cubic",
            cubic_coeff_a=-0.5,
            antialias=1,
            exclude_outside=1,
            coordinate_transformation_mode="half_pixel",
        ),
        helper.make_node("Clip", ["resized", "darkest", "brightest"], ["within"]),
        helper.make_node("Round", ["within"], ["rounded"]),
        helper.make_node("Div", ["rounded", "brightest"], [PREPARED]),
    ]
    return helper.make_graph(
        nodes,
        "preprocessing",
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["batch", "height", "width", 3])],
        [helper.make_tensor_value_info(PREPARED, TensorProto.FLOAT, ["batch", 3, side, side])],
        [
            helper.make_tensor("sides", TensorProto.INT64, [3], [3, side, side]),
            helper.make_tensor("darkest", TensorProto.FLOAT, [], [0.0]),
            helper.make_tensor("brightest", TensorProto.FLOAT, [], [255.0]),
        ],
    )


def _bare(model: "onnx.ModelProto") -> None:
    """Take off what exporters note down: stack traces, paths, Python source."""
    model.ir_version = _IR
    model.producer_name, model.producer_version, model.doc_string = "lookmore", "", ""
    del model.metadata_props[:]
    del model.functions[:]
    graph = model.graph
    graph.name, graph.doc_string = "student", ""
    del graph.value_info[:]
    for thing in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output):
        del thing.metadata_props[:]
        thing.doc_string = ""


def _shorten_names(model: "onnx.ModelProto") -> None:
    """Number everything inside: names were a tenth of a small file."""
    graph = model.graph
    kept = {INPUT, "", *(value.name for value in graph.output)}
    short: dict[str, str] = {}

    def name(old: str) -> str:
        return old if old in kept else short.setdefault(old, f"t{len(short)}")

    for tensor in graph.initializer:
        tensor.name = name(tensor.name)
    for number, node in enumerate(graph.node):
        node.name = f"n{number}"
        node.input[:] = [name(old) for old in node.input]
        node.output[:] = [name(old) for old in node.output]
