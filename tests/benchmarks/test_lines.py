"""Lines of benchmarks: each says which command makes it again, and names no folder of a machine."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

LINE = {"what": "a step", "n": 64, "ours": 2.5, "other": 5.0, "ratio": None, "unit": "ms"}
PLACES = {"--root": "LFW/images", "data.pairs": "LFW/pairs.txt"}


@pytest.fixture(scope="module")
def lines(benchmark_script: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_script("lines")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("", ""),
        ("--images 384 --student nano small", " --images 384 --student nano small"),
        ("--root /here/faces --turns 3", " --root LFW/images --turns 3"),
        ("--root=/here/faces --turns=3", " --root=LFW/images --turns=3"),
        ("--json --turns 3 --out /here/out.jsonl", " --turns 3"),
        ("--turns 3 --out=here.jsonl --json", " --turns 3"),
        ("--json data.pairs=/here/p.txt", " data.pairs=LFW/pairs.txt"),
        ("data.root=/here --cache /here ~/faces", " data.root=... --cache ... ..."),
        ("--cache=~/here", " --cache=..."),
    ],
)
def test_a_command_is_shown_without_folders_of_this_machine(
    lines: ModuleType, typed: str, shown: str
) -> None:
    found = lines.command_line(["/here/benchmarks/some.py", *typed.split()], places=PLACES)
    assert found == f"python benchmarks/some.py{shown}"


def test_each_line_is_printed_and_kept_with_its_origin(
    lines: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.jsonl"
    options = lines.parser_of("Measure.\n").parse_args(["--json", "--out", str(kept)])
    arguments = ["some.py", "--json", "--out", str(kept)]
    lines.report([LINE, LINE], options=options, arguments=arguments, places={})
    assert capsys.readouterr().out == kept.read_text()
    first, second = map(json.loads, kept.read_text().splitlines())
    assert first == second
    assert first.keys() - LINE.keys() == {"command", "commit", "machine"}
    assert first["command"] == "python benchmarks/some.py"


def test_without_json_a_line_is_said_in_words_and_nothing_is_kept(
    lines: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    options = lines.parser_of("Measure.").parse_args([])
    lines.report([LINE], options=options, arguments=["some.py"], places={})
    assert capsys.readouterr().out == "a step, N = 64: 2.5 ms, other 5.0\n"


def test_an_abbreviated_option_is_refused_since_it_could_hide_a_folder(lines: ModuleType) -> None:
    parser = lines.parser_of("Measure.")
    parser.add_argument("--root")
    with pytest.raises(SystemExit):
        parser.parse_args(["--ro", "/here"])


@pytest.mark.parametrize("name", ["relations", "scaling", "students", "throughput"])
def test_committed_lines_name_their_own_script(name: str) -> None:
    path = Path(__file__).parents[2] / "benchmarks" / "results" / f"{name}.jsonl"
    commands = {json.loads(text)["command"] for text in path.read_text().splitlines()}
    assert len(commands) == 1
    assert commands.pop().startswith(f"python benchmarks/{name}.py")
