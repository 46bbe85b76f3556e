"""Classes of areas, schools and clusters, with their colours and wording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hotspots.vocabulary.choices import Method

INK: Final = "#262626"
"""What is drawn or written on a light colour."""


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


@dataclass(frozen=True)
class ClassStyle:
    """How one class looks and reads wherever it is shown.

    `hatch` is a matplotlib hatch, so that the class survives a black-and-white printer; `marker` is a
    matplotlib marker for point classes.
    """

    key: str
    label: str
    colour: str
    hatch: str = ""
    marker: str = "o"

    @property
    def ink(self) -> str:
        """Colour of what is drawn on it: its hatch, a dot, a number."""
        return ink_on(self.colour)


NOT_SIGNIFICANT: Final = ClassStyle("not_significant", "Not significant", "#f2f0eb")
NOT_TESTED: Final = ClassStyle("not_tested", "Not tested", "#ffffff", hatch="xxx")

GI_CLASSES: Final = (
    ClassStyle("hot_99", "Hot, 99% confidence", "#a50f15"),
    ClassStyle("hot_95", "Hot, 95% confidence", "#de2d26"),
    ClassStyle("hot_90", "Hot, 90% confidence", "#fcae91"),
    NOT_SIGNIFICANT,
    ClassStyle("cold_90", "Cold, 90% confidence", "#c6dbef", hatch="..."),
    ClassStyle("cold_95", "Cold, 95% confidence", "#6baed6", hatch="..."),
    ClassStyle("cold_99", "Cold, 99% confidence", "#08519c", hatch="..."),
    NOT_TESTED,
)

MORAN_CLASSES: Final = (
    ClassStyle("high_high", "High-High: high, neighbours high", "#b2182b"),
    ClassStyle("high_low", "High-Low: high, neighbours low", "#f4a582", hatch="///"),
    NOT_SIGNIFICANT,
    ClassStyle("low_high", "Low-High: low, neighbours high", "#92c5de", hatch="\\\\\\"),
    ClassStyle("low_low", "Low-Low: low, neighbours low", "#2166ac", hatch="..."),
    NOT_TESTED,
)

SCHOOL_CLASSES: Final = (
    ClassStyle("far_above", "Far above expected (beyond 99.8%)", "#b30000", marker="^"),
    ClassStyle("above", "Above expected (beyond 95%)", "#fc8d59", marker="^"),
    ClassStyle("as_expected", "As expected", "#ffffff", marker="o"),
    ClassStyle("below", "Below expected (beyond 95%)", "#78c679", marker="v"),
    ClassStyle("far_below", "Far below expected (beyond 99.8%)", "#005a32", marker="v"),
    ClassStyle("cannot_be_judged", "Cannot be judged", "#969696", marker="X"),
)

SCHOOL_GROUPS: Final = (
    ClassStyle("fewer_in_most_deprived", "Fewer than expected, highly deprived area (deciles 1 to 3)", "#005a32"),
    ClassStyle(
        "more_in_least_deprived", "More than expected, least deprived area (deciles 7 to 10)", "#7f0000", marker="s"
    ),
)
"""Schools that go against the slope, as a needs assessment names them; keys are fields of `SchoolMethod`."""

SCHOOL_GROUP_WORDS: Final = {
    "fewer_in_most_deprived": "fewer, highly deprived area",
    "more_in_least_deprived": "more, least deprived area",
}

RATE_CLASSES: Final = (
    ClassStyle("above_twice", "Above twice the average", "#b30000", marker="^"),
    ClassStyle("above", "1.1 times to twice the average", "#fc8d59", marker="D"),
    ClassStyle("about", "About average (0.9 to 1.1 times)", "#bdbdbd", marker="o"),
    ClassStyle("below", "Half to 0.9 times the average", "#78c679", marker="s"),
    ClassStyle("below_half", "Below half the average", "#005a32", marker="v"),
    ClassStyle("depends", "Class depends on suppressed counts", "#969696", marker="X"),
)
"""A school's rate over the average of all; the colours of `SCHOOL_CLASSES`, and a shape for each."""

