"""``lookmore index``: sharp images of people, or embeddings of them, become a gallery."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:  # these import torch, which the command line loads only when it must
    from lookmore.search import Entries, Gallery, Space

Split = Annotated[
    str, typer.Option(help="Only images of this split, where the source states them.")
]
Images = Annotated[
    Path | None,
    typer.Option(help="Folder that the ids of imported embeddings begin in, for pictures."),
]
MaxUnreadable = Annotated[
    float, typer.Option(help="Share of images that may be unreadable and left out.")
]

_NOTHING_KEPT = "Nothing was written: run the command again from the beginning."


def index(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, such as runs/demo.")],
    source: Annotated[
        str,
        typer.Argument(
            metavar="IMAGES|EMBEDDINGS",
            help="A folder with a folder for each person, a manifest, or orl; or embeddings that "
            "exist already, .parquet or .npy.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the new gallery.")],
    through: Annotated[
        str, typer.Option(help="Who embeds, or embedded: teacher, assistant or student.")
    ] = "teacher",
    each: Annotated[
        bool,
        typer.Option(
            "--each", help="Keep every image as a vector of its own; else a person's are fused."
        ),
    ] = False,
    kind: Annotated[
        str,
        typer.Option(
            help="flat compares with everyone; hnsw and ivfpq, by FAISS, with likely ones; auto is "
            "flat up to 100,000 vectors."
        ),
    ] = "auto",
    split: Split = "",
    images: Images = None,
    max_unreadable: MaxUnreadable = 0.01,
    replace: Annotated[
        bool, typer.Option("--replace", help="Throw away the gallery that is there.")
    ] = False,
) -> None:
    """Make a gallery of sharp images, in which low-resolution probes are then searched."""
    from lookmore.errors import ConfigError
    from lookmore.search import Gallery
    from lookmore.search.faiss_index import kind_for
    from lookmore.search.gallery import refuse_a_gallery
    from lookmore.search.space import THROUGH
    from lookmore.search.store import refuse_other_files

    if through not in THROUGH:
        raise ConfigError(f"--through must be {', '.join(THROUGH)}, got {through!r}")
    kind_for(kind, 0)  # refused now, and not when all is embedded
    refuse_other_files(out)
    if not replace:
        refuse_a_gallery(out)
    console = Console(stderr=True)
    entries, space = entries_of(
        run,
        [source],
        through=through,
        person=None,
        split=split,
        images=images,
        max_unreadable=max_unreadable,
        console=console,
    )
    gallery = Gallery.build(out, entries, space=space, fuse=not each, kind=kind, replace=replace)
    describe(gallery, Console())


def entries_of(
    run: Path,
    sources: list[str],
    *,
    through: str,
    person: str | None,
    split: str,
    images: Path | None,
    max_unreadable: float,
    console: Console,
) -> "tuple[Entries, Space]":
    """Return what sources hold, embedded and placed; tell of images that were left out.

    Args:
        run: Whose networks embed.
        sources: Folders, manifests, files of embeddings; with ``person`` image files.
        through: Which of its networks.
        person: Whose all images are; ``None``: as folders and labels say.
        split: Only images of this split; empty: all.
        images: Folder that imported ids begin in.
        max_unreadable: Share of images that may be left out.
        console: For progress and warnings.
    """
    from lookmore.checkpoint.load import load
    from lookmore.errors import ConfigError
    from lookmore.search import Space, import_embeddings, list_files, list_people, open_enroller
    from lookmore.search.imports import doubt, is_embedding_file

    files = [Path(source) for source in sources]
    if any(is_embedding_file(path) for path in files):
        if len(files) > 1 or person is not None or split:
            raise ConfigError(
                "embeddings are imported one file at a time, and state their people themselves: "
                "leave out --person and --split"
            )
        student = load(run)
        space = Space.of(student, through=through, run=str(run.resolve()))
        entries = import_embeddings(files[0], student=student, space=space, images=images)
        if through == "teacher" and (why := doubt(files[0], student=student)):
            console.print(f"Warning: {why}", style="yellow", soft_wrap=True, highlight=False)
        return entries, space
    if images is not None:
        raise ConfigError("--images is for imported embeddings: images state their own paths")
    from lookmore.cli.work import working

    if person is not None:
        listed = list_files(files, person=person)
    elif len(sources) > 1:
        raise ConfigError("several images need a name: --person NAME; or name their folder")
    else:
        listed = list_people(sources[0], split=split)
    enroller = open_enroller(run, through=through)
    with working(console, stopped=_NOTHING_KEPT) as reporter:
        found = enroller.enrol(listed, report=reporter(through), max_unreadable=max_unreadable)
    for path, reason in found.unreadable[:20]:
        console.print(f"Left out {path}: {reason}", soft_wrap=True, highlight=False)
    if len(found.unreadable) > 20:
        console.print(f"and {len(found.unreadable) - 20:,} more")
    missing = sorted(set(listed.people) - set(found.entries.people))
    if missing:
        console.print(f"Nobody can find {', '.join(missing[:5])}: no readable image", style="red")
    return found.entries, enroller.space


def describe(gallery: "Gallery", out: Console) -> None:
    """Print what a gallery holds and how it is searched.

    Args:
        gallery: To describe.
        out: Where to.
    """
    facts, space = gallery.facts, gallery.space
    name = space.name if space.through == "teacher" else space.through
    ways = {
        "flat": "compared with everyone (exact)",
        "hnsw": "by FAISS, HNSW",
        "ivfpq": "by FAISS, IVF-PQ",
    }
    vectors = "one vector each" if facts["fuse"] else "a vector for each image"
    lines = [
        f"People: {facts['people']:,}, images: {facts['images']:,}, {vectors}",
        f"Embedded through: the {space.through}"
        + (f", {name}" if space.through == "teacher" else ""),
        f"For the student of: {space.run or 'unknown'} ({space.student[:8]})",
        f"Searched: {ways[facts['kind']]}",
    ]
    if facts["kind"] != "flat":
        recall = ", ".join(f"{share:.3f} @ {k}" for k, share in facts["recall_at_k"].items())
        lines.append(f"Recall against exact search: {recall}")
    for line in [*lines, f"Gallery: {gallery.path}"]:
        out.print(line, soft_wrap=True, highlight=False, markup=False)
