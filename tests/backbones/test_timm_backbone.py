"""timm's networks as backbones: features at the asked side, failures in one line."""

from pathlib import Path

import pytest
import torch

from lookmore.backbones.timm_backbone import TimmBackbone
from lookmore.errors import ConfigError


# A plain network, one whose features are wider than its num_features, one tied to its side.
@pytest.mark.parametrize("name", ["test_resnet", "mobilenetv3_small_050", "test_vit_relpos"])
@pytest.mark.parametrize("side", [32, 64])
def test_gives_features_of_the_width_it_states(name: str, side: int) -> None:
    backbone = TimmBackbone(name, side=side)
    assert all(module.training for module in backbone.modules())
    features = backbone(torch.rand(2, 3, side, side))
    assert features.shape == (2, backbone.features_width)


def test_an_unknown_network_is_told_the_near_ones() -> None:
    with pytest.raises(ConfigError, match=r"no network named 'resnet19'; near: .*resnet18"):
        TimmBackbone("resnet19", side=32)


def test_a_side_that_does_not_suit_the_network_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"test_vit .* 30 pixels") as caught:
        TimmBackbone("test_vit", side=30)
    assert "\n" not in str(caught.value)


def test_without_the_hub_the_way_out_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        ConfigError, match=r"weights of timm:test_resnet .* pretrained to"
    ) as caught:
        TimmBackbone("test_resnet", side=32, pretrained=True)
    assert "\n" not in str(caught.value)


def test_refuses_images_of_another_side() -> None:
    with pytest.raises(ValueError, match=r"shape \(B, 3, 32, 32\), got \(2, 3, 64, 64\)"):
        TimmBackbone("test_resnet", side=32)(torch.rand(2, 3, 64, 64))
