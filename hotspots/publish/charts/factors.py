"""Printed charts on the same sheet as the maps: series, factors of assessments, correlograms, schools."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.model import AreaCounts, Factors, need_released, words_of
from hotspots.publish.page import INK, MM_PER_POINT, QUIET, begin_chart, open_axes, page_style, tidy, write_notes
from hotspots.publish.text import (
    LINES,
    capitalised,
    factors_per_assessment,
    factors_title,
    geography_words,
    listed,
)
from hotspots.vocabulary import ink_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_correlogram", "draw_factors"]

SHARES: Final = ("#f7f7f5", "#1b4f8f")


# --------------------------------------------------------------------------- factors


def draw_factors(factors: Factors) -> Figure:
    """Return the share of assessments with each factor by authority, under the number of factors each records.

    Authorities that record one factor an assessment and those that record all can't be compared factor by
    factor; the bars on top show which is which.

    Raises
    ------
    DisclosureError
        If the factors are unprotected counts of people.
    """
    need_released(factors, "A chart")
    with page_style():
        subtitle = " · ".join(
            part
            for part in (
                factors.title,
                factors.period.words,
                "mentions per 100 episodes with a factor at the end of assessment; suppressed counts are taken as 0",
            )
            if part
        )
        sheet, (left, bottom, right, top) = begin_chart(factors, factors_title(factors), subtitle)
        bottom = write_notes(sheet, left, bottom, right, [*words_of(factors.notes), *_unknown(factors)])
        shares, marks = _shares(factors)
        names, above = 62.0, 24.0
        bars = sheet.panel(left + names, top - above, right - left - names, above - 2)
        room = top - above - bottom - 8
        grid = sheet.panel(left + names, bottom + 1, right - left - names, room)
        _draw_bars(bars, factors_per_assessment(factors).reindex(shares.columns))
        sheet.write(left, top - 6, "Factors recorded in an episode", size=8.5, weight="bold", width=names - 6)
        _draw_shares(grid, shares, marks, size=min(8.0, room / max(len(shares), 1) / MM_PER_POINT / 1.35))
    return sheet.figure


def _unknown(factors: Factors) -> list[str]:
    """Return sentences about what has no number: marks in a cell, and factors that no authority has a number for."""
    known = factors.table.groupby("factor", sort=False)["mentions"].count()
    missing = [str(name) for name in known.index[known == 0]]
    sentences = [f"No authority has a number for {listed(missing)}."] if missing else []
    table = factors.table[~factors.table["factor"].isin(missing)]
    marks = sorted(
        {str(mark) for mark in table.loc[table["mentions"].isna(), "mark"] if isinstance(mark, str) and mark}
    )
    explained = {name for note in factors.notes for name in note.numbers}
    if not explained.issuperset(marks):
        sentences.append(f"Where the source has no number its own mark is shown ({', '.join(marks)}).")
    return sentences


def _shares(factors: Factors) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return shares (0 to 1) and marks, factor by authority; the commonest factor first."""
    table = factors.table[factors.table.groupby("factor")["mentions"].transform("count") > 0]
    table = table.assign(share=table["mentions"] / table["assessments"])
    shares = table.pivot_table(index="factor", columns="la_name", values="share", aggfunc="first", dropna=False)
    marks = table.pivot_table(index="factor", columns="la_name", values="mark", aggfunc="first", dropna=False)
    order = shares.mean(axis=1).sort_values(ascending=False, na_position="last", kind="stable").index
    return shares.loc[order], marks.reindex(index=order, columns=shares.columns)


