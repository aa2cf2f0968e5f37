"""build_pack: decodes once, skips and lists what is broken, leaves nothing half-written."""

import io
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from lookmore.data import pack as pack_module
from lookmore.data.config import DataConfig
from lookmore.data.files import FileSource
from lookmore.data.folder import open_folder
from lookmore.data.images import read_image
from lookmore.data.pack import build_pack, content_key
from lookmore.data.splits import assign_splits
from lookmore.data.square import to_square
from lookmore.errors import DataError

SaveImage = Callable[..., Path]


@pytest.fixture
def faces(save_image: SaveImage) -> FileSource:
    """Three people, 67 images: more than two chunks, and not a multiple of one."""
    for number in range(67):
        path = save_image(f"faces/p{number % 3}/{number}.png", seed=number)
    return open_folder(path.parents[1])


@pytest.fixture
def config(tmp_path: Path) -> DataConfig:
    return DataConfig(root="faces", side=8, cache=str(tmp_path / "cache"))


def leftovers(config: DataConfig) -> list[str]:
    return [path.name for path in Path(config.cache).glob("*")]


def test_holds_every_image_square_and_in_order(faces: FileSource, config: DataConfig) -> None:
    pack = build_pack(faces, config)
    assert pack.images.shape == (67, 3, 8, 8) and pack.images.dtype == np.uint8
    assert pack.ids == faces.ids and pack.class_names == ("p0", "p1", "p2")
    assert pack.labels.tolist() == faces.labels.tolist() and pack.unreadable == ()
    for row, name in enumerate(pack.ids):
        expected = to_square(read_image(faces.root / name), side=8, fit="crop")
        assert torch.equal(pack.batch(np.array([row]))[0], expected), name


def test_knows_the_size_that_each_image_had(save_image: SaveImage, config: DataConfig) -> None:
    wide = save_image("photos/a.png", width=30, height=20)
    save_image("photos/b.png", width=9, height=12)
    pack = build_pack(open_folder(wide.parent), config)
    assert pack.sizes.tolist() == [[20, 30], [12, 9]]
    again = build_pack(open_folder(wide.parent), config)  # from the disk
    assert again.sizes.tolist() == pack.sizes.tolist()


def test_rows_are_those_of_a_split(faces: FileSource, config: DataConfig) -> None:
    pack = build_pack(faces, config)
    rows = {split: pack.rows(split) for split in ("train", "val", "test")}
    assert sorted(np.concatenate(list(rows.values()))) == list(range(67))
    for split, found in rows.items():
        assert found.dtype == np.int64 and set(pack.splits[found]) == {split}
    with pytest.raises(ValueError, match="train, val or test, got 'dev'"):
        pack.rows("dev")


def test_a_batch_keeps_its_order_and_is_a_copy(faces: FileSource, config: DataConfig) -> None:
    pack = build_pack(faces, config)
    batch = pack.batch(np.array([5, 0, 5]))
    assert batch.dtype == torch.uint8 and batch.shape == (3, 3, 8, 8)
    assert torch.equal(batch[0], batch[2]) and not torch.equal(batch[0], batch[1])
    before = pack.images[5].copy()
    batch.zero_()
    assert np.array_equal(pack.images[5], before)


def test_images_stay_on_disk(faces: FileSource, config: DataConfig) -> None:
    pack = build_pack(faces, config)
    assert isinstance(pack.images, np.memmap) and not pack.images.flags.writeable


