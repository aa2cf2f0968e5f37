"""Settings that say which images there are, how they are cut, and who sees which."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lookmore.errors import ConfigError

_CHOICES = {
    "source": ("auto", "folder", "manifest", "huggingface", "orl"),
    "fit": ("crop", "squash", "pad"),
    "split_by": ("image", "group", "class"),
    "leaks": ("refuse", "drop", "allow"),
}


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where the images come from, their common side, and their splits."""

    root: str
    """Folder of images, manifest (.csv, .parquet), saved data set, ``hf://NAME``, or ``orl``."""

    source: str = "auto"
    """Kind of ``root``: auto, folder, manifest, huggingface or orl; auto looks at ``root``."""

    side: int = 112
    """Height and width to which every image is brought, in pixels."""

    fit: str = "crop"
    """How an oblong image becomes square: crop (its centre), squash, or pad (repeat its edges)."""

    path_column: str = "path"
    """Column of a manifest with the path of each image, relative to the manifest."""

    label_column: str = "label"
    """Column with the class of each image; empty: use no labels."""

    split_column: str = "split"
    """Column of a manifest with train, val, validation, test or nothing; empty: use none."""

    image_column: str = "image"
    """Column of a Hugging Face data set that holds the images."""

    dataset_split: str = ""
    """Hugging Face splits to read, joined by ``+`` (``train+test``); empty: all of them."""

    split_by: str = "image"
    """What is dealt to train, val and test where none is stated: single images (``image``), images
    that belong together (``group``, see ``group_pattern``), or whole classes (``class``)."""

    group_pattern: str = ""
    """Regular expression whose first bracket, searched in an image's path, names its group: the
    track, the visit, the object. ``^(.*)_`` is all before the last underscore."""

    test_pattern: str = ""
    """Regular expression: images in whose path it is found are the test split, whatever
    ``test_share``; empty: the test split is dealt by share."""

    validation_share: float = 0.1
    """Share of the images (or classes) that chooses settings, in [0, 1)."""

    test_share: float = 0.2
    """Share of the images (or classes) that is only ever evaluated, in [0, 1)."""

    pairs: str = ""
    """Path of a pairs file in the format of LFW; empty: none."""

    pairs_fold: int = 0
    """Fold of ``pairs``, counted from 1, whose people form the test split; 0: splits by share."""

    mirrored: Mapping[str, str] = field(default_factory=dict)
    """What classes become in a mirror, either way round: ``{left: right}`` says both, ``{ahead:
    ahead}`` that it stays what it is. Their training images are trained on mirrored, too."""

    leaks: str = "refuse"
    """What becomes of training images that are in the test split too, or nearly: the run is refused
    (``refuse``), they are left out of training (``drop``), or they stay (``allow``)."""

    max_unreadable: float = 0.01
    """Share of images that may be damaged before the run stops, in [0, 1]."""

    cache: str = "runs/.cache"
    """Folder for the decoded images, made when it is missing."""

    def __post_init__(self) -> None:
        if not self.root:
            raise ConfigError("data.root must name a folder, a manifest or a data set, got nothing")
        if self.side < 4:
            raise ConfigError(f"data.side must be at least 4 pixels, got {self.side}")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ConfigError(
                    f"data.{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}"
                )
        for name in ("path_column", "image_column", "cache"):
            if not getattr(self, name):
                raise ConfigError(f"data.{name} must not be empty")
        self._check_patterns()
        self._check_mirrored()
        for name in ("validation_share", "test_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(
                    f"data.{name} must be at least 0 and below 1, got {getattr(self, name)}"
                )
        if self.validation_share + self.test_share >= 1:
            raise ConfigError(
                "data.validation_share and data.test_share must leave something to train on, "
                f"got {self.validation_share} and {self.test_share}"
            )
        if not 0 <= self.max_unreadable <= 1:
            raise ConfigError(
                f"data.max_unreadable must be between 0 and 1, got {self.max_unreadable}"
            )
        if self.pairs_fold < 0:
            raise ConfigError(f"data.pairs_fold must be 0 or more, got {self.pairs_fold}")
        if self.pairs_fold and not self.pairs:
            raise ConfigError(
                f"data.pairs_fold is {self.pairs_fold}, but data.pairs names no pairs file"
            )

    def _check_mirrored(self) -> None:
        becomes: dict[str, str] = {}
        for one, other in self.mirrored.items():
            for name, image in ((one, other), (other, one)):
                if becomes.setdefault(name, image) != image:
                    raise ConfigError(
                        f"data.mirrored turns {name!r} into both {becomes[name]!r} and {image!r}: "
                        "a class has one mirror image"
                    )

    def _check_patterns(self) -> None:
        if (self.split_by == "group") != bool(self.group_pattern):
            raise ConfigError(
                "data.split_by: group and data.group_pattern go together, got split_by "
                f"{self.split_by!r} and group_pattern {self.group_pattern!r}"
            )
        for name in ("group_pattern", "test_pattern"):
            try:
                re.compile(getattr(self, name))
            except re.error as error:
                raise ConfigError(
                    f"data.{name} {getattr(self, name)!r} is no regular expression: {error}"
                ) from None
        if self.test_pattern and self.pairs_fold:
            raise ConfigError(
                "data.test_pattern and data.pairs_fold both say what is tried: use one of both"
            )
        if self.group_pattern and not re.compile(self.group_pattern).groups:
            raise ConfigError(
                f"data.group_pattern {self.group_pattern!r} needs a bracket around the part that "
                "names the group"
            )
