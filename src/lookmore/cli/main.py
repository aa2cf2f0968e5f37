"""The ``lookmore`` command: pick a subcommand, run it, turn our errors into one line."""

import sys

import typer

from lookmore.cli import (
    benchmark,
    calibrate,
    compare,
    data,
    demo,
    distill,
    doctor,
    embed,
    evaluate,
    export,
    gallery,
    index,
    search,
    serve,
    train,
)
from lookmore.errors import LookmoreError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Recognise images from few pixels: distil a sharp recogniser into a small one.",
)
app.command("demo")(demo.demo)
app.command("train")(train.train)
app.command("distill")(distill.distill)
app.command("evaluate")(evaluate.evaluate)
app.command("benchmark")(benchmark.benchmark)
app.command("calibrate")(calibrate.calibrate)
app.command("doctor")(doctor.doctor)
app.command("embed")(embed.embed)
app.command("compare")(compare.compare)
app.command("export")(export.export)
app.command("index")(index.index)
app.add_typer(gallery.app, name="gallery")
app.command("search")(search.search)
app.command("serve")(serve.serve)
app.add_typer(data.app, name="data")


def main() -> None:
    """Run the command line; exit with 1 and one line on an error the user can act on."""
    try:
        app()
    except LookmoreError as error:
        print(f"lookmore: {error}", file=sys.stderr)
        sys.exit(1)
