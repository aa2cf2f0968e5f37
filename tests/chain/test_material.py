"""open_material: whose images train, validate and are tried, all of them or a few."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookmore.chain import material as material_module
from lookmore.chain.material import open_material
from lookmore.recipe.config import Recipe

Make = Callable[..., Recipe]


def test_a_limit_tries_a_few_images_two_of_every_class_at_least(
    recipe: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = open_material(recipe())
    tested = whole.pack.rows("test")
    classes = np.unique(whole.pack.labels[tested])
    for most in (4, 2 * len(classes), 2 * len(classes) + 3):
        monkeypatch.setattr(material_module, "_TRIED", most)
        few = open_material(recipe(), limit=16)
        rows = few.pack.rows("test")
        assert set(rows) <= set(tested)
        counts = [int((whole.pack.labels[tested] == label).sum()) for label in classes]
        found = [int((whole.pack.labels[rows] == label).sum()) for label in classes]
        assert len(rows) == min(len(tested), max(most, 2 * len(classes)))
        assert all(have >= min(two, 2) for have, two in zip(found, counts, strict=True))
        # who trains does not hang on who is tried
        assert len(few.train) == 16 and set(few.train) <= set(whole.train)


def test_few_test_images_are_all_tried(recipe: Make) -> None:
    whole, few = open_material(recipe()), open_material(recipe(), limit=16)
    assert np.array_equal(whole.pack.rows("test"), few.pack.rows("test"))


def test_mirrored_copies_train_and_change_what_was_learnt_from(
    recipe: Make, photographs: Path
) -> None:
    settings = recipe("views.flip=false")
    data = replace(settings.data, mirrored={"person0": "person1"})
    plain, found = open_material(settings), open_material(replace(settings, data=data))
    copied = found.train[len(plain.train) :]
    names = [found.class_names[label] for label in found.labels[copied]]
    assert sorted(set(names)) == ["person0", "person1"]
    assert found.fingerprint != plain.fingerprint and found.classes == plain.classes
    assert np.array_equal(found.validation, plain.validation)
    original = found.pack.ids[copied[0]].removeprefix("mirrored:")
    pixels = np.asarray(Image.open(photographs / original)).transpose(2, 0, 1)
    assert np.array_equal(found.pack.images[copied[0]], pixels[:, :, ::-1])
