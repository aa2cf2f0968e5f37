"""A web application around a service: routes, page, guards in front, and the books."""

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from lookmore.checkpoint.provenance import versions
from lookmore.errors import ConfigError, UnreadableImageError
from lookmore.page.style import STYLE
from lookmore.serve.asgi import REQUEST_ID, App
from lookmore.serve.doors import HostDoor, KeyDoor
from lookmore.serve.journal import Journal
from lookmore.serve.limits import BodyLimits, Gate
from lookmore.serve.metrics import SECONDS, Counter, Gauge, Histogram, exposition
from lookmore.serve.refusal import RefusalError
from lookmore.serve.routes import PATHS, build_router
from lookmore.serve.service import Service
from lookmore.serve.settings import ServeConfig

if TYPE_CHECKING:
    from fastapi import FastAPI

_PAGES = {"/": "index.html", "/docs": "docs.html"}
_KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_FOLDER, _SCHEMA_PATH = "/page/", "/openapi.json"


class _File(NamedTuple):
    content: bytes
    kind: str


def _files() -> dict[str, _File]:
    """Return every file of the page under its path: all that a path can lead to."""
    files = {_FOLDER + "style.css": _File(STYLE.encode(), "text/css")}
    for entry in (resources.files("lookmore.serve") / "page").iterdir():
        kind = _KINDS.get(PurePath(entry.name).suffix)
        if kind is not None:
            files[_FOLDER + entry.name] = _File(entry.read_bytes(), kind)
    return files | {path: files.pop(_FOLDER + name) for path, name in _PAGES.items()}


def build_application(service: Service, *, config: ServeConfig, batches: Histogram) -> App:
    """Return an ASGI application.

    Args:
        service: Answers.
        config: Limits, and who may ask.
        batches: What `open_service` was given.
    """
    requests = Counter("lookmore_requests_total", "Answers, by status.", "method", "path", "status")
    seconds = Histogram(
        "lookmore_request_seconds", "From the first byte asked to the last byte answered.",
        "path", bounds=SECONDS,
    )  # fmt: skip
    files = _files()
    inner = _routed(service, config, files, lambda: exposition(metrics))
    gate = Gate(
        BodyLimits(inner, most_bytes=config.max_upload_bytes, seconds=config.body_seconds),
        most=config.queue,
    )
    metrics = (
        requests,
        seconds,
        batches,
        Gauge(
            "lookmore_queue_images", "Images that wait for a network.", label="network",
            read=lambda: service.networks.waiting,
        ),
        Gauge(
            "lookmore_requests_inside", "Requests at work or waiting.",
            read=lambda: {"": float(gate.inside)},
        ),
        Gauge(
            "lookmore_gallery_people", "People in the gallery.",
            read=lambda: {"": float(len(service.enrolment.gallery))} if service.enrolment else {},
        ),
    )  # fmt: skip
    open_paths = (*files, _SCHEMA_PATH, "/healthz")
    keyed = KeyDoor(gate, key=config.api_key, open_paths=open_paths)
    hosted = HostDoor(keyed, names=config.host_names, public=config.public_hosts)
    return Journal(
        hosted, templates=(*files, _SCHEMA_PATH, *PATHS), requests=requests, seconds=seconds
    )


def _routed(
    service: Service,
    config: ServeConfig,
    files: Mapping[str, _File],
    metrics: Callable[[], str],
) -> "FastAPI":
    from fastapi import Depends, FastAPI
    from fastapi.responses import Response
    from fastapi.security import HTTPBearer

    app = FastAPI(
        title="lookmore",
        version=versions()["lookmore"],
        summary="Recognise images from few pixels.",
        description=_DESCRIPTION,
        openapi_url=_SCHEMA_PATH,
        docs_url=None,  # both fetch scripts from elsewhere; ours is the file docs.html
        redoc_url=None,
        dependencies=[Depends(HTTPBearer(auto_error=False))] if config.api_key else [],
    )
    app.include_router(build_router(service, metrics=metrics))

    def add(path: str, found: _File) -> None:
        def file() -> Response:
            headers = {"Cache-Control": "no-cache"}
            return Response(found.content, media_type=found.kind, headers=headers)

        app.add_api_route(path, file, include_in_schema=False)

    for path, found in files.items():
        add(path, found)
    _say_in_one_line(app)
    return app


_DESCRIPTION = (
    "A student that recognises images of few pixels, beside its teacher. Every refusal is a "
    "`Problem`: one line, and the id under which the server's log tells more."
)


def _say_in_one_line(app: "FastAPI") -> None:
    """Answer every refusal with a `Problem`, whoever refuses."""
    from fastapi import Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException

    def problem(
        request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None
    ) -> JSONResponse:
        content = {"detail": detail, "request_id": request.scope.get(REQUEST_ID, "")}
        return JSONResponse(content, status, headers=dict(headers or {}))

    @app.exception_handler(RefusalError)
    async def refused(request: Request, error: RefusalError) -> JSONResponse:
        headers = {"Retry-After": "1"} if error.status == 503 else {}
        return problem(request, error.status, error.detail, headers)

    @app.exception_handler(UnreadableImageError)
    @app.exception_handler(ConfigError)
    async def unfit(request: Request, error: Exception) -> JSONResponse:
        return problem(request, 422, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # the field and what is wrong with it; never the value, which may be an image
        words = [f"{found['loc'][-1]}: {found['msg']}" for found in error.errors()[:5]]
        return problem(request, 422, "; ".join(words))

    @app.exception_handler(HTTPException)
    async def other(request: Request, error: HTTPException) -> JSONResponse:
        return problem(request, error.status_code, str(error.detail), error.headers)

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        return problem(
            request, 500, "something went wrong here; the server's log tells more under this id"
        )
