"""``lookmore embed``: images to embeddings, in a file that others can read."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def embed(
    student: Annotated[Path, typer.Argument(help="Run folder, one of its stages, or .onnx file.")],
    images: Annotated[list[Path], typer.Argument(help="Image files, and folders of them.")],
    out: Annotated[Path, typer.Option(help="E.parquet, or E.npy with its ids in E.txt.")],
) -> None:
    """Embed images of any size; what cannot be read is skipped and listed beside the file.

    Images of a folder are called by their path below it, others as they are given.
    """
    from lookmore.checkpoint.embedded import (
        check_target,
        embed_images,
        find_images,
        write_embeddings,
    )
    from lookmore.checkpoint.load import load
    from lookmore.cli.work import working

    check_target(out)
    console = Console(stderr=True)
    recogniser = load(student)
    with working(console) as reporter:
        embedded = embed_images(recogniser, find_images(images), report=reporter("embed"))
    written = write_embeddings(out, embedded, recogniser=recogniser)
    for name, reason in embedded.unreadable[:20]:
        console.print(f"skipped {name}: {reason}", soft_wrap=True, highlight=False, markup=False)
    printer = Console()
    if embedded.unreadable:
        printer.print(
            f"{len(embedded.unreadable)} unreadable images were skipped: see {written[-1]}",
            soft_wrap=True,
        )
    count, width = embedded.embeddings.shape
    printer.print(f"{count:,} embeddings of {width} numbers: {out}", soft_wrap=True)
