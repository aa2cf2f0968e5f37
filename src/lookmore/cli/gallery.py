"""``lookmore gallery``: people come and go."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from lookmore.cli.index import Images, MaxUnreadable, Split, describe, entries_of

if TYPE_CHECKING:  # imports torch, which the command line loads only when it must
    from lookmore.search import Gallery

app = typer.Typer(no_args_is_help=True, help="Look at a gallery, enrol people, remove people.")

_SHOWN = 50

Index = Annotated[Path, typer.Argument(metavar="INDEX", help="Folder of the gallery.")]


@app.command("show")
def show(
    path: Index,
    as_json: Annotated[bool, typer.Option("--json", help="Everyone, as JSON.")] = False,
) -> None:
    """Say who is enrolled, through which network, and how the gallery is searched."""
    from lookmore.data.names import natural_order
    from lookmore.search import Gallery

    gallery = Gallery.open(path)
    if as_json:
        people = {person: gallery.images_of(person) for person in gallery.people}
        typer.echo(json.dumps({**gallery.facts, "images_of": people}, indent=1))
        return
    out = Console()
    for person in natural_order(gallery.people)[:_SHOWN]:
        count = len(gallery.images_of(person))
        images = "1 image" if count == 1 else f"{count:,} images"
        out.print(f"{person}: {images}", highlight=False, markup=False, soft_wrap=True)
    if len(gallery) > _SHOWN:
        out.print(f"and {len(gallery) - _SHOWN:,} more: --json names them all")
    describe(gallery, out)


@app.command("add")
def add(
    path: Index,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGES|EMBEDDINGS...",
            help="As for 'lookmore index'; or, with --person, image files.",
        ),
    ],
    person: Annotated[
        str | None, typer.Option(help="Whose these image files are; new, or enrolled already.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Run folder; the one the gallery was made for if left out.")
    ] = None,
    split: Split = "",
    images: Images = None,
    max_unreadable: MaxUnreadable = 0.01,
) -> None:
    """Enrol people, or more images of people who are enrolled.

    An image that is there already, by its path, takes the place of the old one.
    """
    from lookmore.checkpoint.load import load
    from lookmore.search import Gallery

    gallery = Gallery.open(path)
    place = run_of(gallery, run)
    gallery.check(load(place))
    entries, _ = entries_of(
        place,
        sources,
        through=gallery.space.through,
        person=person,
        split=split,
        images=images,
        max_unreadable=max_unreadable,
        console=Console(stderr=True),
    )
    done = gallery.add(entries)
    out = Console()
    out.print(f"Added: {done.new:,} images; replaced: {done.replaced:,}", highlight=False)
    describe(gallery, out)


@app.command("remove")
def remove(
    path: Index,
    people: Annotated[list[str], typer.Argument(metavar="NAME...", help="Whom to forget.")],
) -> None:
    """Forget people and all their embeddings; their image files stay where they are."""
    from lookmore.search import Gallery

    gallery = Gallery.open(path)
    gallery.remove(people)
    out = Console()
    out.print(f"Removed: {', '.join(people)}", highlight=False, markup=False, soft_wrap=True)
    describe(gallery, out)


def run_of(gallery: "Gallery", given: Path | None) -> Path:
    """Return the run to use with a gallery.

    Args:
        gallery: Remembers the one it was made for.
        given: What the user named; ``None``: nothing.

    Raises:
        GalleryError: If that run is no longer there.
    """
    from lookmore.errors import GalleryError

    if given is not None:
        return given
    run = gallery.space.run
    if not run or not Path(run).exists():
        raise GalleryError(
            f"the run that {gallery.path} was made for is not at {run or 'a known place'}: name "
            "it with --run"
        )
    return Path(run)
