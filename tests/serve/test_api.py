"""The API of a real server: the same answers as the library's, and no way around its limits."""

import base64
import io
import json
import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

import lookmore
from lookmore.data.images import read_image
from lookmore.data.square import to_square
from lookmore.degradation.quantise import to_eight_bits
from lookmore.degradation.resize import shrink
from lookmore.search import Gallery, open_enroller
from lookmore.serve.pictures import as_pixels

PEOPLE = ["ann", "bob", "cleo"]
Photo = Callable[..., bytes]


def form(*files: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    """Files as httpx sends them."""
    return [(name, ("upload", data)) for name, data in files]


def shrunk(data: bytes, side: int) -> np.ndarray:
    """An image with fewer pixels, as probes are made."""
    pixels = read_image(data)
    square = to_square(pixels, side=min(pixels.shape[1:]), fit="crop")[None].float() / 255
    return as_pixels((to_eight_bits(shrink(square, side=side, kernel="bicubic"))[0] * 255).byte())


def test_embeddings_are_those_of_the_library(
    photo: Photo, client: httpx.Client, world: Any
) -> None:
    images = [photo(0, 7), photo(1, 7, side=90, kind="JPEG")]
    found = client.post("/embed", files=form(("images", images[0]), ("images", images[1])))
    expected = lookmore.load(world.run).embed(images)
    assert found.status_code == 200
    np.testing.assert_allclose(found.json()["embeddings"], expected, atol=1e-5)
    assert found.json()["sides"] == [40, 90]


def test_a_search_is_that_of_the_library(photo: Photo, client: httpx.Client, world: Any) -> None:
    student, gallery = lookmore.load(world.run), Gallery.open(world.index)
    for shot in (0, 7):
        data = photo(1, shot)
        found = client.post("/search", files=form(("image", data)), data={"k": 3}).json()
        (expected,) = gallery.search(student.embed([data]), 3)
        assert [match["person"] for match in found["matches"]] == [m.person for m in expected]
        similarities = [match["similarity"] for match in found["matches"]]
        np.testing.assert_allclose(similarities, [m.similarity for m in expected], atol=1e-5)
        assert found["teacher"] is None and found["probe"] is None
        assert found["people"] >= len(PEOPLE)


def test_student_and_teacher_see_the_same_few_pixels(
    photo: Photo, client: httpx.Client, world: Any
) -> None:
    student, gallery = lookmore.load(world.run), Gallery.open(world.index)
    data = photo(2, 7, side=80)
    asked = {"side": 12, "teacher": "true", "show": "true", "k": 3}
    found = client.post("/search", files=form(("image", data)), data=asked).json()
    assert (found["side"], found["own_side"]) == (12, 80)
    probe = shrunk(data, 12)
    shown = base64.b64decode(found["probe"].partition("base64,")[2])
    np.testing.assert_array_equal(read_image(shown).permute(1, 2, 0), probe)
    (by_student,) = gallery.search(student.embed([probe]), 3)
    (by_teacher,) = gallery.search(open_enroller(world.run).look([probe]).embeddings, 3)
    for name, expected in (("matches", by_student), ("teacher", by_teacher)):
        assert [match["person"] for match in found[name]] == [m.person for m in expected]
        similarities = [match["similarity"] for match in found[name]]
        np.testing.assert_allclose(similarities, [m.similarity for m in expected], atol=1e-5)


def test_the_teacher_finds_the_very_image_that_it_enrolled(
    client: httpx.Client, world: Any
) -> None:
    data = (world.images / "bob-1.png").read_bytes()
    found = client.post("/search", files=form(("image", data)), data={"teacher": "true"}).json()
    assert found["teacher"][0]["person"] == "bob"
    assert found["teacher"][0]["similarity"] > 0.99


@pytest.mark.parametrize(("far", "threshold"), [(None, 0.9), (0.01, 0.9), (0.1, 0.5)])
def test_a_match_is_accepted_from_the_calibrated_threshold_on(
    photo: Photo, client: httpx.Client, far: float | None, threshold: float
) -> None:
    asked = {} if far is None else {"far": far}
    found = client.post("/search", files=form(("image", photo(0, 0))), data=asked).json()
    assert found["rule"]["threshold"] == threshold
    for match in found["matches"]:
        assert match["accepted"] is (match["similarity"] >= threshold)


def test_a_comparison_is_that_of_the_library(
    photo: Photo, client: httpx.Client, world: Any
) -> None:
    a, b = photo(0, 3), photo(0, 4)
    found = client.post("/compare", files=form(("a", a), ("b", b)), data={"far": 0.1}).json()
    expected = lookmore.load(world.run).compare(a, b, far=0.1)
    assert found["similarity"] == pytest.approx(expected.similarity, abs=1e-5)
    assert (found["same"], found["rule"]["far"]) == (expected.same, 0.1)
    assert found["reason"] == expected.reason


def test_a_corrected_threshold_moves_with_what_the_student_tells(
    photo: Photo, start: Callable[..., Any], telling_world: Any
) -> None:
    own = telling_world
    server = start(str(own.run), "--index", str(own.index))
    student, a, b = lookmore.load(own.run), photo(0, 3), photo(0, 4)
    expected = student.compare(a, b, far=0.1)
    (told,) = student.recognisability([a])
    with httpx.Client(base_url=server.url, timeout=120) as client:
        found = client.post("/search", files=form(("image", a)), data={"far": 0.1}).json()
        compared = client.post("/compare", files=form(("a", a), ("b", b)), data={"far": 0.1}).json()
    assert told < 0.99
    assert found["rule"]["threshold"] == pytest.approx(0.5 * max(told, 0.5) ** 0.5, abs=1e-5)
    for match in found["matches"]:
        assert match["accepted"] is (match["similarity"] >= found["rule"]["threshold"])
    assert expected.threshold is not None
    assert compared["rule"]["threshold"] == pytest.approx(expected.threshold.threshold, abs=1e-5)


def test_many_at_once_get_their_own_answers(
    photo: Photo, client: httpx.Client, server: Any
) -> None:
    images = [photo(person, 9) for person in range(24)]
    one_by_one = [
        client.post("/embed", files=form(("images", image))).json()["embeddings"][0]
        for image in images
    ]

    def ask(image: bytes) -> list[float]:
        found = httpx.post(f"{server.url}/embed", files=form(("images", image)), timeout=120)
        return list(found.json()["embeddings"][0])

    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(ask, images))
    np.testing.assert_allclose(together, one_by_one, atol=1e-5)


