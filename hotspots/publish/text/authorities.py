"""What extracts say in words: the finding, and every row for readers who do not see the chart."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from hotspots.errors import plural
from hotspots.model import Extract, Factors
from hotspots.publish.text.phrases import capitalised, listed, period_words

__all__ = [
    "extract_alt",
    "extract_title",
    "factors_per_assessment",
    "factors_title",
    "number_or_range",
    "recording_title",
    "rows_of_period",
]


MOST_NAMES: Final = 4
"""Authorities that a title names on one side; more are counted."""


def number_or_range(low: float, high: float, digits: int = 0) -> str:
    """Return a number or what it may be; a dash where there is none."""
    if not np.isfinite(low):
        return "–"
    first, last = f"{low:,.{digits}f}", f"{high:,.{digits}f}"
    return first if first == last else f"{first}–{last}"


def limits(low: float, high: float, between: str) -> str:
    """Return both limits of an interval, or that there is none."""
    known = np.isfinite(low) and np.isfinite(high)
    return f"{low:,.0f}{between}{high:,.0f}" if known else "no interval"


def rows_of_period(extract: Extract, period: str | None) -> tuple[pd.DataFrame, str]:
    """Return the rows of one year, most factors in an episode first, and the year."""
    shown = period or (str(extract.table["period"].iloc[-1]) if len(extract.table) else "")
    rows = extract.table[extract.table["period"] == shown]
    return rows.sort_values("per_assessment", ascending=False, kind="stable").reset_index(drop=True), shown


def extract_title(extract: Extract) -> str:
    """Return the finding of an extract in one line."""
    table = extract.table
    if extract.kind == "standardised-rates":
        return _rates_title(extract)
    if extract.kind == "recording":
        return recording_title(extract, None)
    if extract.kind == "profile":
        authorities = table[table["kind"] == "authority"].set_index("name")
        for column, words in (
            ("most_deprived_areas", "of areas are among the most deprived tenth"),
            ("under_25", "of people are under 25"),
        ):
            share = authorities[column].astype(float).dropna()
            low, high = f"{100 * share.min():.0f}", f"{100 * share.max():.0f}"
            if len(share) > 1 and low != high:
                return f"{low}% ({share.idxmin()}) to {high}% ({share.idxmax()}) {words}"
        return f"{plural(len(authorities), 'authority', 'authorities')}: population, age and deprivation"
    return extract.title


def recording_title(extract: Extract, period: str | None) -> str:
    """Return the spread of factors in an episode between authorities in one year, the last if None."""
    shown, when = rows_of_period(extract, period)
    per = shown.set_index("la_name")["per_assessment"].dropna()
    if len(per) < 2:
        return f"{extract.title}: recording at the end of assessment"
    ends = f"{per.min():.1f} factors in an episode ({per.idxmin()}) to {per.max():.1f} ({per.idxmax()})"
    return f"Recording differs in {period_words(when)}: from {ends}"


def _rates_title(extract: Extract) -> str:
    """Return who differs from the study area beyond the test; the highest and the lowest of several always exist."""
    table = extract.table
    whole, authorities = table[~table["kind"].isin(["authority", "place"])], table[table["kind"] == "authority"]
    if not len(whole) or authorities["p_adjusted"].notna().sum() < 2:
        return capitalised(extract.title)
    ends = [f"{float(whole[end].iloc[0]):,.0f}" for end in ("rate_low", "rate_high")]
    average, level = " to ".join(dict.fromkeys(ends)), " (false discovery rate 5%)"
    sides = {side: sorted(authorities.loc[authorities["differs"] == side, "name"]) for side in ("above", "below")}
    differing = [
        (listed(names) if len(names) <= MOST_NAMES else f"{len(names)}", side) for side, names in sides.items() if names
    ]
    if not differing:
        sure = "differs" if ends[0] == ends[1] else "is certain to differ"
        none = f"no authority's rate {sure} from the study area's {average} beyond chance"
        return f"{capitalised(extract.title)}: {none}{level}"
    (first, side), *other = differing
    words = f"{first} {side} the study area's rate of {average}" + "".join(f", {who} {where}" for who, where in other)
    return f"{capitalised(extract.title)}: {words}{level}"


def extract_alt(extract: Extract) -> str:
    """Return what the chart shows, row by row, for readers who do not see it."""
    table = extract.table
    sentences = []
    if extract.kind == "standardised-rates":
        for line in table.to_dict("records"):
            rate = number_or_range(line["rate_low"], line["rate_high"])
            if rate == "–":
                sentences.append(f"{line['name']}: {line['reason']}.")
            else:
                sentences.append(f"{line['name']}: {rate} ({limits(line['ci_low'], line['ci_high'], ' to ')}).")
    elif extract.kind == "recording":
        for line in rows_of_period(extract, None)[0].to_dict("records"):
            share = line["theme_share"]
            words = f"{100 * share:.0f} mentions per 100 episodes" if np.isfinite(share) else "share not known"
            per = line["per_assessment"]
            factors = f"{per:.1f} factors in an episode" if np.isfinite(per) else "factors in an episode not known"
            sentences.append(f"{line['la_name']}: {words}, {factors}.")
    elif extract.kind == "profile":
        for line in table.to_dict("records"):
            parts = [f"{line['population']:,.0f} people"] if np.isfinite(line["population"]) else []
            for column, words in (("under_25", "under 25"), ("most_deprived_areas", "of areas in decile 1")):
                parts += [f"{100 * line[column]:.0f}% {words}"] if np.isfinite(line[column]) else []
            sentences.append(f"{line['name']}: {', '.join(parts)}.")
    else:
        for line in table[np.isfinite(table["ratio_high"].astype(float))].to_dict("records"):
            ends = f"from {period_words(line['first'])} to {period_words(line['last'])}"
            sentences.append(
                f"{line['group']}: {line['course']} {ends}, at its end {line['ratio']:.2f} times what was before."
            )
    return f"{extract_title(extract)}. {' '.join(sentences)}".strip()


def factors_title(factors: Factors) -> str:
    """Return the spread of factors per assessment between authorities: the reason to read the shares with care."""
    per = factors_per_assessment(factors).dropna()
    if len(per) < 2:
        return factors.title
    least, most = str(per.idxmin()), str(per.idxmax())
    return f"Recording differs: from {per.min():.1f} factors in an episode ({least}) to {per.max():.1f} ({most})"


def factors_per_assessment(factors: Factors) -> pd.Series:
    """Return mentions of any factor per assessment, by authority: at least so many, for hidden ones count as none."""
    grouped = factors.table.groupby("la_name", sort=False)
    per: pd.Series = grouped["mentions"].sum(min_count=1) / grouped["assessments"].first()
    return per
