"""Views: each image again, mirrored, moved, lit otherwise, or blended with another."""

from dataclasses import asdict, dataclass
from hashlib import blake2b
from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from lookmore.data.draws import between, choice, hashes
from lookmore.data.moves import Moves, maps_back, moved
from lookmore.errors import ConfigError

_VERSION = 2  # of what a view looks like: raise it, and guide embeddings are computed afresh
_ATTEMPTS = 64  # draws of a partner among all images
_DEALS = tuple(permutations(range(3)))  # of the colours; the first leaves them where they are


@dataclass(frozen=True, kw_only=True)
class ViewConfig:
    """In how many ways, and how differently, each training image is seen."""

    count: int = 1
    """Views of the image itself: number 0 is the image as it is, the others are random."""

    blends: int = 0
    """Further views, each a weighted mean of the image and another training image."""

    flip: bool = True
    """Whether random views are mirrored, left to right, half of the time."""

    rotate_degrees: float = 0.0
    """Largest turn of a random view, either way, in degrees."""

    zoom: float = 0.0
    """Largest change of scale of a random view, either way, as a fraction (0.1: 0.9 to 1.1)."""

    shift: float = 0.0
    """Largest shift of a random view along each axis, either way, as a fraction of the side."""

    brightness: float = 0.0
    """Largest change of brightness of a random view, either way, as a fraction."""

    contrast: float = 0.0
    """Largest change of contrast about the mean, either way, as a fraction."""

    swap_colours: float = 0.0
    """Share of random views whose red, green and blue are dealt anew, in [0, 1]: for cameras whose
    colours cannot be trusted."""

    blend_low: float = 0.3
    """Smallest weight of either image in a blend; the weight is drawn from [low, 1 - low]."""

    def __post_init__(self) -> None:
        for name, least in (("count", 1), ("blends", 0)):
            if getattr(self, name) < least:
                raise ConfigError(
                    f"views.{name} must be at least {least}, got {getattr(self, name)}"
                )
        if not 0 <= self.rotate_degrees <= 180:
            raise ConfigError(
                f"views.rotate_degrees must be in [0, 180], got {self.rotate_degrees}"
            )
        for name in ("zoom", "shift", "brightness", "contrast"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"views.{name} must be in [0, 1), got {getattr(self, name)}")
        if not 0 <= self.swap_colours <= 1:
            raise ConfigError(f"views.swap_colours must be in [0, 1], got {self.swap_colours}")
        if not 0 <= self.blend_low <= 0.5:
            raise ConfigError(f"views.blend_low must be in [0, 0.5], got {self.blend_low}")

    @property
    def total(self) -> int:
        """Number of views of each image, blends included."""
        return self.count + self.blends


def make_views(
    images: Tensor,
    *,
    keys: np.ndarray,
    views: np.ndarray,
    config: ViewConfig,
    seed: int = 0,
    partners: Tensor | None = None,
) -> Tensor:
    """Return one view of each image, the same again whenever it is asked for.

    A view is a pure function of the image (and its partner), its key, the view number, the
    config and the seed: order and batch do not matter, down to the last bit.

    Args:
        images: ``(B, 3, S, S)`` uint8.
        keys: ``(B,)`` uint64 content keys of ``images``.
        views: ``(B,)`` int64 in ``0 .. config.total - 1``: 0 is exactly ``images / 255``; from
            ``config.count`` on, random views of image and partner are blended.
        config: How the views differ.
        seed: Of the run.
        partners: ``(B, 3, S, S)`` uint8, row by row the image to blend with (see
            ``blend_partners``); rows that are no blend are not looked at.

    Returns:
        ``(B, 3, S, S)`` float32 in [0, 1].

    Raises:
        ValueError: If shapes or types differ from these, a view number is out of range, or a
            blend is asked for without ``partners``.
    """
    _check(images, views, config)
    seen = _random_views(images, keys, views, config=config, seed=seed, role="image")
    (blended,) = np.nonzero(views >= config.count)
    if not len(blended):
        return seen
    if partners is None or partners.shape != images.shape or partners.dtype != torch.uint8:
        got = "none" if partners is None else f"{tuple(partners.shape)} {partners.dtype}"
        raise ValueError(f"blended views need partners like images, uint8, got {got}")
    keys, views, rows = keys[blended], views[blended], torch.from_numpy(blended)
    others = _random_views(partners[rows], keys, views, config=config, seed=seed, role="partner")
    low, high = config.blend_low, 1 - config.blend_low
    weights = between(keys, views, low=low, high=high, name="view/blend", seed=seed)
    others.mul_(_column(1 - weights, others))
    seen[rows] = seen[rows].mul_(_column(weights, others)).add_(others)
    return seen


def blend_partners(
    rows: np.ndarray,
    views: np.ndarray,
    keys: np.ndarray,
    *,
    candidates: np.ndarray,
    images: int,
    config: ViewConfig,
    seed: int,
) -> np.ndarray:
    """Return the row of the image that each view is blended with.

    Partners are drawn among all images until one is a candidate: where another fold trains on
    mostly the same images, most blends stay the same, and need not be looked at again.

    Args:
        rows: ``(B,)`` int64, where the images stand.
        views: ``(B,)`` int64 view numbers.
        keys: ``(B,)`` uint64 content keys.
        candidates: ``(N,)`` int64, the training rows, each once.
        images: Number of images in all, candidates or not.
        config: Which views are blends.
        seed: Of the run.

    Returns:
        ``(B,)`` int64: a candidate other than the image itself (unless it is the only one);
        the image's own row where the view is no blend.
    """
    partners = rows.copy()
    allowed = np.zeros(images, dtype=np.bool_)
    allowed[candidates] = True
    (open_,) = np.nonzero(views >= config.count)
    for attempt in range(_ATTEMPTS):
        if not len(open_):
            return partners
        drawn = choice(
            keys[open_], views[open_], count=images, name=f"view/partner {attempt}", seed=seed
        )
        fits = allowed[drawn] & (drawn != rows[open_])
        partners[open_[fits]] = drawn[fits]
        open_ = open_[~fits]
    # few candidates among many images, or bad luck: draw among the candidates themselves
    ordered = np.sort(candidates)
    places = choice(keys[open_], views[open_], count=len(ordered), name="view/partner", seed=seed)
    others = ordered[places]
    nearby = ordered[(places + 1) % len(ordered)]
    partners[open_] = np.where(others == rows[open_], nearby, others)
    return partners


