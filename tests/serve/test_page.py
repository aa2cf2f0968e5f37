"""The page in a real browser: what is dropped is matched, and what is typed stays text."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE_MS = 120_000
KEY = "a-key-of-more-than-16-characters"
Photo = Callable[..., bytes]

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="the browser chromium is not installed: apt-get install chromium"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    expect.set_options(
        timeout=PATIENCE_MS
    )  # a busy machine takes longer than its own five seconds allow
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


class Seen:
    """A page and everything that went wrong on it."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.page: Page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.set_default_timeout(PATIENCE_MS)
        self.url = url
        self.faults: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog {dialog.message}"))
        self.page.on(
            "console",
            lambda said: self.faults.append(said.text) if said.type == "error" else None,
        )
        self.page.on("request", self._requested)

    def _requested(self, request: Any) -> None:
        if not request.url.startswith((self.url, "blob:", "data:")):
            self.elsewhere.append(request.url)

    def give(self, data: bytes) -> None:
        """Choose an image, as by a click into the field."""
        self.page.set_input_files(
            "#file", {"name": "a.png", "mimeType": "image/png", "buffer": data}
        )


@pytest.fixture
def seen(browser: Browser, server: Any) -> Iterator[Seen]:
    """The page, opened; it must have had no fault and asked nobody else in the end."""
    found = Seen(browser, server.url)
    found.page.goto(server.url)
    expect(found.page.locator("#samples button")).to_have_count(3)
    yield found
    assert found.faults == []
    assert found.elsewhere == []
    found.page.close()


def names(page: Page, which: str) -> list[str]:
    """Who is named, best first."""
    return page.locator(f"#{which} .name").all_inner_texts()


def test_an_image_is_matched_by_student_and_teacher_at_every_side(
    seen: Seen, world: Any, client: Any
) -> None:
    data = (world.images / "bob-1.png").read_bytes()
    seen.give(data)
    page = seen.page
    expect(page.locator("#ladder td button")).to_have_count(10)
    asked = {"side": 16, "teacher": "true", "k": 5}
    expected = client.post("/search", files=[("image", ("a", data))], data=asked).json()
    assert names(page, "student") == [match["person"] for match in expected["matches"]]
    assert names(page, "teacher") == [match["person"] for match in expected["teacher"]]
    assert page.locator("#headline b").inner_text() == expected["matches"][0]["person"]
    assert page.locator("#small-label").inner_text() == "16 \u00d7 16 px"
    chip = "Accepted" if expected["matches"][0]["accepted"] else "Not accepted"
    expect(page.locator("#decision .chip")).to_have_text(chip)
    expect(page.locator("#decision")).to_contain_text("one stranger in 100")


def test_a_decision_is_told_in_digits_that_show_it(seen: Seen, photo: Photo) -> None:
    """0.46 < 0.46 would say nothing."""
    page = seen.page

    def nearly(route: Any) -> None:
        answer = route.fetch()
        found = answer.json()
        found["matches"][0] |= {"similarity": 0.4618, "accepted": False}
        found["rule"]["threshold"] = 0.4623
        route.fulfill(response=answer, json=found)

    page.route("**/search", nearly)
    seen.give(photo(1, 0))
    expect(page.locator("#decision p")).to_contain_text("0.4618 < 0.4623:")
    expect(page.locator("#ladder td button")).to_have_count(10)


def test_the_slider_changes_what_both_are_shown(seen: Seen, world: Any, client: Any) -> None:
    data = (world.images / "cleo-0.png").read_bytes()
    seen.give(data)
    page = seen.page
    expect(page.locator("#student .name")).to_have_count(3)
    page.locator("#side").focus()
    page.keyboard.press("Home")
    expect(page.locator("#side-label")).to_have_text("8 px")
    expect(page.locator("#small-label")).to_have_text("8 \u00d7 8 px")
    found = client.post(
        "/search", files=[("image", ("a", data))], data={"side": 8, "teacher": "true"}
    ).json()
    values = [f"{match['similarity']:.2f}" for match in found["teacher"]]
    shown = page.locator("#teacher b").all_inner_texts()
    assert [value.replace("\u2212", "-") for value in shown] == values
    page.keyboard.press("End")
    expect(page.locator("#side-label")).to_have_text("32 px")
    expect(page.locator("#small-label")).to_have_text("32 \u00d7 32 px")
    expect(page.locator("#teacher .name").first).to_have_text("cleo")


def test_a_sample_is_tried_with_the_keyboard_alone(seen: Seen) -> None:
    page = seen.page
    page.get_by_role("button", name="Try bob").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#student .name")).to_have_count(3)
    expect(page.get_by_role("button", name="Try bob")).to_have_attribute("aria-pressed", "true")


def test_an_image_may_be_dropped_or_pasted(seen: Seen, photo: Photo) -> None:
    page = seen.page
    for event, holder in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        transfer = page.evaluate_handle(
            """(bytes) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array(bytes)], "a.png", {type: "image/png"}));
                return transfer;
            }""",
            list(photo(1, 0)),
        )
        with page.expect_response("**/search") as answer:
            page.locator("#drop").evaluate(
                """(target, [kind, name, transfer]) => {
                    const init = {bubbles: true, cancelable: true, [name]: transfer};
                    const Kind = kind === "drop" ? DragEvent : ClipboardEvent;
                    target.dispatchEvent(new Kind(kind, init));
                }""",
                [event, holder, transfer],
            )
        assert answer.value.status == 200


def test_what_is_no_image_is_said_in_one_line(seen: Seen) -> None:
    seen.give(b"no image")
    expect(seen.page.locator("#trouble")).to_contain_text("it is not one of JPEG, PNG")
    seen.faults.clear()  # the browser itself notes an answer of 422 in its console


