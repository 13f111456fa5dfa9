"""How colours look to people: contrast, distance, and sight without one kind of cone.

Contrast: WCAG 2.2. Distance: CIEDE2000 (Sharma, Wu and Dalal 2005). Sight: the matrices of Machado,
Oliveira and Fernandes 2009 for severity 1, applied to linear RGB.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIGHTS = {
    "everybody": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _TO_XYZ @ np.ones(3)

Numbers = NDArray[np.float64]


def linear(colour: str) -> Numbers:
    """Read `#rrggbb` as linear RGB, 0 to 1."""
    coded = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Give the WCAG contrast of two colours, 1 to 21."""
    low, high = sorted(float(_TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: Numbers) -> Numbers:
    """Turn linear RGB into CIELAB (D65)."""
    ratio = _TO_XYZ @ rgb / _WHITE
    cells = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = cells
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def seen(colour: str, sight: str) -> Numbers:
    """Give what somebody sees of a colour, in CIELAB."""
    return lab(np.clip(SIGHTS[sight] @ linear(colour), 0, 1))


def distance(one: Numbers, other: Numbers) -> float:
    """Give the CIEDE2000 distance of two colours in CIELAB."""
    chroma = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    stretch = 1 + 0.5 * (1 - np.sqrt(chroma**7 / (chroma**7 + 25.0**7)))
    (l1, a1, b1), (l2, a2, b2) = one, other
    c1, c2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a * stretch)) % 360 for a, b in ((a1, b1), (a2, b2)))
    grey = c1 * c2 == 0
    turn = 0.0 if grey else (h2 - h1 + 180) % 360 - 180
    # Of hues exactly opposite either mean is right; the standard takes the lesser angle.
    mean_hue = h1 + h2 if grey else (h1 + turn / 2) % 360
    lightness, colourful = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(mean_hue - 30))
        + 0.24 * np.cos(np.radians(2 * mean_hue))
        + 0.32 * np.cos(np.radians(3 * mean_hue + 6))
        - 0.20 * np.cos(np.radians(4 * mean_hue - 63))
    )
    sl = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    sc, sh = 1 + 0.045 * colourful, 1 + 0.015 * colourful * t
    rotation = (
        -2
        * np.sqrt(colourful**7 / (colourful**7 + 25.0**7))
        * np.sin(np.radians(60 * np.exp(-(((mean_hue - 275) / 25) ** 2))))
    )
    dl, dc = (l2 - l1) / sl, (c2 - c1) / sc
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / sh
    return float(np.sqrt(dl**2 + dc**2 + dh**2 + rotation * dc * dh))
