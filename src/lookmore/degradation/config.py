"""Settings that turn a high-resolution image into a low-resolution one."""

from dataclasses import dataclass

from lookmore.degradation.resize import KERNELS
from lookmore.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class DegradationConfig:
    """How a sharp image loses its detail.

    Pairs are ranges from which every view of every image draws its own value; a pair of equal
    numbers is that number. As it stands, the class describes plain bicubic shrinking.
    """

    side: int = 16
    """Height and width of the low-resolution image, in pixels."""

    mixed_sides: tuple[int, ...] = ()
    """Further sides in pixels, each as likely as ``side``, to be shrunk to; the result is then
    resampled to ``side``."""

    kernels: tuple[str, ...] = ("bicubic",)
    """Ways of shrinking, drawn evenly: bicubic, bilinear, area, nearest."""

    blur_sigma: tuple[float, float] = (0.0, 0.0)
    """Standard deviation of the Gaussian blur before shrinking, in low-resolution pixels."""

    noise_std: tuple[float, float] = (0.0, 0.0)
    """Standard deviation of the Gaussian noise added to the low-resolution image, on the [0, 1]
    intensity scale."""

    jpeg_quality: tuple[int, int] = (100, 100)
    """Quality of the JPEG file that the low-resolution image went through, 1 to 100, both ends
    included; 100 is no JPEG at all."""

    mosaic_share: float = 0.0
    """Share of views whose low-resolution pixels were seen by a sensor that holds one colour in
    each, and filled in: frames of far things have its fringes, shrunk images of near ones not."""

    chain_share: float = 1.0
    """Share of views that get blur, noise, mosaic and JPEG; the others are only shrunk."""

    def __post_init__(self) -> None:
        if self.side < 4:
            raise ConfigError(f"degradation.side must be at least 4 pixels, got {self.side}")
        if any(side < 4 for side in self.mixed_sides):
            raise ConfigError(
                "degradation.mixed_sides must be at least 4 pixels each, "
                f"got {list(self.mixed_sides)}"
            )
        if not self.kernels or not set(self.kernels) <= set(KERNELS):
            raise ConfigError(
                f"degradation.kernels must be one or more of {', '.join(KERNELS)}, "
                f"got {list(self.kernels)}"
            )
        for name, least, most in (
            ("blur_sigma", 0, float("inf")),
            ("noise_std", 0, 1),
            ("jpeg_quality", 1, 100),
        ):
            pair = getattr(self, name)
            if len(pair) != 2 or not least <= pair[0] <= pair[1] <= most:
                limits = f"{least} or more" if most == float("inf") else f"{least} to {most}"
                raise ConfigError(
                    f"degradation.{name} must be two numbers, smaller first, each {limits}, "
                    f"got {list(pair)}"
                )
        for name in ("mosaic_share", "chain_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(
                    f"degradation.{name} must be in [0, 1], got {getattr(self, name)}"
                )
