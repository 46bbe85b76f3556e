"""Markings, classes of surfaces and outlines: one palette for every output."""

from hotspots.publish.style.markings import DEPENDS, RATE_LEVELS, SCHOOL_LEVELS, marking, nation_words
from hotspots.publish.style.outlines import MANY_AUTHORITIES, Ground, authority_outlines, prepare_ground
from hotspots.publish.style.surface_classes import (
    CHANCE_COLOUR,
    LOWERED_COLOURS,
    NOT_BEYOND,
    UNJUDGED,
    Shade,
    cell_centres,
    cells_within,
    class_codes,
    line_labels,
    surface_shades,
)

__all__ = [
    "CHANCE_COLOUR",
    "DEPENDS",
    "LOWERED_COLOURS",
    "MANY_AUTHORITIES",
    "NOT_BEYOND",
    "RATE_LEVELS",
    "SCHOOL_LEVELS",
    "UNJUDGED",
    "Ground",
    "Shade",
    "authority_outlines",
    "cell_centres",
    "cells_within",
    "class_codes",
    "line_labels",
    "marking",
    "nation_words",
    "prepare_ground",
    "surface_shades",
]
