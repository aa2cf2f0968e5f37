"""A stream: any images in, unit embeddings out in float32, preprocessing inside."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from lookmore.backbones.native import NativeBackbone
from lookmore.streams.stream import Stream


class Seen(nn.Module):
    """A backbone whose features are the pixels it was shown."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.features_width = 3 * side * side

    def forward(self, images: Tensor) -> Tensor:
        """Return the pixels in a row."""
        return images.flatten(1)


def tiny(**settings: object) -> Stream:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        backbone = NativeBackbone(widths=(8, 12, 16), depths=(1, 1, 1), side=8)
        return Stream(backbone=backbone, width=5, side=8, **settings)  # type: ignore[arg-type]


@pytest.fixture
def images() -> Tensor:
    return torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("shape", [(8, 8), (32, 32), (12, 20), (5, 5)])
def test_takes_images_of_any_side(shape: tuple[int, int]) -> None:
    output = tiny(classes=7)(torch.rand(2, 3, *shape))
    assert output.embeddings.shape == output.raw.shape == (2, 5)
    assert output.logits is not None and output.logits.shape == (2, 7)


def test_embeddings_are_the_raw_ones_at_length_one(images: Tensor) -> None:
    output = tiny()(images)
    lengths = output.raw.pow(2).sum(1, keepdim=True).sqrt()
    torch.testing.assert_close(output.embeddings, output.raw / lengths)
    assert output.logits is None


def test_shows_the_backbone_its_colour_order_and_scale() -> None:
    means, stds = (0.1, 0.2, 0.3), (0.5, 0.25, 0.125)
    stream = Stream(backbone=Seen(2), width=2, side=2, mean=means, std=stds, order="bgr")
    red, green, blue = 0.9, 0.6, 0.4
    colour = torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    seen = stream.prepare(colour)[0, :, 0, 0].tolist()
    assert seen == pytest.approx([(0.4 - 0.1) / 0.5, (0.6 - 0.2) / 0.25, (0.9 - 0.3) / 0.125])


def test_resizes_like_pillow() -> None:
    stream = Stream(backbone=Seen(8), width=2, side=8, mean=(0.0,) * 3, std=(1.0,) * 3)
    ramp = np.random.default_rng(0).uniform(0.2, 0.8, (20, 20)).astype(np.float32)
    expected = np.asarray(Image.fromarray(ramp).resize((8, 8), Image.Resampling.BICUBIC))
    seen = stream.prepare(torch.from_numpy(ramp).expand(1, 3, 20, 20))
    np.testing.assert_allclose(seen[0, 1].numpy(), expected.clip(0, 1), atol=1e-4)


def test_resizing_stays_in_range() -> None:
    stream = Stream(backbone=Seen(8), width=2, side=8, mean=(0.0,) * 3, std=(1.0,) * 3)
    board = (torch.arange(4)[:, None] + torch.arange(4)).remainder(2).float()
    seen = stream.prepare(board.expand(1, 3, 4, 4))
    assert seen.min() == 0.0 and seen.max() == 1.0


def test_one_batch_can_be_overfitted(images: Tensor) -> None:
    stream, labels = tiny(classes=3), torch.tensor([0, 1, 2, 0, 1, 2])
    optimizer = torch.optim.Adam(stream.parameters(), lr=1e-2)
    for _ in range(60):
        loss = F.cross_entropy(stream(images).logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05


def test_autocast_leaves_embeddings_in_float32_and_close(images: Tensor) -> None:
    stream = tiny(classes=3, recognisability=True).eval()
    exact = stream(images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = stream(images)
    assert {tensor.dtype for tensor in rough} == {torch.float32}
    assert not torch.equal(rough.raw, exact.raw)  # autocast did reach the backbone
    assert F.cosine_similarity(rough.raw, exact.raw).min() > 0.99


def test_the_head_runs_in_float32_after_a_backbone_in_half_precision(images: Tensor) -> None:
    stream = Stream(backbone=Seen(8), width=4, side=8)
    stream.backbone.register_forward_hook(lambda _, __, features: features.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert stream(images).raw.dtype == torch.float32


def test_autocast_trains(images: Tensor) -> None:
    stream = tiny()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = stream(images).embeddings[:, 0].sum()
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in stream.parameters())


def test_flipped_embeddings_are_those_of_an_image_and_its_mirror_image(images: Tensor) -> None:
    stream = tiny().eval()
    both = stream.embed(images) + stream.embed(images.flip(3))
    expected = both / both.norm(dim=1, keepdim=True)
    torch.testing.assert_close(stream.embed(images, flip=True), expected)
    torch.testing.assert_close(stream.embed(images.flip(3), flip=True), expected)


def test_embeddings_can_enter_a_later_loss(images: Tensor) -> None:
    stream = tiny().eval()
    (stream.embed(images) * stream(images).raw).sum().backward()
    assert stream.head[0].weight.grad is not None


def test_refuses_to_embed_while_training(images: Tensor) -> None:
    with pytest.raises(RuntimeError, match=r"call eval\(\) first"):
        tiny().embed(images)


def test_refuses_a_training_batch_of_one(images: Tensor) -> None:
    with pytest.raises(ValueError, match="at least 2 images for batch statistics, got 1"):
        tiny()(images[:1])
    assert tiny().eval()(images[:1]).raw.shape == (1, 5)


@pytest.mark.parametrize(
    "wrong", [torch.zeros(2, 8, 8), torch.zeros(2, 1, 8, 8), torch.zeros(2, 3, 8, 8).byte()]
)
def test_refuses_what_are_not_images(wrong: Tensor) -> None:
    with pytest.raises(ValueError, match=r"floating point of shape \(B, 3, H, W\), got"):
        tiny()(wrong)


def test_refuses_a_backbone_that_hides_its_width() -> None:
    with pytest.raises(ValueError, match="features_width"):
        Stream(backbone=nn.Flatten(), width=4, side=8)
