"""The site: links of the repository fit it, every page has its place, nothing is fetched."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import yaml
from mkdocs.exceptions import PluginError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_hook", ROOT / "docs" / "site_hook.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def turned(hook: ModuleType, markdown: str, *, page: str) -> str:
    """A page's text as the site gets it."""
    file = SimpleNamespace(src_uri=page)
    return str(hook.on_page_markdown(markdown, SimpleNamespace(file=file), None, None))


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("method.md", "../recipes/RESULTS.md", "recipes/RESULTS.md"),
        ("method.md", "teachers.md#place", "teachers.md#place"),
        ("recipes.md", "../recipes/lfw-16px.yaml", "files/recipes/lfw-16px.yaml.md"),
        (
            "recipes/RESULTS.md",
            "../docs/method.md#what-is-measured",
            "../method.md#what-is-measured",
        ),
        ("recipes/RESULTS.md", "../docs/figures/demo-matches.png", "../figures/demo-matches.png"),
        ("CONTRIBUTING.md", "docs/glossary.md", "glossary.md"),
        ("CONTRIBUTING.md", "CHANGELOG.md", "CHANGELOG.md"),
        ("api/losses.md", "../method.md", "../method.md"),
        ("method.md", "https://doi.org/10.1609/x", "https://doi.org/10.1609/x"),
        ("method.md", "no-such-page.md", "no-such-page.md"),
    ],
)
def test_links_of_the_repository_fit_the_site(
    hook: ModuleType, page: str, link: str, expected: str
) -> None:
    found = turned(hook, f"# Title\nsee [this]({link}) here", page=page)
    assert found == f"# Title\nsee [this]({expected}) here"


def test_a_page_has_one_title_and_code_is_left_alone(hook: ModuleType) -> None:
    code = "```bash\n# a comment\n```"
    found = turned(hook, f"\n# One\n\n{code}\n\n# Two\n\n## Three\n", page="method.md")
    assert found == f"# One\n\n{code}\n\n## Two\n\n## Three\n"


def test_files_that_pages_link_to_are_known(hook: ModuleType) -> None:
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    found = hook._targets("docs/recipes.md", text)
    assert "recipes/lfw-16px.yaml" in found
    assert not any(name.startswith("docs/") or name in hook.OUTSIDE for name in found)


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        "<img alt=a src=//tracker.example/1.gif>",
        '<link href="https://fonts.example/css" rel="stylesheet">',
        '<link rel="preconnect" href="https://fonts.example">',
        "@import 'https://fonts.example/css';",
        "a { background: url(https://cdn.example/a.png) }",
    ],
)
def test_a_site_that_fetches_from_elsewhere_is_refused(
    hook: ModuleType, tmp_path: Path, text: str
) -> None:
    (tmp_path / "page.html").write_text(text)
    with pytest.raises(PluginError, match=r"page\.html fetches from elsewhere"):
        hook.on_post_build(SimpleNamespace(site_dir=str(tmp_path)))


def test_links_that_a_reader_follows_are_no_fetching(hook: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<a href="https://doi.org/10.1609/x">doi</a><img src="figures/a.png">'
        '<link rel="stylesheet" href="style/site.css"><svg xmlns="http://www.w3.org/2000/svg">'
    )
    hook.on_post_build(SimpleNamespace(site_dir=str(tmp_path)))


def test_every_page_has_a_place_in_the_navigation(hook: ModuleType) -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    placed = re.findall(r": (\S+\.md)$", text, flags=re.MULTILINE)
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(placed) == sorted([*pages, *hook.OUTSIDE]), "add the page to nav in mkdocs.yml"


def test_no_font_is_fetched() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert settings["theme"]["font"] is False
    assert settings["strict"] is True