def _draw_bars(axes: Axes, per: pd.Series) -> None:
    x = np.arange(len(per))
    axes.bar(x, per.to_numpy(dtype=float), width=0.6, color="#b9c6d8", edgecolor=INK, linewidth=0.5)
    for number, value in enumerate(per):
        if np.isfinite(value):
            axes.text(number, value, f"{value:.1f}", ha="center", va="bottom", fontsize=8, fontweight="bold")
    axes.set(xlim=(-0.5, len(per) - 0.5), ylim=(0, np.nanmax([*per, 1.0]) * 1.3), yticks=[])
    axes.set_xticks(x, [str(name) for name in per.index], fontsize=8.5, fontweight="bold", color=INK)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_shares(axes: Axes, shares: pd.DataFrame, marks: pd.DataFrame, *, size: float) -> None:
    """Draw a table of shaded cells with the share in each; a hidden number shows its mark."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    values = shares.to_numpy(dtype=float)
    highest = float(np.nanmax(values)) if np.isfinite(values).any() else 1.0
    colours = LinearSegmentedColormap.from_list("shares", SHARES)
    axes.imshow(
        np.ma.masked_invalid(values), cmap=colours, vmin=0, vmax=highest, aspect="auto", interpolation="nearest"
    )
    for (row, column), value in np.ndenumerate(values):
        mark = marks.iloc[row, column]
        hidden = str(mark) if isinstance(mark, str) and mark else "–"
        words = f"{100 * value:.0f}%" if np.isfinite(value) else hidden
        ink = ink_on(to_hex(colours(value / highest))) if np.isfinite(value) else INK
        axes.text(
            column,
            row,
            words,
            ha="center",
            va="center",
            fontsize=size,
            color=ink,
            parse_math=False,
        )
    axes.set_yticks(range(len(shares)), [str(name) for name in shares.index], fontsize=size)
    axes.set_xticks([])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.hlines(np.arange(1, len(shares)) - 0.5, -0.5, values.shape[1] - 0.5, color="white", linewidth=1.0)
    axes.vlines(np.arange(1, values.shape[1]) - 0.5, -0.5, len(shares) - 0.5, color="white", linewidth=3.0)


# --------------------------------------------------------------------------- correlograms


def draw_correlogram(table: pd.DataFrame, counts: AreaCounts, *, title: str | None = None) -> Figure:
    """Return a chart of the evidence for clustering (Moran's z) against distance, with the suggested scale marked.

    Parameters
    ----------
    table
        From `correlogram`.
    counts
        What the correlogram was made of: its title, source, period and release mark stand on the sheet.
    title
        The finding, where it is worded elsewhere.

    Returns
    -------
    Figure
        A4 landscape, for `save_map`.

    Raises
    ------
    DisclosureError
        If the counts are unprotected counts of people.
    """
    need_released(counts, "A chart")
    with page_style():
        per = " per 1,000 people" if counts.area.has_population else ""
        what = f"{capitalised(counts.title)}{per} by {geography_words(counts.area)}"
        what = f"{what} · Moran's I of all areas up to each distance from one another"
        sheet, (left, bottom, right, top) = begin_chart(counts, title or _scale_title(table, counts.title), what)
        bottom = write_notes(sheet, left, bottom, right, _on_scale(table, counts))
        axes = open_axes(sheet, (left, bottom, right, top), beside=8)
        known = table[table["z"].notna()]
        limit = NormalDist().inv_cdf(1 - 0.025 / max(len(known), 1))
        unit, name = (1000.0, "km") if float(table.index[-1]) >= 2000 else (1.0, "m")
        _draw_evidence(axes, known, unit, limit)
        tidy(axes, x=f"Distance between areas, up to ({name})", y="Moran's z: evidence that similar areas lie together")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.5g}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.4g}".replace("-", "\u2212"))
    return sheet.figure


def _clear_of_points(x: np.ndarray[Any, Any], above: np.ndarray[Any, Any], marked: np.ndarray[Any, Any]) -> float:
    """Return where a label on a line meets no curve and no mark: amid three points on one side, far from it."""
    if len(x) < 3:
        return float(np.mean(x)) if len(x) else 0.0
    three, marks = (np.lib.stride_tricks.sliding_window_view(values, 3) for values in (above, marked))
    room = np.where(np.abs(np.sign(three).sum(axis=1)) == 3, np.abs(three).min(axis=1), 0.0)
    room[marks.any(axis=1)] = -1.0
    return float(x[1 + int(np.argmax(room))])


def _draw_evidence(axes: Axes, known: pd.DataFrame, unit: float, limit: float) -> None:
    """Draw z against distance, the 5 % line, and the suggested distance with its numbers."""
    colour, _, marker = LINES[0]
    x, z = known.index.to_numpy(dtype=float) / unit, known["z"].to_numpy(dtype=float)
    low, high = float(np.min(z, initial=0.0)), float(np.max(z, initial=limit))
    axes.set_ylim(low - 0.08 * (high - low) if low < 0 else 0.0, high + 0.16 * (high - low))
    if len(x):
        step = float(np.min(np.diff(x))) if len(x) > 1 else x[0]
        axes.set_xlim(x[0] - step, x[-1] + step)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    axes.axhline(limit, color=QUIET, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.plot(x, z, color=colour, linewidth=1.8, marker=marker, markersize=4.5)
    clear = _clear_of_points(x, z - limit, known["suggested"].to_numpy(dtype=bool))
    axes.annotate(
        f"5% line, allowing for {len(known)} distances" if len(known) > 1 else "5% line",
        (clear, limit), xytext=(0, 3), textcoords="offset points",
        ha="center", va="bottom", fontsize=7.5, color=QUIET,
    )  # fmt: skip
    for distance, row in known[known["suggested"]].iterrows():
        at = float(distance) / unit  # type: ignore[arg-type]
        axes.vlines(at, axes.get_ylim()[0], row["z"], color=LINES[1][0], linewidth=1.0, linestyle=(0, (2, 2)))
        axes.plot([at], [row["z"]], color=LINES[1][0], marker="o", markersize=9, linestyle="none")
        axes.annotate(
            f"{_far(float(distance))} (z {row['z']:.1f})",  # type: ignore[arg-type]
            (at, row["z"]), xytext=(0, 8), textcoords="offset points",
            ha="center", va="bottom", fontsize=8.5, fontweight="bold", color=LINES[1][0],
        )  # fmt: skip


def _scale_title(table: pd.DataFrame, title: str) -> str:
    """Return the suggested scale as a finding."""
    if not table["suggested"].any():
        return f"{capitalised(title)}: no clustering found at any distance up to {_far(table.index[-1])}"
    at = int(np.argmax(table["suggested"].to_numpy()))
    here = f"among areas within {_far(table.index[at])} of each other"
    if float(table["z"].max()) > float(table["z"].iloc[at]):
        return f"Clustering of {title} has its first peak {here}"
    return f"Clustering of {title} is strongest {here}"


def _on_scale(table: pd.DataFrame, counts: AreaCounts) -> list[str]:
    """Return how the chart is read, and what it can't tell."""
    sentences = [
        "The higher the line, the stronger the evidence that areas up to this distance apart have similar numbers; "
        "below the dashed line the pattern may be chance. A distance at which the line peaks is a suitable distance "
        "band or density bandwidth."
    ]
    chosen = table["suggested"].to_numpy()
    if chosen.any() and chosen[0]:
        sentences.append("Here it is the shortest distance tried: the scale may be shorter still.")
    elif chosen.any() and chosen[-1]:
        sentences.append("Here it is the longest distance tried: the scale may be longer.")
    if counts.hidden:
        sentences.append("A suppressed count is taken as the middle of its possible values.")
    return sentences


def _far(metres: float) -> str:
    return f"{metres:,.0f} m" if metres < 1000 else f"{metres / 1000:,.3g} km"
