"""DataConfig: refuses what cannot be, naming the setting, the expectation and the value."""

import dataclasses

import pytest

from lookmore.data.config import DataConfig
from lookmore.errors import ConfigError


def test_needs_nothing_but_a_root() -> None:
    config = DataConfig(root="faces")
    assert (config.source, config.side, config.fit) == ("auto", 112, "crop")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"root": ""}, "data.root must name a folder, a manifest or a data set, got nothing"),
        ({"side": 3}, "data.side must be at least 4 pixels, got 3"),
        ({"source": "zip"}, "data.source must be one of auto, folder, .*, got 'zip'"),
        ({"fit": "stretch"}, "data.fit must be one of crop, squash, pad, got 'stretch'"),
        ({"split_by": "person"}, "data.split_by must be one of image, group, class, got 'person'"),
        ({"path_column": ""}, "data.path_column must not be empty"),
        ({"validation_share": -0.1}, "data.validation_share must be at least 0 .*, got -0.1"),
        ({"test_share": 1.0}, "data.test_share must be at least 0 and below 1, got 1.0"),
        ({"validation_share": 0.5, "test_share": 0.5}, "must leave something to train on"),
        ({"max_unreadable": 1.5}, "data.max_unreadable must be between 0 and 1, got 1.5"),
        ({"pairs_fold": -1, "pairs": "p.txt"}, "data.pairs_fold must be 0 or more, got -1"),
        ({"test_pattern": "["}, "data.test_pattern '\\[' is no regular expression"),
        ({"test_pattern": "a", "pairs": "p", "pairs_fold": 1}, "both say what is tried"),
        ({"split_by": "group"}, "data.split_by: group and data.group_pattern go together"),
        ({"group_pattern": "^(.*)_"}, "data.split_by: group and data.group_pattern go together"),
        ({"split_by": "group", "group_pattern": "("}, "is no regular expression"),
        ({"split_by": "group", "group_pattern": "a_b"}, "needs a bracket around the part"),
        ({"mirrored": {"a": "b", "c": "b"}}, "data.mirrored turns 'b' into both 'a' and 'c'"),
        ({"mirrored": {"a": "b", "b": "b"}}, "data.mirrored turns 'b' into both 'a' and 'b'"),
        ({"pairs_fold": 3}, "data.pairs_fold is 3, but data.pairs names no pairs file"),
    ],
)
def test_refuses_what_cannot_be(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DataConfig(**{"root": "faces", **settings})


def test_cannot_be_edited() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        DataConfig(root="faces").side = 64
