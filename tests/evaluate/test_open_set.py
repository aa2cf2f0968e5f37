"""Open set: half are enrolled by name, strangers set the threshold, few people say nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lookmore.data.pack import Pack
from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.encoder import Embedder, Encoder
from lookmore.evaluate.identification import gallery_and_probes
from lookmore.evaluate.open_set import enrolled_half, identify_open


def pack_of(people: int) -> Pack:
    """Three images a person; a person is a grey level of their own."""
    labels = np.repeat(np.arange(people), 3)
    levels = np.broadcast_to((20 + 10 * labels)[:, None, None, None], (len(labels), 3, 16, 16))
    return Pack(
        images=levels.astype(np.uint8),
        keys=np.arange(len(labels), dtype=np.uint64),
        sizes=np.full((len(labels), 2), 16),
        ids=tuple(map(str, range(len(labels)))),
        labels=labels,
        class_names=tuple(f"p{person}" for person in range(people)),
        splits=np.full(len(labels), "test"),
        unreadable=(),
    )


def measured(pack: Pack, cache: Path, *, blind: bool = False) -> dict[str, tuple[float, int, str]]:
    """Value, number and what chose the threshold, by metric."""

    def level(images: torch.Tensor) -> torch.Tensor:
        angle = images.mean(dim=(1, 2, 3)) * torch.pi / 2 * (0.0 if blind else 1.0)
        return torch.stack([angle.cos(), angle.sin()], dim=1)

    encoder = Encoder("student", f"level {blind} {len(pack.labels)}", level)
    gallery, probes = gallery_and_probes(pack, gallery="first", split="test")
    found = identify_open(
        Contestant("ours", encoder, encoder, "teacher", False),
        embed=Embedder(pack, cache=cache, report=lambda done, total, note="": None),
        gallery=gallery,
        probes=probes,
        side=8,
        degradation="bicubic",
    )
    return {m.metric: (m.value, m.n, m.selected_on) for m in found}


def test_half_is_enrolled_whatever_the_order() -> None:
    names = [f"person {number}" for number in range(21)]
    chosen = enrolled_half(names)
    assert chosen.sum() == 11
    assert chosen[:11].sum() != 11  # by the names, not by their order
    turned = enrolled_half(names[::-1])
    assert np.array_equal(turned[::-1], chosen)


def test_a_perfect_encoder_finds_the_enrolled_and_a_blind_one_nobody(tmp_path: Path) -> None:
    pack = pack_of(12)  # 6 enrolled with 2 probes each, 6 strangers with 3
    [(metric, (value, n, chosen))] = measured(pack, tmp_path).items()
    assert (metric, value, n) == ("dir_at_far_1e-1", 1.0, 12)
    assert chosen == "the strangers' probes (realised FAR 0)"  # 1 of 18 may pass, but 3 are equal
    assert measured(pack, tmp_path, blind=True)["dir_at_far_1e-1"][0] == 0.0


@pytest.mark.parametrize("people", [2, 3, 6])
def test_few_people_or_few_strangers_give_no_row(people: int, tmp_path: Path) -> None:
    assert measured(pack_of(people), tmp_path) == {}
