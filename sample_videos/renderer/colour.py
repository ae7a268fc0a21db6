"""From the colours people write to linear light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def linear(colour: tuple[int, int, int]) -> NDArray[np.float64]:
    """sRGB 0-255 to linear light 0-1 (IEC 61966-2-1), RGB."""
    c = np.array(colour) / 255.0
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
