"""timm:NAME: the network's pooled features, with its own preprocessing and chosen weights."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from lookmore.errors import TeacherError
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.timm_model import open_timm

NAME = "test_resnet"  # timm's smallest


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file of a network that was trained with a classifier."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = timm.create_model(NAME, num_classes=7)
    path = tmp_path / "network.safetensors"
    save_file(network.state_dict(), path)
    return path


def test_gives_the_pooled_features_of_the_weights_in_the_file(weights: Path) -> None:
    teacher = open_timm(TeacherConfig(name=f"timm:{NAME}", weights=str(weights), side=32))
    network = timm.create_model(NAME, num_classes=7, checkpoint_path=str(weights)).eval()
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    mean = torch.tensor(network.pretrained_cfg["mean"]).view(3, 1, 1)
    std = torch.tensor(network.pretrained_cfg["std"]).view(3, 1, 1)
    with torch.inference_mode():
        features = network.forward_features((images - mean) / std).mean(dim=(2, 3))
    torch.testing.assert_close(teacher.embed(images), features)
    assert teacher.width == features.shape[1]


def test_the_fingerprint_follows_the_weights(weights: Path) -> None:
    named = TeacherConfig(name=f"timm:{NAME}", weights=str(weights))
    untrained = TeacherConfig(name=f"timm:{NAME}", weights="none")
    assert open_timm(named).fingerprint == open_timm(named).fingerprint
    assert open_timm(named).fingerprint != open_timm(untrained).fingerprint


def test_takes_the_networks_own_preprocessing_unless_told_otherwise() -> None:
    own = open_timm(TeacherConfig(name=f"timm:{NAME}", weights="none"))
    stated = timm.get_pretrained_cfg(NAME)
    assert own.preprocess.side == stated.input_size[1]
    assert own.preprocess.mean == stated.mean and own.preprocess.std == stated.std
    assert own.licence == stated.license
    told = open_timm(
        TeacherConfig(name=f"timm:{NAME}", weights="none", side=48, mean=(0.1, 0.2, 0.3))
    )
    assert told.preprocess.side == 48 and told.preprocess.mean == (0.1, 0.2, 0.3)


def test_a_network_of_fixed_input_is_built_for_the_side() -> None:
    teacher = open_timm(TeacherConfig(name="timm:test_vit", weights="none", side=64))
    assert teacher.embed(torch.rand(2, 3, 32, 32)).shape == (2, teacher.width)


def test_refuses_a_name_that_timm_does_not_know() -> None:
    with pytest.raises(TeacherError, match="timm has no model 'resnet_of_nobody'"):
        open_timm(TeacherConfig(name="timm:resnet_of_nobody", weights="none"))


def test_a_hub_out_of_reach_is_one_line_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: object, **kwargs: object) -> None:
        raise ConnectionError("hub is out of reach\nand more")

    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(TeacherError) as caught:
        open_timm(TeacherConfig(name=f"timm:{NAME}"))
    assert str(caught.value) == (
        "cannot open the teacher 'timm:test_resnet': hub is out of reach (offline? put a "
        ".safetensors file into teacher.weights)"
    )


def test_refuses_weights_that_cannot_be_read(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.safetensors")
    with pytest.raises(TeacherError, match=r"cannot read teacher\.weights .*gone"):
        open_timm(TeacherConfig(name=f"timm:{NAME}", weights=gone))
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"pickle?")
    with pytest.raises(TeacherError, match=r"broken\.safetensors' as safetensors"):
        open_timm(TeacherConfig(name=f"timm:{NAME}", weights=str(broken)))


def test_refuses_weights_of_another_network(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match="do not fit the network"):
        open_timm(TeacherConfig(name="timm:test_efficientnet", weights=str(weights)))
    extra = tmp_path / "extra.safetensors"
    tensors = timm.create_model(NAME, num_classes=0).state_dict()
    save_file({**tensors, "stranger": torch.zeros(1)}, extra)
    with pytest.raises(TeacherError, match=r"do not fit the network.*stranger"):
        open_timm(TeacherConfig(name=f"timm:{NAME}", weights=str(extra)))
