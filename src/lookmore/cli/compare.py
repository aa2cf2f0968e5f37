"""``lookmore compare``: are these two the same?"""

import json
from pathlib import Path
from typing import Annotated

import typer


def compare(
    student: Annotated[Path, typer.Argument(help="Run folder, one of its stages, or .onnx file.")],
    a: Annotated[Path, typer.Argument(help="An image.")],
    b: Annotated[
        Path, typer.Argument(help="An image; or .npy, the teacher's own embedding of one.")
    ],
    far: Annotated[
        float | None,
        typer.Option(help="False accept rate to decide at; the smallest calibrated if left out."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say how alike two images are, and whether they show the same, where that was calibrated."""
    from lookmore.checkpoint.embedded import read_vector
    from lookmore.checkpoint.load import load

    recogniser = load(student)
    if b.suffix == ".npy":
        found = recogniser.compare(a, read_vector(b, width=recogniser.guide_space.width), far=far)
    else:
        found = recogniser.compare(a, b, far=far)
    if as_json:
        print(json.dumps({"a": str(a), "b": str(b), **found.as_dict()}))
        return
    print(f"Similarity: {found.similarity:.3f}")
    print({True: "The same", False: "Not the same", None: "Not decided"}[found.same])
    print(found.reason)
