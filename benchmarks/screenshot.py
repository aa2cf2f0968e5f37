"""Draw docs/figures/page.png: the page of ``lookmore serve`` with a match.

Type     python benchmarks/screenshot.py runs/demo faces
Needs    pip install 'lookmore[demo,serve]' playwright; the browser chromium; a run of lookmore demo
         and its gallery (lookmore index)
Gives    docs/figures/page.png: photograph 2 of person 7, whom the student never saw in this one, at
         16 px
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from server_process import serving

from lookmore.data.orl import open_orl

FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "page.png"
PROBE = "s7/2.pgm"
PATIENCE_MS = 120_000
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def draw(address: str, *, figure: Path, width: int = 1180, scheme: str = "light") -> None:
    """Drive the page to a match and photograph it down to its gallery.

    Args:
        address: Of a server with the demo's run and gallery.
        figure: PNG file to write.
        width: Of the window, in pixels.
        scheme: ``light`` or ``dark``.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, device_scale_factor=1.5
        )
        page.set_default_timeout(PATIENCE_MS)
        page.goto(address)
        page.locator("#samples img").last.wait_for()
        page.set_input_files("#file", str(open_orl().root / PROBE))
        page.locator("#ladder td button").nth(15).wait_for()
        page.wait_for_timeout(1500)  # bars and pictures
        end = page.locator("#ladder-box").bounding_box()
        assert end is not None
        height = end["y"] + end["height"] + 24
        clip = {"x": 0, "y": 0, "width": width, "height": height}
        shot = page.screenshot(full_page=True, clip=clip)
        browser.close()
    # 256 colours are enough for a page of grey photographs, in a third of the bytes
    Image.open(io.BytesIO(shot)).convert("RGB").quantize(256).save(figure, optimize=True)


if __name__ == "__main__":
    run, index = map(Path, sys.argv[1:3])
    with serving(run, index) as where:
        draw(where, figure=FIGURE)
    print(FIGURE)
