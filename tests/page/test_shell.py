"""The frame of a page: texts cannot break out of it, and pictures lie inside it."""

from pathlib import Path

import pytest

from lookmore.page.shell import picture, section, whole_page, write_html


def test_a_title_is_text_whatever_it_contains() -> None:
    page = whole_page(title="<script>&", top="", body="")
    assert "<script" not in page
    assert "<title>&lt;script&gt;&amp;</title>" in page


def test_the_browser_is_told_to_fetch_and_run_nothing() -> None:
    page = whole_page(title="t", top="", body="")
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page


def test_an_empty_section_is_left_out() -> None:
    assert section("Title", "") == ""
    assert section("Title", "<p>x</p>") == "<section><h2>Title</h2><p>x</p></section>"


@pytest.mark.parametrize(
    ("content", "kind"), [(b"\x89PNG\r\n", "png"), (b"\xff\xd8\xff\xe0", "jpeg")]
)
def test_a_picture_lies_inside_the_page(content: bytes, kind: str) -> None:
    found = picture(content, alt='a "b"')
    assert found.startswith(f'<img alt="a &quot;b&quot;" src="data:image/{kind};base64,')


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a PNG or JPEG file: 'curve' is not"):
        picture(b"<svg>", alt="curve")


def test_a_page_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_html(tmp_path / "page.html", "new \ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "old"
