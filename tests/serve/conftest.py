"""A small student, its teacher and a gallery of three people, and servers around them."""

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from PIL import Image

import lookmore
from lookmore.chain.guide import StreamTeacher
from lookmore.checkpoint.checkpoint import Checkpoint, read_facts, save_checkpoint
from lookmore.checkpoint.thresholds import Threshold, write_thresholds
from lookmore.recipe.load import as_plain, recipe_from
from lookmore.search import Entries, Gallery, Space, open_enroller
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers.space import GuideSpace

PEOPLE = ("ann", "bob", "cleo")
KEY = "a-key-of-more-than-16-characters"
START_SECONDS = 400  # importing torch takes its time on a busy machine


def picture(person: int, shot: int, *, side: int = 40) -> Image.Image:
    """A person's pattern with a little noise of its own."""
    look = np.random.default_rng(person).integers(20, 235, size=(5, 5, 3))
    noise = np.random.default_rng(100 * person + shot).normal(0, 9, size=(side, side, 3))
    coarse = np.kron(look, np.ones((side // 5 + 1, side // 5 + 1, 1)))[:side, :side]
    pixels = coarse + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


Photo = Callable[..., bytes]


@pytest.fixture(scope="session")
def photo() -> Photo:
    """Returns one shot of a person, as the content of a file."""

    def take(person: int, shot: int, *, side: int = 40, kind: str = "PNG") -> bytes:
        content = io.BytesIO()
        picture(person, shot, side=side).save(content, kind)
        return content.getvalue()

    return take


@dataclass(frozen=True)
class World:
    """Where everything lies that a server is started with."""

    run: Path
    index: Path
    images: Path


def _stream(side: int, seed: int, *, tells: bool = False) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_stream(
            StreamConfig(backbone="nano"), side=side, width=8, classes=0, recognisability=tells
        ).eval()


def make_world(folder: Path, *, tells: bool = False) -> World:
    """Networks of random weights: what they say is arbitrary, and always the same.

    Where the student tells its recognisability, its thresholds are corrected by it.
    """
    recipe = recipe_from(
        {
            "name": "small",
            "task": "face",
            "data": {"root": str(folder), "side": 32},
            "machine": {"threads": 1, "device": "cpu"},
            "degradation": {"side": 16},
            "teacher": {"name": "trained"},
            "teacher_training": {
                "stream": {"backbone": "nano", "width": 8},
                "task": {"loss": "cross-entropy"},
            },
            "student": {
                "stream": {"backbone": "nano"},
                "guides": {"teacher": 1},
                "weights": {"individual": 1},
            },
        },
        source="test",
        overrides=(),
    )
    run = folder / "run"
    teacher, student = _stream(32, 0), _stream(16, 0, tells=tells)
    zeros = torch.zeros(8)
    save_checkpoint(
        run / "teacher",
        Checkpoint(stream=teacher, guide_space=GuideSpace(mean=zeros), facts={"role": "teacher"}),
    )
    seen = StreamTeacher(teacher, name="trained", device=torch.device("cpu"))
    facts = {
        "role": "student",
        "recipe": as_plain(recipe),
        "class_names": [],
        "guides": {"teacher": 1.0},
        "teacher": {"name": "trained", "fingerprint": seen.fingerprint, "width": 8},
    }
    mean = seen.embed(torch.zeros(1, 3, 32, 32))[0] / 2
    save_checkpoint(
        run / "student", Checkpoint(stream=student, guide_space=GuideSpace(mean=mean), facts=facts)
    )
    written = read_facts(run / "student")
    assert written is not None
    thresholds = [
        Threshold(
            far=far, probe_side=16, gallery=gallery, threshold=value, low=value, high=value,
            realised_far=far, impostor_pairs=1000, genuine_pairs=100, tar=0.9,
            degradation="bicubic", selected_on="validation",
            similarity="corrected" if tells else "cosine",
        )
        for gallery in ("teacher", "same side")
        for far, value in ((0.1, 0.5), (0.01, 0.9))
    ]  # fmt: skip
    write_thresholds(run / "student", thresholds, weights_sha256=written["weights_sha256"])
    images = folder / "images"
    images.mkdir()
    people, paths = [], []
    for person, name in enumerate(PEOPLE):
        for shot in range(2):
            path = images / f"{name}-{shot}.png"
            picture(person, shot).save(path)
            people.append(name)
            paths.append(path)
    loaded = lookmore.load(run)
    rows = open_enroller(run).look(paths).embeddings
    entries = Entries(people=tuple(people), images=tuple(map(str, paths)), embeddings=rows)
    Gallery.build(folder / "index", entries, space=Space.of(loaded, through="teacher"))
    return World(run, folder / "index", images)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """For tests that do not change the gallery."""
    return make_world(tmp_path_factory.mktemp("world"))


@dataclass
class Server:
    """A server process."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it answers, as it said itself."""
        found = re.search(r"^Page +(http://\S+)$", "\n".join(self.lines), re.M)
        return found[1] if found else ""

    @property
    def port(self) -> int:
        """Its TCP port."""
        return int(self.url.rsplit(":", 1)[1])

    def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=120)


Start = Callable[..., Server]


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """Start ``lookmore serve`` on a free port; whatever was started ends with the session."""
    started: list[Server] = []

    def begin(*arguments: str, key: str = "") -> Server:
        program = "from lookmore.cli.main import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", *arguments, "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "LOOKMORE_API_KEY": key},
        )
        server = Server(process)
        started.append(server)

        def read() -> None:
            assert process.stderr is not None
            for line in process.stderr:
                server.lines.append(line.rstrip("\n"))

        threading.Thread(target=read, daemon=True).start()
        end = time.monotonic() + START_SECONDS
        while not server.url and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        assert server.url, "\n".join(server.lines)
        return server

    yield begin
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        if server.process.stderr is not None:
            server.process.stderr.close()


def served(start: Start, folder: Path) -> Server:
    """A server with a gallery of its own, without a key."""
    own = make_world(folder)
    return start(str(own.run), "--index", str(own.index), "--max-upload-mib", "1")


@pytest.fixture(scope="session")
def server(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For tests that leave the people of its gallery as they found them, which is asked at last."""
    shared = served(start, tmp_path_factory.mktemp("served"))
    yield shared
    found = httpx.get(f"{shared.url}/people", timeout=120).json()["people"]
    assert [person["name"] for person in found] == list(PEOPLE)


@pytest.fixture
def telling_world(tmp_path: Path) -> World:
    """A student that tells its recognisability, with thresholds corrected by it."""
    return make_world(tmp_path, tells=True)


@pytest.fixture
def own_server(start: Start, tmp_path: Path) -> Server:
    """For a test that may leave nobody in the gallery."""
    return served(start, tmp_path)


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """Talks to the server."""
    with httpx.Client(base_url=server.url, timeout=120) as talking:
        yield talking