def test_a_person_is_enrolled_found_shown_and_forgotten(photo: Photo, client: httpx.Client) -> None:
    name = "Zoë / <b>O'Hara</b> & Söhne?"
    image = photo(50, 0)
    done = client.post("/people", files=form(("images", image)), data={"name": f"  {name} "})
    assert done.status_code == 201
    assert done.json()["name"] == name and done.json()["added"] == 1
    again = client.post("/people", files=form(("images", image)), data={"name": name})
    assert again.json()["added"] == 0
    found = client.post("/search", files=form(("image", image)), data={"teacher": "true"}).json()
    assert found["teacher"][0]["person"] == name
    shown = client.get(f"/pictures/{found['teacher'][0]['picture']}")
    assert shown.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(shown.content)).size == (32, 32)
    listed = client.get("/people", params={"query": "o'hara"}).json()
    assert [(person["name"], person["images"]) for person in listed["people"]] == [(name, 1)]
    path = f"/people/{quote(name, safe='')}"
    assert client.delete(path).status_code == 204
    assert client.get("/people", params={"query": "o'hara"}).json()["total"] == 0
    assert client.get(f"/pictures/{found['teacher'][0]['picture']}").status_code == 404
    assert client.delete(path).status_code == 404


@pytest.mark.parametrize("name", ["", "   ", "a" * 101, "line\nbreak", "bell\x07", ".", " .. "])
def test_a_name_that_cannot_be_one_is_refused(
    photo: Photo, client: httpx.Client, name: str
) -> None:
    image = photo(51, 0)
    found = client.post("/people", files=form(("images", image)), data={"name": name})
    assert found.status_code == 422
    assert found.json()["detail"].startswith("name")