CLUSTER_CLASSES: Final = (
    ClassStyle("certain", "Cluster beyond chance", "#de2d26"),
    ClassStyle("depends", "Cluster or not: depends on suppressed counts", "#fcae91"),
    ClassStyle("never", "Most unlikely zone, but within chance", "#ffffff"),
)
"""Zones of a scan by what is known of them; the strong and the weak red of hot areas."""

CONTOUR_INKS: Final = {"raised": "#990000", "lowered": "#08519c", "top_area": "#339966", "top_events": "#339966"}
SOURCE_INKS: Final = (INK, "#9966e6", "#b36600")
OUTLINE_INK: Final = "#666666"
"""Lines that meet on one view of a GIS: contours, hotspots by source (again from the first after the last), and borders
of authorities and places. Each pair can be told apart with any colour vision, and on any class with a white rim."""

HOTSPOT_CLASSES: Final = (
    ClassStyle("certain", "Hotspot for all possible values of suppressed counts", "#de2d26"),
    ClassStyle("depends", "Hotspot or not: depends on suppressed counts", "#fcae91"),
)
"""Hotspots by what is known of them, in the reds of clusters."""

STABILITY_CLASSES: Final = (
    ClassStyle("in_all", "Hot in all variants that test it", "#7f0000"),
    ClassStyle("in_most", "Hot in most (over half)", "#d7301f"),
    ClassStyle("in_some", "Hot in some", "#fdbb84"),
    ClassStyle("in_none", "Hot in none", "#f2f0eb"),
    NOT_TESTED,
)
"""In how many variants of an analysis an area is hot; each colour is lighter than the one before, on any printer."""

AGREEMENT_CLASSES: Final = (
    ClassStyle("four", "Hot by four methods", "#67000d"),
    ClassStyle("three", "Hot by three methods", "#b2182b"),
    ClassStyle("two", "Hot by two methods", "#ef6548"),
    ClassStyle("one", "Hot by one method", "#fdcc8a"),
    ClassStyle("none", "Hot by no method", "#f2f0eb"),
    NOT_TESTED,
)
"""By how many methods an area is hot."""

HOLDS_WORDS: Final = {
    "": "",
    "both": "own area and catchment",
    "own-area": "own area only",
    "catchment": "catchment only",
    "contrary": "own area and catchment contradict each other",
}
"""Under which deprivation a school stands out; nothing where under none."""

METHOD_CLASSES: Final[dict[Method, tuple[ClassStyle, ...]]] = {
    "getis_ord": GI_CLASSES,
    "local_moran": MORAN_CLASSES,
}

HOT_CLASSES: Final = frozenset({"hot_99", "hot_95", "hot_90", "high_high"})

COLD_CLASSES: Final = frozenset({"cold_99", "cold_95", "cold_90", "low_low"})

LEVEL_OF_CLASS: Final = {
    "hot_99": 0.01, "hot_95": 0.05, "hot_90": 0.10, "cold_99": 0.01, "cold_95": 0.05, "cold_90": 0.10,
}  # fmt: skip
"""The level that a Gi* class stands for, after adjustment."""

GI_BINS: Final = {
    "hot_99": 3, "hot_95": 2, "hot_90": 1, "not_significant": 0, "cold_90": -1, "cold_95": -2, "cold_99": -3,
}  # fmt: skip
"""A Gi* class as the number that ArcGIS has in its field Gi_Bin; an area that was not tested has none."""

CERTAINTY_WORDS: Final = {
    "certain": "the same for all possible values of suppressed counts",
    "depends": "depends on suppressed counts",
    "never": "not significant for any possible value of suppressed counts",
    "not_tested": "not tested",
}

WITHOUT_LARGEST_WORDS: Final = {
    "yes": "yes",
    "no": "no: it may be one address",
    "depends": "depends on suppressed counts",
    "not_tested": "not tested",
}
"""Whether a window is hot without the area that has the largest excess in it."""
