"""How variants were made, and methods compared, in sentences made from the typed method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotspots.vocabulary import AGREEMENT_TITLES, CHOICE_WORDS, ComparedMethod, StabilityChoice

if TYPE_CHECKING:
    from hotspots.model import AgreementMethod, Choice, StabilityMethod

__all__ = ["describe_agreement", "describe_stability"]

OPTION_HEADINGS: Final[dict[StabilityChoice, str]] = {
    "neighbours": "Neighbours",
    "null": "Null hypothesis",
    "period": "Period",
    "population": "Population",
    "extent": "Study area",
}


def describe_stability(method: StabilityMethod) -> tuple[str, ...]:
    """Return which variants were run, what they differ in, and how much of the difference each choice explains."""
    sentences = [
        f"Getis-Ord Gi* in {method.variants:,} variants: every combination of these options; in each, findings are "
        f"areas significant at {100 * method.level:g}% after adjustment.",
        *(f"{OPTION_HEADINGS[choice.choice]}: {'; '.join(choice.options)}." for choice in method.choices),
        *(f"{OPTION_HEADINGS[name]}, in all variants: {words}." for name, words in method.fixed.items()),
        "An area that is not in a variant, or has no neighbours in it, counts in the others only.",
    ]
    known = sorted((c for c in method.choices if c.share_hot is not None), key=lambda c: -(c.share_hot or 0.0))
    if known:
        sentences.append(
            "Of the variance of hot or not between variants, "
            f"{_listed([f'{CHOICE_WORDS[c.choice]} alone explains {_percent(c)}' for c in known])}; "
            "the rest is due to choices together."
        )
    if method.areas_hidden:
        sentences.append("An area counts as hot in a variant only if it is hot for all values of suppressed counts.")
    return tuple(sentences)


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
        "Only what is certain whatever suppressed counts are counts as hot.",
        "The methods use the same events and people: agreement is no independent confirmation.",
    )


def _percent(choice: Choice) -> str:
    return f"{100 * (choice.share_hot or 0.0):.0f}%"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
