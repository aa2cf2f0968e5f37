"""``lookmore serve``: a page and an API around a student, on this machine or behind a key."""

import logging
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from lookmore.errors import ConfigError

if TYPE_CHECKING:  # import torch, which the command line loads only when it must
    from lookmore.serve.service import Service
    from lookmore.serve.settings import ServeConfig

KEY_VARIABLE = "LOOKMORE_API_KEY"


def serve(
    path: Annotated[
        Path,
        typer.Argument(metavar="RUN_OR_ONNX", help="Run folder, or a file of lookmore export."),
    ],
    index: Annotated[
        Path | None,
        typer.Option(help="Gallery to search and to enrol people in, made by lookmore index."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; beyond this machine it needs an API key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port; 0 = any that is free.")] = 8000,
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            help="File with the API key that clients must send, of 16 characters or more; "
            f"or set {KEY_VARIABLE}."
        ),
    ] = None,
    public_host: Annotated[
        list[str] | None,
        typer.Option(help="Name by which a proxy in front of it is reached; as often as needed."),
    ] = None,
    max_upload_mib: Annotated[float, typer.Option(help="Most MiB of one request's body.")] = 8.0,
    max_pixels: Annotated[
        int, typer.Option(help="Most pixels of one image; its header is asked before decoding.")
    ] = 16_000_000,
    queue: Annotated[
        int, typer.Option(help="Requests at work or waiting; more are answered 503.")
    ] = 64,
) -> None:
    """Answer searches, comparisons and enrolments over HTTP, and show a page to try them on."""
    from lookmore.serve.server import address_of, check_extra, listen, run
    from lookmore.serve.settings import ServeConfig

    config = ServeConfig(
        host=host,
        port=port,
        api_key=_key(api_key_file),
        public_hosts=tuple(public_host or ()),
        max_upload_bytes=int(max_upload_mib * 2**20),
        max_pixels=max_pixels,
        queue=queue,
    )
    check_extra()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with listen(config) as listening:
        console.print(f"Opening {path}")
        from lookmore.serve.application import build_application  # import torch: seconds
        from lookmore.serve.metrics import batch_sizes
        from lookmore.serve.opening import open_service

        batches = batch_sizes()
        service = open_service(path, index=index, config=config, batches=batches)
        app = build_application(service, config=config, batches=batches)
        _log_to_stderr()

        def ready() -> None:
            console.print(_greeting(service, address_of(listening), config))

        run(app, listening, config=config, ready=ready)
        service.networks.close()
    console.print("Stopped.")


def _key(path: Path | None) -> str:
    """Return the API key, from the file if one is named, else from the environment."""
    if path is None:
        return os.environ.get(KEY_VARIABLE, "").strip()
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"--api-key-file {path} cannot be read: {reason}") from error
    if not key:
        raise ConfigError(f"--api-key-file {path} is empty: write a key into it")
    return key


def _greeting(service: "Service", address: str, config: "ServeConfig") -> str:
    """Return what to say once requests are answered."""
    about = service.about()
    teacher = about.teacher or f"none: {about.teacher_absent}"
    if about.people is None:
        people = "none: give --index INDEX to search and to enrol"
    else:
        people = f"{about.people:,} people, through the {about.through}"
    fars = ", ".join(f"{far:g}" for far in about.fars)
    lines = [
        f"Student   {about.name}, for {about.side} px",
        f"Teacher   {teacher}",
        f"Gallery   {people}",
        f"Decision  {f'at FAR {fars}' if fars else 'none: run lookmore calibrate'}",
        f"Key       {'asked for' if config.api_key else 'none, this machine only'}",
    ]
    if not config.is_loopback:
        lines.append("Note      nothing is encrypted: put a proxy that speaks TLS in front")
    return "\n".join([*lines, f"Page      {address}", "Ctrl-C stops it."])


def _log_to_stderr() -> None:
    """Write one line per request, and what goes wrong."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)sZ %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    for name, level in (("lookmore.serve", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
