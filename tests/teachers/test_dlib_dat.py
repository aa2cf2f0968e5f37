"""read_dat: reads what dlib wrote, believes no stated size, and runs nothing."""

import struct
from pathlib import Path

import numpy as np
import pytest

from lookmore.errors import TeacherError
from lookmore.teachers.dlib_dat import DatNetwork, read_dat


def whole(value: int) -> bytes:
    """A whole number as dlib writes it: sign and length, then little-endian bytes."""
    length = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([length | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(length, "little")


def real(mantissa: int, exponent: int) -> bytes:
    return whole(mantissa) + whole(exponent)


def text(value: str) -> bytes:
    return whole(len(value)) + value.encode()


def tensor(values: list[float], sizes: tuple[int, int, int, int] | None = None) -> bytes:
    stated = sizes or ((len(values), 1, 1, 1) if values else (0, 0, 0, 0))
    return whole(2) + b"".join(map(whole, stated)) + struct.pack(f"<{len(values)}f", *values)


ALIAS = whole(1) + 4 * whole(1)
REST = b"110" + 3 * tensor([])
ONE = real(1, 0)


def layer(name: str, details: bytes) -> bytes:
    return text(name) + details + REST


CONVOLUTION = tensor([1.0, 2.0, 3.0, 0.5]) + b"".join(map(whole, (1, 1, 1, 2, 2, 0, 0)))
FIRST = layer("con_4", CONVOLUTION + 2 * ALIAS + 4 * ONE) + whole(1)
LAST = layer("fc_2", whole(2) + whole(1) + tensor([4.0, 5.0]) + 2 * ALIAS + whole(1) + 4 * ONE)
HEAD = whole(1) + text("loss_metric_2") + real(5, -7) + real(5, -3)
INPUT = text("input_rgb_image_sized") + real(245, -1) + real(117, 0) + real(-3, 2)
GOOD = (
    HEAD
    + b"".join(map(whole, (2, 1, 2, 3)))
    + INPUT
    + whole(300)
    + whole(150)
    + FIRST
    + layer("relu_", b"")
    + LAST
)


def read(data: bytes) -> DatNetwork:
    return read_dat(data, path=Path("network.dat"))


def test_reads_every_layer_in_order() -> None:
    network = read(GOOD)
    assert [layer.kind for layer in network.layers] == ["con", "relu", "fc"]
    assert network.mean == (122.5, 117.0, -12.0)
    assert network.sides == (300, 150)
    assert network.versions == (3, 2, 1, 2)
    convolution, _, connected = network.layers
    np.testing.assert_array_equal(convolution.weights, np.float32([1.0, 2.0, 3.0, 0.5]))
    assert convolution.settings["filters"] == 1 and convolution.settings["stride_x"] == 2
    assert dict(connected.settings) == {"outputs": 2, "inputs": 1, "bias_mode": 1}
    np.testing.assert_array_equal(connected.weights, np.float32([4.0, 5.0]))


def test_refuses_a_file_cut_off_anywhere() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(TeacherError, match=r"network\.dat is not a network of dlib"):
            read(GOOD[:length])


def test_survives_any_wrong_byte() -> None:
    refused = 0
    for at in range(len(GOOD)):
        for wrong in (0x00, 0x08, 0xFF):
            try:
                read(GOOD[:at] + bytes([wrong]) + GOOD[at + 1 :])
            except TeacherError:
                refused += 1
    assert refused > len(GOOD)


def test_believes_no_stated_size() -> None:
    huge = tensor([1.0], sizes=(2**40, 2**20, 1, 1))
    with pytest.raises(TeacherError, match="the file ends where 4611686018427387904 more bytes"):
        read(GOOD.replace(tensor([4.0, 5.0]), huge))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (LAST, LAST + b"\x00", "1 bytes too many"),
        (text("relu_"), text("tanh_"), "unknown layer 'tanh_'"),
        (text("loss_metric_2"), text("loss_metric_1"), "loss 'loss_metric_1'"),
        (text("input_rgb_image_sized"), text("input_rgb_image"), "input 'input_rgb_image'"),
        (struct.pack("<f", 5.0), struct.pack("<f", float("nan")), "not finite"),
        (tensor([4.0, 5.0]), tensor([4.0, 5.0], sizes=(-2, -1, 1, 1)), "a negative size"),
    ],
)
def test_says_what_it_did_not_expect(old: bytes, new: bytes, message: str) -> None:
    assert old in GOOD
    with pytest.raises(TeacherError, match=f"{message}.* at byte .*; install the file again"):
        read(GOOD.replace(old, new))