def view_identities(
    views: np.ndarray, *, keys: np.ndarray, partner_keys: np.ndarray, config: ViewConfig
) -> np.ndarray:
    """Return a number for each view that is equal for equal pictures, whatever is trained on.

    Holds for views of one seed and of settings that differ in ``count`` and ``blends`` alone.

    Args:
        views: ``(B,)`` int64 view numbers.
        keys: ``(B,)`` uint64 content keys of the images.
        partner_keys: ``(B,)`` uint64 content keys of their partners.
        config: Which views are blends.

    Returns:
        ``(B,)`` uint64.
    """
    alone = hashes(keys, views, name="view/identity", seed=0)
    blended = hashes(alone ^ partner_keys, views, name="view/identity of a blend", seed=0)
    return np.where(views >= config.count, blended, alone)


def view_fingerprint(config: ViewConfig, seed: int) -> str:
    """Return 16 hexadecimal digits that change whenever some view would."""
    settings = asdict(config)
    if not config.swap_colours:
        del settings["swap_colours"]  # a later setting: tables from before it stay good
    facts = f"{_VERSION} {seed} {sorted(settings.items())}"
    return blake2b(facts.encode(), digest_size=8).hexdigest()


def _check(images: Tensor, views: np.ndarray, config: ViewConfig) -> None:
    if images.ndim != 4 or images.shape[1] != 3 or images.shape[2] != images.shape[3]:
        raise ValueError(f"images must be (B, 3, S, S), got {tuple(images.shape)}")
    if images.dtype != torch.uint8:
        raise ValueError(f"images must be uint8, got {images.dtype}")
    if views.shape != (len(images),):
        raise ValueError(f"views must be ({len(images)},) like images, got {views.shape}")
    if len(views) and not (views.min() >= 0 and views.max() < config.total):
        raise ValueError(
            f"views must be in 0 .. {config.total - 1}, got {views.min()} to {views.max()}"
        )


def _random_views(
    images: Tensor,
    keys: np.ndarray,
    views: np.ndarray,
    *,
    config: ViewConfig,
    seed: int,
    role: str,
) -> Tensor:
    """Return ``(B, 3, S, S)`` float32 in [0, 1]: view 0 untouched, others moved and lit."""
    high = images.float().div_(255)
    (changed,) = np.nonzero(views > 0)
    if not len(changed):
        return high
    rows = torch.from_numpy(changed)

    def draw(what: str, reach: float) -> np.ndarray:
        """Return one number in [-reach, reach) for each row that is not view 0."""
        name = f"view/{role}/{what}"
        return between(keys[changed], views[changed], low=-reach, high=reach, name=name, seed=seed)

    mirrored = config.flip & (draw("mirror", 1.0) < 0)
    if config.rotate_degrees or config.zoom or config.shift:
        moves = Moves(
            mirrored=mirrored,
            turn=np.radians(draw("turn", config.rotate_degrees)),
            zoom=1 + draw("zoom", config.zoom),
            right=draw("right", config.shift),
            down=draw("down", config.shift),
        )
        high[rows] = moved(high[rows], maps_back(moves).to(high.device))
    else:
        high[rows[mirrored]] = high[rows[mirrored]].flip(-1)
    if config.brightness or config.contrast:
        brightness = 1 + draw("brightness", config.brightness)
        contrast = 1 + draw("contrast", config.contrast)
        gains, offsets = np.ones(len(views)), np.zeros(len(views))
        gains[changed] = brightness * contrast
        offsets[changed] = brightness * (1 - contrast) * _means(images)[changed]
        high.mul_(_column(gains, high)).add_(_column(offsets, high)).clamp_(0, 1)
    if config.swap_colours:
        name = f"view/{role}/colours"
        dealt = choice(keys[changed], views[changed], count=len(_DEALS), name=name, seed=seed)
        dealt[draw("swap", 0.5) + 0.5 >= config.swap_colours] = 0
        places = torch.tensor(_DEALS)[torch.from_numpy(dealt)].to(high.device)
        high[rows] = high[rows].gather(1, places[:, :, None, None].expand_as(high[rows]))
    return high


def _means(images: Tensor) -> np.ndarray:
    """Return the mean intensity of each uint8 image, ``(B,)`` float64 in [0, 1].

    Sums of whole numbers are exact in any order, so no mean depends on the rest of the batch.
    """
    sums = images.float().sum(-1).double()
    return np.asarray((sums.mean((1, 2)) / (255 * images.shape[-1])).cpu())


def _column(numbers: np.ndarray, like: Tensor) -> Tensor:
    """Return ``(B,)`` numbers as ``(B, 1, 1, 1)``, in the type and on the device of ``like``."""
    return torch.from_numpy(numbers).to(like)[:, None, None, None]
