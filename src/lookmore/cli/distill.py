"""``lookmore distill``: your own folder in one command."""

from pathlib import Path
from typing import Annotated

import typer


def distill(
    data: Annotated[
        str, typer.Option(help="A folder per class, a CSV/Parquet manifest, or hf://NAME.")
    ],
    task: Annotated[str, typer.Option(help="face, metric or classify.")],
    teacher: Annotated[
        str,
        typer.Option(
            help="dlib-face, imagenet, timm:NAME, onnx:PATH, file:PATH; trained = from labels."
        ),
    ] = "trained",
    side: Annotated[int, typer.Option(help="Side of the student's input, in pixels.")] = 16,
    epochs: Annotated[
        int,
        typer.Option(
            min=0,
            help="Passes of the student over the images; 0 = by how many there are, 30 to 200.",
        ),
    ] = 0,
    inherit: Annotated[
        bool,
        typer.Option(
            help="Start the student from the weights of its teacher, dlib-face, imagenet, "
            "onnx:PATH or trained: larger and slower, it need not learn everything anew."
        ),
    ] = False,
    camera: Annotated[
        bool,
        typer.Option(
            help="The small images will come from a camera: show the student most of its views "
            "with a camera's blur, noise and coloured fringes, and try it on such images, too."
        ),
    ] = False,
    name: Annotated[str, typer.Option(help="Of the run; made from the folder if left out.")] = "",
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/NAME if left out.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="section.key=value, as many as you like.")
    ] = None,
    smoke: Annotated[bool, typer.Option(help="Two steps of each stage, to see it work.")] = False,
    restart: Annotated[
        bool, typer.Option(help="Train stages anew whose settings have changed.")
    ] = False,
) -> None:
    """Write a recipe for your images, and train it.

    The recipe lies in the run folder, to be changed and run again with lookmore train.
    """
    from lookmore.cli.train import run_recipe
    from lookmore.data.sources import open_source
    from lookmore.recipe.load import data_config, recipe_from
    from lookmore.recipe.template import epochs_for, recipe_values, run_name

    config = data_config(data, overrides or [])
    source = open_source(config)
    labelled = bool((source.labels >= 0).any())
    values = recipe_values(
        name=name
        or run_name(data, task=task, side=side)
        + ("-inherited" if inherit else "")
        + ("-camera" if camera else ""),
        teacher=teacher,
        data=data,
        task=task,
        side=side,
        sharp=config.side,
        epochs=epochs or epochs_for(len(source.ids)),
        labelled=labelled,
        inherit=inherit,
        camera=camera,
    )
    recipe = recipe_from(values, source="the recipe", overrides=overrides or [])
    run_recipe(recipe, out=out, smoke=smoke, restart=restart)
