"""save_figure: the same picture gives the same files, whole or not at all."""

import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from matplotlib.figure import Figure
from PIL import Image

from lookmore.evaluate.figures import accuracy_curve, save_figure
from lookmore.evaluate.look import new_figure
from lookmore.evaluate.rows import Row


@pytest.fixture
def figure() -> Figure:
    """A small one, quickly saved."""
    figure = new_figure(width=2, height=1)
    figure.text(0.1, 0.5, "Faces")
    return figure


def test_writes_png_and_svg_and_nothing_else(figure: Figure, tmp_path: Path) -> None:
    found = save_figure(figure, tmp_path / "figures" / "curve")
    assert found == tmp_path / "figures" / "curve.png"
    assert sorted(path.name for path in found.parent.iterdir()) == ["curve.png", "curve.svg"]


@pytest.mark.parametrize("name", ["curve", "curve.png", "curve.svg"])
def test_the_ending_may_be_named_or_not(name: str, figure: Figure, tmp_path: Path) -> None:
    assert save_figure(figure, tmp_path / name) == tmp_path / "curve.png"


def test_a_name_with_dots_is_kept(figure: Figure, tmp_path: Path) -> None:
    assert save_figure(figure, tmp_path / "far.1e-2").name == "far.1e-2.png"


def test_png_has_150_dots_per_inch(figure: Figure, tmp_path: Path) -> None:
    with Image.open(save_figure(figure, tmp_path / "curve")) as image:
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        assert image.size == tuple(int(150 * inches) for inches in figure.get_size_inches())


def test_the_same_rows_give_the_same_bytes(orl_rows: list[Row], tmp_path: Path) -> None:
    for name in ("one", "two"):
        figure = accuracy_curve(orl_rows, metric="rank1", title="Faces")
        save_figure(figure, tmp_path / name / "curve")
    for ending in ("png", "svg"):
        one, two = ((tmp_path / name / f"curve.{ending}").read_bytes() for name in ("one", "two"))
        assert one == two


def test_the_readers_own_matplotlib_settings_change_nothing(
    orl_rows: list[Row], tmp_path: Path
) -> None:
    figure = accuracy_curve(orl_rows, metric="rank1", title="Faces")
    plain = save_figure(figure, tmp_path / "plain").read_bytes()
    own = {"font.size": 20, "axes.grid": True, "lines.linewidth": 9, "savefig.bbox": "tight"}
    with matplotlib.rc_context(own):
        again = accuracy_curve(orl_rows, metric="rank1", title="Faces")
        assert save_figure(again, tmp_path / "again").read_bytes() == plain
        assert matplotlib.rcParams["font.size"] == 20


def test_pyplot_is_never_touched() -> None:
    program = "import sys, lookmore.evaluate.figures; print('matplotlib.pyplot' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.returncode, run.stdout.strip()) == (0, "False")


def test_a_failed_save_keeps_the_older_picture(
    figure: Figure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = save_figure(figure, tmp_path / "curve").read_bytes()

    def fail(self: Figure, path: Path, **_: object) -> None:
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(OSError, match="No space left"):
        save_figure(figure, tmp_path / "curve")
    assert (tmp_path / "curve.png").read_bytes() == older
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curve.png", "curve.svg"]
