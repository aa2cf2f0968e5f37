"""Feed: pairs each view with the guide's answer to it, in an order that can be made again."""

import numpy as np
import torch

from lookmore.data.pack import Pack
from lookmore.data.views import ViewConfig
from lookmore.engine.feed import Feed
from lookmore.teachers.table import GuideTable


def coded_feed(pack: Pack, views: ViewConfig, batch: int = 5) -> Feed:
    """Inputs and guide both answer with the row and the view that they were asked for."""

    class Coded:
        def lookup(self, rows: np.ndarray, views: np.ndarray) -> torch.Tensor:
            pixels = torch.zeros(len(rows), 3, 4, 4, dtype=torch.uint8)
            pixels[:, 0], pixels[:, 1] = (
                torch.from_numpy(x)[:, None, None].to(torch.uint8) for x in (rows, views)
            )
            return pixels

    rows = np.arange(12)
    table = np.zeros((12, views.total, 2), dtype=np.float32)
    table[:, :, 0] = rows[:, None]
    table[:, :, 1] = np.arange(views.total)
    return Feed(
        rows=rows,
        labels=pack.labels,
        keys=pack.keys,
        views=views,
        inputs=Coded(),
        guides={"teacher": GuideTable(embeddings=table, rows=rows)},
        batch=batch,
        images_per_class=0,
        seed=3,
    )


def test_image_and_guide_are_of_one_view(pack: Pack) -> None:
    feed = coded_feed(pack, ViewConfig(count=3, blends=2))
    seen = 0
    for epoch in range(5):
        for batch in feed.batches(epoch):
            asked = (batch.images[:, :2, 0, 0] * 255).round()
            torch.testing.assert_close(asked, batch.guides["teacher"])
            seen += len(asked)
    assert seen >= 50


def test_every_view_of_every_image_comes_once_in_as_many_epochs_as_there_are_views(
    pack: Pack,
) -> None:
    feed = coded_feed(pack, ViewConfig(count=3, blends=1), batch=12)
    met = [
        tuple(row.tolist())
        for epoch in range(4)
        for batch in feed.batches(epoch)
        for row in batch.guides["teacher"]
    ]
    assert len(met) == len(set(met)) == 12 * 4


def test_blends_have_no_label_and_others_have_theirs(pack: Pack) -> None:
    feed = coded_feed(pack, ViewConfig(count=2, blends=2))
    blended = labelled = 0
    for epoch in range(4):
        for batch in feed.batches(epoch):
            row, view = batch.guides["teacher"].long().unbind(dim=1)
            expected = torch.where(view < 2, torch.from_numpy(pack.labels)[row], -1)
            assert torch.equal(batch.labels, expected)
            blended += int((view >= 2).sum())
            labelled += int((view < 2).sum())
    assert blended > 0
    assert labelled > 0


def test_skipping_batches_leaves_the_others_as_they_were(pack: Pack) -> None:
    feed = coded_feed(pack, ViewConfig(count=3))
    whole, rest = list(feed.batches(7)), list(feed.batches(7, skip=1))
    assert len(whole) == len(rest) + 1
    for expected, found in zip(whole[1:], rest, strict=True):
        assert torch.equal(expected.images, found.images)


def test_epochs_differ_in_order(pack: Pack) -> None:
    feed = coded_feed(pack, ViewConfig())
    assert not np.array_equal(np.concatenate(feed.order(0)), np.concatenate(feed.order(1)))
