"""How variants were made, and methods compared, in sentences made from the typed method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotspots.vocabulary import AGREEMENT_TITLES, ComparedMethod, StabilityChoice

if TYPE_CHECKING:
    from hotspots.model import AgreementMethod, StabilityMethod

__all__ = ["describe_agreement", "describe_stability"]

OPTION_HEADINGS: Final[dict[StabilityChoice, str]] = {
    "neighbours": "Neighbours",
    "null": "Null hypothesis",
    "period": "Period",
    "population": "Population",
    "extent": "Study area",
}


def describe_stability(method: StabilityMethod) -> tuple[str, ...]:
    """Return which variants were run, what they differ in, and what is the same in all."""
    hidden = "An area counts as hot in a variant only if it is hot for all values of suppressed counts."
    return (
        f"Getis-Ord Gi* in {method.variants:,} variants: every combination of these options; in each, findings are "
        f"areas significant at {100 * method.level:g}% after adjustment.",
        *(f"{OPTION_HEADINGS[choice.choice]}: {'; '.join(choice.options)}." for choice in method.choices),
        *(f"{OPTION_HEADINGS[name]}, in all variants: {words}." for name, words in method.fixed.items()),
        "An area that is not in a variant, or has no neighbours in it, counts in the others only.",
        *([hidden] if method.areas_hidden else []),
    )


def describe_agreement(method: AgreementMethod) -> tuple[str, ...]:
    """Return which methods were compared, and what each calls hot."""
    levels = ", ".join(f"{AGREEMENT_TITLES[name]} at {100 * level:g}%" for name, level in method.levels.items())
    meaning: dict[ComparedMethod, str] = {
        "getis_ord": "By Gi*, an area is hot if it and its neighbours together have more events than expected.",
        "local_moran": "By Local Moran's I, an area is hot if it and its neighbours are both high (High-High).",
        "scan": "By the scan statistic, an area is hot if it is in a cluster beyond chance.",
        "surface": f"By the surface, an area is hot if more than {100 * method.covered_share:g}% of it is in contours "
        "of raised risk.",
    }
    return (
        f"{len(method.methods)} methods on the same events: {levels}.",
        *(meaning[name] for name in method.methods),
        "Findings that depend on suppressed counts are not counted as hot.",
        "All methods use the same events: agreement is no independent confirmation.",
    )
