"""Sharp images lose their detail: blur, shrinking, noise, mosaic, JPEG, rounding."""

from lookmore.degradation.chain import degrade
from lookmore.degradation.config import DegradationConfig

__all__ = ["DegradationConfig", "degrade"]