def test_people_come_in_parts(client: httpx.Client) -> None:
    part = client.get("/people", params={"start": 1, "count": 2}).json()
    assert [person["name"] for person in part["people"]] == ["bob", "cleo"]
    assert part["total"] == 3


def test_samples_are_pictures_that_can_be_searched_with(client: httpx.Client) -> None:
    samples = client.get("/samples").json()["people"]
    assert [person["name"] for person in samples] == PEOPLE
    for person in samples:
        data = client.get(f"/pictures/{person['picture']}").content
        found = client.post("/search", files=form(("image", data)), data={"teacher": "true"})
        assert found.json()["teacher"][0]["person"] == person["name"]


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "ann-0.png", "upload:0", "0"],
)
def test_no_path_of_a_client_leads_anywhere(client: httpx.Client, name: str) -> None:
    assert client.get(f"/pictures/{name}").status_code == 404
    assert client.get(f"/page/{name}").status_code == 404


def half_a_png() -> bytes:
    """A file that breaks off."""
    content = io.BytesIO()
    Image.effect_noise((40, 40), 50).save(content, "PNG")
    return content.getvalue()[:800]


def bomb() -> bytes:
    """A PNG of a few kilobytes that states 50,000 x 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 4_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"no image at all", "it is not one of JPEG, PNG"),
        (half_a_png(), "image cannot be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is not one of JPEG, PNG"),
        (bomb(), "more than 16,000,000 pixels"),
    ],
    ids=["empty", "text", "truncated", "postscript", "bomb"],
)
def test_what_is_no_image_is_refused_in_one_line(
    client: httpx.Client, data: bytes, reason: str
) -> None:
    found = client.post("/search", files=form(("image", data)))
    assert found.status_code == 422
    assert reason in found.json()["detail"] and "\n" not in found.json()["detail"]
    assert found.json()["request_id"] == found.headers["x-request-id"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"k": "0"}, "k: "),
        ({"k": "many"}, "k: "),
        ({"side": "3"}, "side: "),
        ({"side": "1e9"}, "side: "),
        ({"far": "nan"}, "far: "),
        ({"far": "0.5"}, "no threshold was calibrated for a false accept rate of 0.5"),
        ({"teacher": "perhaps"}, "teacher: "),
    ],
)
def test_a_field_out_of_range_is_named(
    photo: Photo, client: httpx.Client, asked: dict[str, str], reason: str
) -> None:
    found = client.post("/search", files=form(("image", photo(0, 0))), data=asked)
    assert found.status_code == 422
    assert reason in found.json()["detail"]


def test_a_missing_file_and_too_many_are_refused(photo: Photo, client: httpx.Client) -> None:
    assert client.post("/search", data={"k": 3}).json()["detail"] == "image: Field required"
    image = photo(0, 0)
    found = client.post("/embed", files=form(*[("images", image)] * 17))
    assert found.json()["detail"] == "images must be 1 to 16 files, got 17"
    assert client.post("/search", content=b"{}").status_code == 422


def test_an_upload_that_states_too_much_is_refused(client: httpx.Client) -> None:
    found = client.post("/search", files=form(("image", b"x" * 2**21)))
    assert found.status_code == 413
    assert "1 MiB at most" in found.json()["detail"]


def test_an_upload_that_states_nothing_is_cut_off(client: httpx.Client) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        yield head
        for _ in range(200):
            sent += 2**16
            yield b"x" * 2**16

    kind = {"content-type": "multipart/form-data; boundary=b"}
    found = client.post("/search", content=endless(), headers=kind)
    assert found.status_code == 413


def test_the_page_and_its_files_come_with_a_policy_and_nothing_from_elsewhere(
    client: httpx.Client,
) -> None:
    for path in ("/", "/docs"):
        found = client.get(path)
        assert found.headers["content-type"] == "text/html; charset=utf-8"
        assert found.headers["content-security-policy"].startswith("default-src 'self';")
        assert "http://" not in found.text and "https://" not in found.text
        for name in ("style.css", "page.css"):
            assert f"/page/{name}" in found.text
            assert client.get(f"/page/{name}").headers["content-type"].startswith("text/css")


def test_a_host_name_that_was_rebound_is_refused(client: httpx.Client) -> None:
    assert client.get("/about", headers={"host": "evil.example"}).status_code == 421
    assert client.get("/about", headers={"host": "localhost"}).status_code == 200


def test_a_page_of_another_site_cannot_enrol(photo: Photo, client: httpx.Client) -> None:
    image = photo(52, 0)
    found = client.post(
        "/people", files=form(("images", image)), data={"name": "eve"},
        headers={"origin": "http://evil.example"},
    )  # fmt: skip
    assert found.status_code == 403
    assert client.get("/people", params={"query": "eve"}).json()["total"] == 0


def test_every_path_is_documented_with_an_example(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) == {
        *("/embed", "/search", "/compare", "/people", "/people/{name}"),
        *("/samples", "/pictures/{name}", "/about", "/healthz", "/metrics"),
    }
    for path in ("/embed", "/search", "/compare", "/people"):
        operation = schema["paths"][path]["post"]
        good = next(found for status, found in operation["responses"].items() if status < "3")
        assert good["content"]["application/json"]["example"], path
        assert operation["x-codeSamples"][0]["source"].startswith("curl "), path
        assert "413" in operation["responses"]
    for model in schema["components"]["schemas"].values():
        if not model["title"].startswith("Body_"):
            assert all(field.get("description") for field in model["properties"].values()), model


def test_requests_batches_and_queues_are_counted(photo: Photo, client: httpx.Client) -> None:
    def count(text: str, name: str, **labels: str) -> float:
        families = list(text_string_to_metric_families(text))
        samples = [sample for family in families for sample in family.samples]
        return sum(
            s.value for s in samples if s.name == name and labels.items() <= s.labels.items()
        )

    before = client.get("/metrics").text
    client.post("/embed", files=form(*[("images", photo(0, 0))] * 3))
    after = client.get("/metrics").text

    def grown(name: str, **labels: str) -> float:
        return count(after, name, **labels) - count(before, name, **labels)

    assert grown("lookmore_requests_total", path="/embed", status="200") == 1
    assert grown("lookmore_request_seconds_count", path="/embed") == 1
    assert grown("lookmore_batch_images_sum", network="student") == 3
    assert count(after, "lookmore_queue_images") == 0
    assert count(after, "lookmore_gallery_people") == 3


def test_a_request_that_is_never_sent_holds_nobody_up(server: Any, client: httpx.Client) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as idle:
        idle.sendall(b"POST /search HT")
        assert client.get("/healthz").json() == {"status": "ok"}


def test_garbage_on_the_line_is_a_bad_request(server: Any) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(b"\x16\x03\x01 not http at all\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 400")


def test_the_log_has_a_line_for_each_request_and_nothing_of_its_content(
    photo: Photo, client: httpx.Client, server: Any
) -> None:
    image = photo(53, 0)
    given = {"x-request-id": "look-for-me"}
    data = {"name": "Unmistakable"}
    client.post("/people", files=form(("images", image)), data=data, headers=given)
    client.delete("/people/Unmistakable", headers=given)
    client.get("/people?query=Unmistakable", headers=given)
    client.get("/healthz")
    lines = [line for line in server.lines if "look-for-me" in line]
    ends = [" ".join(line.split()[2:5]) for line in lines]
    assert ends == ["POST /people 201", "DELETE /people/{name} 204", "GET /people 200"]
    assert "Unmistakable" not in json.dumps(server.lines)
