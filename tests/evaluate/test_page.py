"""write_page: one file that shows every number and fetches nothing, whatever the texts contain."""

import base64
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from lookmore.evaluate.page import write_page
from lookmore.evaluate.rows import Row

VOID = {"meta", "link", "img"}
WritePage = Callable[..., "Page"]


class Page(HTMLParser):
    """A page taken apart: elements, links, words, and whether all that opens is closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.elements: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.lines: list[list[str]] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()

    @property
    def text(self) -> str:
        """All words a reader sees."""
        return " ".join(self.words).replace("\u00a0", " ")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element, what it points to, and a new table line or cell."""
        self.elements.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.lines.append([])
        if tag in ("td", "th"):
            self.lines[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """Insist that what closes is what opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the words, and in a table also by cell."""
        if "style" not in self.open and data.strip():
            self.words.append(data.strip())
        if self.open[-1:] and {"td", "th"} & set(self.open):
            self.lines[-1][-1] += data


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "curve.png"
    Image.new("RGB", (4, 4), "red").save(path)
    return path


@pytest.fixture
def page(orl_rows: list[Row], png: Path, tmp_path: Path) -> WritePage:
    """Returns a written page, taken apart; any argument can be named."""

    def write(**given: object) -> Page:
        arguments: dict[str, object] = {
            "title": "Demo",
            "rows": orl_rows,
            "figures": [("The curve.", png)],
            "facts": [("Machine", "2 cores")],
            "notes": ["Forty people."],
        }
        path = tmp_path / "report.html"
        write_page(path, **{**arguments, **given})  # type: ignore[arg-type]
        return Page(path.read_text(encoding="utf-8"))

    return write


def test_opens_with_the_headline(page: WritePage) -> None:
    text = page(side=16).text
    said = "At 16 px the student finds the right person in 90.5 % of 200 probes; its teacher"
    assert said in text and text.index(said) < text.index("The curve.")


def test_closes_everything_it_opens(page: WritePage) -> None:
    assert page().open == []


def test_fetches_and_runs_nothing(page: WritePage) -> None:
    found = page()
    assert all(address.startswith("data:") for address in found.addresses)
    assert not {"script", "iframe", "object", "embed"} & set(found.elements)
    assert "url(" not in found.source and "@import" not in found.source
    assert "default-src 'none'" in found.source


def test_carries_its_figures(page: WritePage, png: Path) -> None:
    (image,) = (a for a in page().addresses if a.startswith("data:image/png;base64,"))
    assert base64.b64decode(image.split(",")[1]) == png.read_bytes()


def test_follows_dark_and_light_and_fits_a_phone(page: WritePage) -> None:
    source = page().source
    assert "prefers-color-scheme: dark" in source
    assert 'name="viewport" content="width=device-width' in source


def test_sides_are_columns_and_cells_hold_value_and_interval(page: WritePage) -> None:
    lines = page().lines
    assert lines[0] == ["Side of the probe", "8 px", "16 px", "32 px", "112 px"]
    assert lines[1] == [
        "Teacher, sharp probesgallery: teacher, 112 px",
        *[""] * 3,
        "92.5 (88\u201395)",
    ]
    assert lines[4] == [
        "Student, distilledgallery: teacher, 112 px",
        *("66.5 (60\u201373)", "90.5 (86\u201394)", "92.0 (87\u201395)", ""),
    ]


def test_protocols_and_metrics_have_tables_of_their_own(
    page: WritePage, orl_rows: list[Row], lfw_rows: list[Row]
) -> None:
    text = page(rows=[*orl_rows, *lfw_rows]).text
    assert "Rank-1 identification, orl-closed-set" in text
    assert "Verification accuracy, lfw" in text
    assert "In percent of 6,000 pairs, with 95 % intervals (wilson)" in text
    assert "selected on other folds" in text


def test_seeds_are_lines_of_their_own(page: WritePage, make_row: Callable[..., Row]) -> None:
    text = page(rows=[make_row(seed=0), make_row(seed=1, value=0.9)]).text
    assert "seed 0" in text and "seed 1" in text


def test_every_row_is_listed_with_every_field(page: WritePage, orl_rows: list[Row]) -> None:
    listed = page().lines[-len(orl_rows) :]
    assert [line[0] for line in listed] == [row.method for row in orl_rows]
    assert [float(line[10]) for line in listed] == [row.value for row in orl_rows]


def test_facts_and_notes_are_shown(page: WritePage) -> None:
    text = page().text
    assert "Machine 2 cores" in text and "Forty people." in text


def test_parts_without_content_are_left_out(page: WritePage) -> None:
    text = page(figures=[], facts=[], notes=[]).text
    assert not re.search("Figures|How it was made|Notes", text)


def test_no_text_is_read_as_markup(
    page: WritePage, png: Path, make_row: Callable[..., Row]
) -> None:
    bad = "<script>alert('&\"')</script>"
    named = ("method", "protocol", "metric", "degradation", "selected_on", "interval", "guide")
    row = make_row(**dict.fromkeys(named, bad), gallery_stream="the " + bad)
    found = page(
        title=bad, rows=[row, make_row()], figures=[(bad, png)], facts=[(bad, bad)], notes=[bad]
    )
    assert "script" not in found.elements
    assert found.source.count("<script") == 0
    assert found.text.count(bad) >= 12


def test_a_page_being_read_is_replaced_not_rewritten(page: WritePage, tmp_path: Path) -> None:
    older = page(title="Older").source
    with (tmp_path / "report.html").open(encoding="utf-8") as reader:
        page(title="Newer")
        assert reader.read() == older
    assert [path.name for path in tmp_path.glob("report*")] == ["report.html"]


def test_a_page_without_ours_has_no_headline(page: WritePage, orl_rows: list[Row]) -> None:
    found = page(rows=[row for row in orl_rows if row.method != "ours"])
    assert 'class="headline"' not in found.source
    assert "Results" in found.text


def test_a_figure_that_is_no_png_is_refused_and_the_older_page_kept(
    page: WritePage, tmp_path: Path
) -> None:
    older = page().source
    (tmp_path / "curve.svg").write_text("<svg/>")
    with pytest.raises(ValueError, match=r"must be a PNG file, .*curve\.svg is not"):
        page(figures=[("", tmp_path / "curve.svg")])
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == older
    assert not list(tmp_path.glob("*.part"))
