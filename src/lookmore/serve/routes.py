"""The paths of the API: what they take, what they answer, examples of both."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

from lookmore.serve.answers import (
    About,
    Compared,
    Embedded,
    Enrolled,
    Health,
    People,
    Searched,
)
from lookmore.serve.enrolment import LONGEST_NAME
from lookmore.serve.metrics import CONTENT_TYPE
from lookmore.serve.networks import IMAGES_PER_REQUEST
from lookmore.serve.reference import (
    NO_GALLERY,
    PNG,
    TEXT,
    TOO_MUCH,
    TURNED_AWAY,
    problems,
    shown,
    typed,
)
from lookmore.serve.refusal import RefusalError
from lookmore.serve.service import Service, Upload

if TYPE_CHECKING:
    from fastapi import APIRouter, UploadFile

PATHS = (
    *("/embed", "/search", "/compare", "/people", "/people/{name}", "/samples"),
    *("/pictures/{name}", "/about", "/healthz", "/metrics"),
)
"""Of the API, as the books call them."""


def build_router(service: Service, *, metrics: Callable[[], str]) -> "APIRouter":
    """Return the API's routes.

    Args:
        service: Answers.
        metrics: Returns the text for Prometheus.
    """
    from fastapi import APIRouter, File, Form, Path, Query, UploadFile
    from fastapi.responses import Response

    router = APIRouter(responses=TURNED_AWAY)
    image = File(description="An image file: JPEG, PNG, WebP, BMP, GIF, TIFF or PPM.")
    rate = Form(
        gt=0, lt=1, description="False accept rate to decide at; the smallest calibrated if absent."
    )

    @router.post(
        "/embed",
        responses=shown("embed") | TOO_MUCH,
        tags=["images"],
        summary="Embed images",
        openapi_extra=typed("curl -F images=@crop1.png -F images=@crop2.png $SERVER/embed"),
    )
    def embed(
        images: Annotated[list[UploadFile], File(description="One to 16 image files.")],
    ) -> Embedded:
        """Return the student's embedding of each image, the same as `lookmore embed`."""
        return service.embed(_uploads(images))

    @router.post(
        "/search",
        responses=shown("search") | TOO_MUCH | NO_GALLERY,
        tags=["images"],
        summary="Who is this?",
        openapi_extra=typed("curl -F image=@crop.png -F k=5 -F side=16 $SERVER/search"),
    )
    def search(
        image: Annotated[UploadFile, image],
        k: Annotated[int, Form(ge=1, le=100, description="People to name.")] = 5,
        side: Annotated[
            int | None,
            Form(ge=4, le=512, description="Shrink the probe to so many pixels a side first."),
        ] = None,
        far: Annotated[float | None, rate] = None,
        teacher: Annotated[
            bool, Form(description="Ask the teacher too, fed the same pixels scaled up.")
        ] = False,
        show: Annotated[bool, Form(description="Return the probe as a picture.")] = False,
    ) -> Searched:
        """Return the people in the gallery whom an image may show, best first."""
        upload = Upload("image", image.file.read())
        return service.search(upload, k=k, side=side, far=far, teacher=teacher, show=show)

    @router.post(
        "/compare",
        responses=shown("compare") | TOO_MUCH,
        tags=["images"],
        summary="Do two images show the same?",
        openapi_extra=typed("curl -F a=@crop.png -F b=@sharp.png $SERVER/compare"),
    )
    def compare(
        a: Annotated[UploadFile, image],
        b: Annotated[UploadFile, image],
        far: Annotated[float | None, rate] = None,
    ) -> Compared:
        """Return how alike two images are and, where a threshold was calibrated, the decision."""
        return service.compare(Upload("a", a.file.read()), Upload("b", b.file.read()), far=far)

    @router.get(
        "/people",
        responses=problems(s422="A number is out of range.") | NO_GALLERY,
        tags=["gallery"],
        summary="List people",
    )
    def people(
        query: Annotated[str, Query(max_length=LONGEST_NAME, description="Part of a name.")] = "",
        start: Annotated[int, Query(ge=0, le=10**9, description="Leave out so many.")] = 0,
        count: Annotated[int, Query(ge=1, le=200, description="Return so many at most.")] = 50,
    ) -> People:
        """Return the people of the gallery, in alphabetical order."""
        return service.gallery().people(query=query, start=start, count=count)

    @router.post(
        "/people",
        responses=shown("enrol") | TOO_MUCH | NO_GALLERY,
        tags=["gallery"],
        summary="Enrol a person",
        status_code=201,
        openapi_extra=typed(
            "curl -F name=Ann -F images=@ann1.jpg -F images=@ann2.jpg $SERVER/people"
        ),
    )
    def enrol(
        name: Annotated[
            str, Form(min_length=1, max_length=LONGEST_NAME, description="Of the person.")
        ],
        images: Annotated[list[UploadFile], File(description="One to 16 sharp images.")],
    ) -> Enrolled:
        """Enrol a person, or add images to one who is enrolled."""
        files = [upload.data for upload in _uploads(images)]
        return service.gallery().enrol(name, files)

    @router.delete(
        "/people/{name:path}",
        responses=problems(
            s404="Nobody of that name is enrolled.",
            s422="The name cannot be read.",
            s503="The gallery could not be written.",
        )
        | NO_GALLERY,
        tags=["gallery"],
        summary="Remove a person",
        status_code=204,
        openapi_extra=typed("curl -X DELETE $SERVER/people/Ann"),
    )
    def forget(name: Annotated[str, Path(description="As enrolled.")]) -> None:
        """Remove a person and all their images from the gallery."""
        service.gallery().forget(name)

    @router.get("/samples", responses=NO_GALLERY, tags=["page"], summary="Images to try")
    def samples() -> People:
        """Return a few enrolled people whose pictures can serve as probes."""
        return service.gallery().samples()

    @router.get(
        "/pictures/{name}",
        responses=PNG
        | problems(s404="There is no such picture.", s422="The name cannot be read.")
        | NO_GALLERY,
        response_class=Response,
        tags=["page"],
        summary="Picture of a person",
    )
    def picture(name: Annotated[str, Path(description="As named in an answer.")]) -> Response:
        """Return a picture that an answer named; other names lead nowhere."""
        found = service.gallery().picture(name)
        if found is None:
            raise RefusalError(404, "there is no such picture, or no longer")
        headers = {"Cache-Control": "private, max-age=300"}
        return Response(found, media_type="image/png", headers=headers)

    @router.get("/about", tags=["page"], summary="What is served here")
    def about() -> About:
        """Return the facts that the page needs."""
        return service.about()

    @router.get("/healthz", tags=["server"], summary="Is it up?")
    def healthz() -> Health:
        """Return 200 while requests are answered; needs no key."""
        return Health(status="ok")

    @router.get(
        "/metrics",
        tags=["server"],
        summary="Counts for Prometheus",
        response_class=Response,
        responses=TEXT,
    )
    def counts() -> Response:
        """Return requests, latencies, batch sizes and queue lengths in Prometheus' text format."""
        return Response(metrics(), media_type=CONTENT_TYPE)

    return router


def _uploads(files: "Sequence[UploadFile]") -> list[Upload]:
    if not 1 <= len(files) <= IMAGES_PER_REQUEST:
        raise RefusalError(422, f"images must be 1 to {IMAGES_PER_REQUEST} files, got {len(files)}")
    return [Upload(f"images[{at}]", file.file.read()) for at, file in enumerate(files)]