def test_after_an_image_that_is_none_nothing_is_said_of_the_one_before(
    seen: Seen, photo: Photo
) -> None:
    page = seen.page
    seen.give(photo(1, 0))
    expect(page.locator("#ladder td button")).to_have_count(10)
    expect(page.locator("#headline b")).to_have_count(1)
    seen.give(b"no image")
    expect(page.locator("#trouble")).to_contain_text("it is not one of JPEG, PNG")
    expect(page.locator("#student")).to_have_text("No answer for this image.")
    expect(page.locator("#headline b")).to_have_count(0)
    expect(page.locator("#views")).to_be_hidden()
    seen.faults.clear()  # the browser itself notes an answer of 422 in its console


def test_a_slider_that_moves_while_an_answer_comes_is_no_trouble(seen: Seen, photo: Photo) -> None:
    """The answer to the side before arrives while nothing is known of the new one yet."""
    page = seen.page
    page.evaluate(
        """() => {
            window.troubles = [];
            const trouble = document.getElementById("trouble");
            new MutationObserver(() => { if (!trouble.hidden) troubles.push(trouble.textContent); })
                .observe(trouble, {attributes: true, childList: true});
            const slider = document.getElementById("side");
            const real = window.fetch;
            window.fetch = async (...asked) => {
                const answer = await real(...asked);
                if (asked[0] === "/search" && !window.moved) {
                    window.moved = true;
                    slider.value = 0;
                    slider.dispatchEvent(new Event("input"));
                }
                return answer;
            };
        }"""
    )
    seen.give(photo(1, 0))
    expect(page.locator("#ladder td button")).to_have_count(10)
    expect(page.locator("#small-label")).to_have_text("8 \u00d7 8 px")
    assert page.evaluate("() => [window.moved, window.troubles]") == [True, []]


def test_a_person_is_enrolled_shown_as_text_and_removed(seen: Seen, photo: Photo) -> None:
    page, name = seen.page, "<img src=x onerror=alert(1)>"
    page.locator("#name").fill(name)
    image = {"name": "a.png", "mimeType": "image/png", "buffer": photo(60, 0)}
    page.set_input_files("#images", image)
    page.get_by_role("button", name="Enrol", exact=True).click()
    expect(page.locator("#enrol-note")).to_contain_text(f"{name} is enrolled with 1 new image.")
    expect(page.locator("#gallery-title")).to_have_text("Gallery: 4 people")
    card = page.locator("#people li").filter(has_text=name)
    expect(card.locator(".who span").first).to_have_text(name)
    seen.give(photo(60, 0))
    expect(page.locator("#ladder td button")).to_have_count(10)
    page.locator("#side").focus()
    page.keyboard.press("End")
    expect(page.locator("#teacher .name").first).to_have_text(name)
    assert page.locator("main img[src='x']").count() == 0
    card.get_by_role("button").click()
    card.get_by_role("button", name="Really remove").click()
    expect(page.locator("#gallery-title")).to_have_text("Gallery: 3 people")
    expect(page.locator("#teacher .name").first).not_to_have_text(name)


def test_enrolling_without_a_name_says_what_is_missing(seen: Seen, photo: Photo) -> None:
    page = seen.page
    seen.give(photo(61, 0))
    # The answer moves the button down; a click whose end falls elsewhere is none.
    expect(page.locator("#ladder td button")).to_have_count(10)
    page.get_by_role("button", name="Use the image above").click()
    expect(page.locator("#enrol-note")).to_have_text("Say who it is first.")
    expect(page.locator("#name")).to_be_focused()


def test_every_control_has_a_name_and_every_picture_a_text(seen: Seen, photo: Photo) -> None:
    seen.give(photo(0, 0))
    page = seen.page
    expect(page.locator("#ladder td button")).to_have_count(10)
    for control in page.locator("button:visible, input:visible").all():
        label = control.evaluate(
            """(it) => it.getAttribute("aria-label") || it.textContent.trim()
                || [...(it.labels || [])].map((label) => label.textContent).join(" ").trim()"""
        )
        assert label, control.evaluate("(it) => it.outerHTML")
    assert page.locator("img:not([alt])").count() == 0


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_is_wider_than_a_small_screen(seen: Seen, photo: Photo, width: int) -> None:
    page = seen.page
    page.set_viewport_size({"width": width, "height": 800})
    seen.give(photo(0, 0))
    expect(page.locator("#ladder td button")).to_have_count(10)
    assert page.locator("html").evaluate("(it) => it.scrollWidth") <= width


def test_the_reference_is_drawn_from_the_schema(browser: Browser, server: Any) -> None:
    found = Seen(browser, server.url)
    found.page.goto(f"{server.url}/docs")
    expect(found.page.locator(".operation")).to_have_count(11)
    expect(found.page.locator("main")).to_contain_text("curl -F image=@crop.png")
    assert (found.faults, found.elsewhere) == ([], [])
    found.page.close()


def test_the_page_asks_for_the_key_and_keeps_it_in_the_tab(
    browser: Browser, start: Callable[..., Any], world: Any, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    server = start(str(world.run), "--index", str(world.index), "--api-key-file", str(file))
    found = Seen(browser, server.url)
    found.page.goto(server.url)
    found.page.locator("#key").fill("wrong-key-wrong-key")
    found.page.keyboard.press("Enter")
    expect(found.page.locator("#key")).to_have_value("")
    found.page.locator("#key").fill(KEY)
    found.page.keyboard.press("Enter")
    expect(found.page.locator("#samples button")).to_have_count(3)
    expect(found.page.locator("#samples img").first).to_have_js_property(
        "complete", True, timeout=PATIENCE_MS
    )
    assert found.page.evaluate("() => localStorage.length") == 0
    found.page.close()
    assert server.stop() == 0
