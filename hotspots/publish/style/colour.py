"""Colours of text: dark ink, or white where the ground is dark."""

from __future__ import annotations

from typing import Final

__all__ = ["INK", "ink_on"]

INK: Final = "#262626"


def ink_on(colour: str) -> str:
    """Return white or ink, whichever is seen better on this colour (the higher contrast ratio of WCAG 2).

    Examples
    --------
    >>> ink_on("#08519c"), ink_on("#c6dbef"), ink_on("#567ba9")
    ('#ffffff', '#262626', '#ffffff')
    """
    light = _luminance(colour) + 0.05
    return "#ffffff" if 1.05 / light > light / (_luminance(INK) + 0.05) else INK


def _luminance(colour: str) -> float:
    """Return the relative luminance (0 to 1) of an sRGB colour."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