def test_is_decoded_once(
    faces: FileSource, config: DataConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_pack(faces, config)
    monkeypatch.setattr(FileSource, "read", lambda *_: pytest.fail("decoded again"))
    second = build_pack(faces, config)
    assert np.array_equal(first.images, second.images)
    assert np.array_equal(first.keys, second.keys) and first.ids == second.ids


def test_splits_follow_the_settings_without_decoding(
    faces: FileSource, config: DataConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_pack(faces, config)
    monkeypatch.setattr(FileSource, "read", lambda *_: pytest.fail("decoded again"))
    pack = build_pack(faces, replace(config, test_share=0.0, validation_share=0.0))
    assert len(pack.rows("train")) == 67


@pytest.mark.parametrize("change", [{"side": 6}, {"fit": "pad"}])
def test_another_size_or_fit_is_another_pack(
    faces: FileSource, config: DataConfig, change: dict[str, object]
) -> None:
    build_pack(faces, config)
    build_pack(faces, replace(config, **change))
    assert len(leftovers(config)) == 2


def test_a_replaced_image_is_noticed(
    faces: FileSource, config: DataConfig, save_image: SaveImage
) -> None:
    before = build_pack(faces, config)
    save_image("faces/p0/0.png", seed=999, width=13)
    after = build_pack(faces, config)
    assert (before.keys != after.keys).tolist() == [True] + [False] * 66


def test_keys_follow_the_pixels_alone(
    faces: FileSource, config: DataConfig, save_image: SaveImage
) -> None:
    save_image("faces/p2/copy_of_0.png", seed=0)
    pack = build_pack(open_folder(faces.root), config)
    keys = dict(zip(pack.ids, pack.keys.tolist(), strict=True))
    assert keys["p2/copy_of_0.png"] == keys["p0/0.png"]
    assert len(set(keys.values())) == 67
    assert all(
        content_key(torch.from_numpy(np.array(pack.images[row]))) == key
        for row, key in enumerate(pack.keys.tolist())
    )


def test_a_key_is_frozen() -> None:
    # blake2b of "(3, 1, 2)" and the bytes 0 to 5, 8 bytes, little-endian; from b2sum -l 64.
    image = torch.arange(6, dtype=torch.uint8).reshape(3, 1, 2)
    assert content_key(image) == int.from_bytes(bytes.fromhex("505bdcdc91aba331"), "little")
    assert content_key(image.reshape(3, 2, 1)) != content_key(image)


def break_images(faces: FileSource, *names: str) -> None:
    for name in names:
        (faces.root / name).write_bytes(b"")


def test_unreadable_images_are_skipped_and_listed(faces: FileSource, config: DataConfig) -> None:
    break_images(faces, "p1/1.png", "p2/65.png")
    pack = build_pack(faces, replace(config, max_unreadable=0.03))
    assert [name for name, _ in pack.unreadable] == ["p1/1.png", "p2/65.png"]
    assert all("it is empty (0 bytes)" in reason for _, reason in pack.unreadable)
    assert len(pack.ids) == len(pack.images) == len(pack.keys) == len(pack.splits) == 65
    row = pack.ids.index("p2/62.png")  # behind both gaps
    expected = to_square(read_image(faces.root / "p2/62.png"), side=8, fit="crop")
    assert torch.equal(pack.batch(np.array([row]))[0], expected)
    assert [pack.class_names[label] for label in pack.labels] == [n[:2] for n in pack.ids]
    everyone = dict(zip(faces.ids, assign_splits(faces, config).tolist(), strict=True))
    assert pack.splits.tolist() == [everyone[name] for name in pack.ids]


def test_too_many_unreadable_images_stop_the_run(faces: FileSource, config: DataConfig) -> None:
    break_images(faces, "p0/0.png", "p0/3.png", "p1/1.png", "p2/65.png")
    message = r"data\.max_unreadable = 0\.05 of the 67 .*0\.png.*3\.png.*1\.png .*raise the setting"
    with pytest.raises(DataError, match=message) as caught:
        build_pack(faces, replace(config, max_unreadable=0.05))
    assert "65.png" not in str(caught.value)
    assert leftovers(config) == []


def test_the_share_is_checked_on_every_opening(faces: FileSource, config: DataConfig) -> None:
    break_images(faces, "p0/0.png", "p0/3.png")
    build_pack(faces, replace(config, max_unreadable=0.5))
    with pytest.raises(DataError, match=r"data\.max_unreadable = 0\.01 of the 67 images"):
        build_pack(faces, config)


def test_nothing_readable_is_an_error_whatever_is_allowed(
    save_image: SaveImage, config: DataConfig
) -> None:
    path = save_image("faces/only.png")
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"none of the 1 images can be read: .*only.png"):
        build_pack(open_folder(path.parent), replace(config, max_unreadable=1.0))
    assert leftovers(config) == []


def test_one_image_makes_a_pack(save_image: SaveImage, config: DataConfig) -> None:
    pack = build_pack(open_folder(save_image("faces/only.png").parent), config)
    assert pack.ids == ("only.png",) and pack.rows("train").tolist() == [0]


def test_progress_reaches_the_end(faces: FileSource, config: DataConfig) -> None:
    calls: list[tuple[int, int]] = []
    build_pack(faces, config, progress=lambda done, total: calls.append((done, total)))
    assert calls == sorted(calls) and calls[-1] == (67, 67) and len(calls) == 3


def test_decoding_waits_for_writing(
    faces: FileSource, config: DataConfig, set_threads: Callable[[int], None]
) -> None:
    set_threads(2)
    decoded: list[int] = []

    class Counting(FileSource):
        def read(self, index: int) -> Tensor:
            decoded.append(index)
            return super().read(index)

    images = pack_module._decoded(Counting(**vars(faces)), config)
    next(images)
    time.sleep(0.3)  # time enough for all 67, were they not held back
    assert len(decoded) <= 32
    assert len(list(images)) == 66 and sorted(decoded) == list(range(67))


def test_ctrl_c_leaves_nothing(faces: FileSource, config: DataConfig) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_pack(faces, config, progress=interrupt)
    assert leftovers(config) == []
    assert len(build_pack(faces, config).ids) == 67


def test_a_full_disk_is_one_line_and_leaves_nothing(
    faces: FileSource, config: DataConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def on_a_full_device(path: Path, mode: str = "r", **options: object) -> io.IOBase:
        return opened(Path("/dev/full") if path.name == "images.npy" else path, mode, **options)

    monkeypatch.setattr(Path, "open", on_a_full_device)
    with pytest.raises(DataError, match=r"cache: the disk is full; free space, lower data.side"):
        build_pack(faces, config)
    assert leftovers(config) == []


def test_wrong_split_settings_are_found_before_decoding(
    faces: FileSource, config: DataConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileSource, "read", lambda *_: pytest.fail("decoded first"))
    with pytest.raises(DataError, match=r"cannot be read: .*No such file"):
        build_pack(faces, replace(config, pairs="gone.txt", pairs_fold=1))
