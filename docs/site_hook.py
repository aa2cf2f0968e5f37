"""What mkdocs does not do by itself: pages from outside docs/, and no fetching from elsewhere.

Pages link to one another by their paths in the repository, so that they also work where a
repository is browsed. This hook brings pages that lie outside ``docs/`` into the site, shows
files that are no pages (recipes, examples) as a page each, and turns the links to fit.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
OUTSIDE = ("CONTRIBUTING.md", "CHANGELOG.md", "recipes/RESULTS.md")
"""Pages of the site that lie outside ``docs/``."""

SHOWN = {".py": "python", ".yaml": "yaml", ".toml": "toml"}
"""Kinds of files that are shown when a page links to them, and their language."""

LINK = re.compile(r"(\]\(|(?:src|href)=\")([^)\s\"#]+)")
FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=[\"']?((?:https?:)?//[^\s\"'>]+)"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon)\b)[^>]*\bhref=[\"']?"
    r"((?:https?:)?//[^\s\"'>]+)|@import\s|url\(\s*[\"']?((?:https?:)?//[^\s\"')]+)"
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside, and a page for each file that some page links to."""
    for name in OUTSIDE:
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=text))
    texts = [(_origin(page), page.content_string) for page in files.documentation_pages()]
    linked = {target for origin, text in texts for target in _targets(origin, text)}
    for name in sorted(linked):
        language = SHOWN.get(Path(name).suffix)
        if language is not None:
            code = (ROOT / name).read_text(encoding="utf-8").rstrip()
            page = f"---\nsearch: {{exclude: true}}\n---\n# {name}\n\n```{language}\n{code}\n```\n"
            files.append(File.generated(config, _place(name), content=page))
    return files


def on_page_markdown(markdown: str, page: Any, config: MkDocsConfig, files: Files) -> str:
    """Turn a page's links, which are relative to its place in the repository, to the site's."""
    origin = _origin(page.file)
    here = posixpath.dirname(page.file.src_uri)

    def turned(match: re.Match[str]) -> str:
        target = _resolved(origin, match[2])
        if target is None:
            return match[0]
        return match[1] + posixpath.relpath(_place(target), here or ".")

    return LINK.sub(turned, _one_title(markdown))


def _one_title(markdown: str) -> str:
    """Make further titles of a page headings: the site's table of contents ends at the second."""
    title, _, rest = markdown.lstrip().partition("\n")
    parts = re.split(r"(^```.*?^```$)", rest, flags=re.MULTILINE | re.DOTALL)
    parts[::2] = [re.sub(r"^# ", "## ", prose, flags=re.MULTILINE) for prose in parts[::2]]
    return title + "\n" + "".join(parts)


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site that would fetch anything from another server when it is read."""
    for path in sorted(Path(config.site_dir).rglob("*")):
        if path.suffix in (".html", ".css"):
            found = FETCHED.search(path.read_text(encoding="utf-8"))
            if found:
                raise PluginError(f"{path} fetches from elsewhere: {found[0][:200]}")


def _origin(file: File) -> str:
    """Return a page's path in the repository."""
    return file.src_uri if file.src_uri in OUTSIDE else f"docs/{file.src_uri}"


def _place(name: str) -> str:
    """Return where a file of the repository lies in the site's sources."""
    if name.startswith("docs/"):
        return name.removeprefix("docs/")
    return name if name in OUTSIDE else f"files/{name}.md"


def _targets(origin: str, text: str) -> set[str]:
    """Return the files of the repository, outside ``docs/``, that a page links to."""
    found = {_resolved(origin, match[2]) for match in LINK.finditer(text)}
    return {name for name in found if name and not name.startswith("docs/")} - set(OUTSIDE)


def _resolved(origin: str, link: str) -> str | None:
    """Return the repository's file that a link means; None for other things."""
    if re.match(r"[a-z]+:|/", link):
        return None
    name = posixpath.normpath(posixpath.join(posixpath.dirname(origin), link))
    return name if (ROOT / name).is_file() else None
