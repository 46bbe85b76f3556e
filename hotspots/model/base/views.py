"""How things of the model are shown: in a notebook, drawn, and on a map in a browser.

Only this module of the model calls `hotspots.publish`, which is imported when a method is called and never before
(`late` in ARCHITECTURE.md). The methods only call functions of `publish`, which draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from hotspots.errors import AnalysisError, OutputError
from hotspots.model.base.checks import need_released
from hotspots.vocabulary import UNRELEASED

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.figure import Figure

    from hotspots.vocabulary import ClassStyle


# --------------------------------------------------------------------------- in a notebook

ROWS: Final = 5
COLUMNS: Final = 12


def as_html(instance: Any, numbers: Mapping[str, object], table: pd.DataFrame | None) -> str:
    """Return an object as HTML, with nothing in it that may not be written to a file.

    Of unreleased records only the title and the number of rows are shown.

    Parameters
    ----------
    instance
        With `release`, and optionally `title` and `period`.
    numbers
        Label → number or text, under the title.
    table
        Table whose first rows are shown; geometry is left out.
    """
    title = f"<h4>{escape(': '.join(filter(None, (type(instance).__name__, instance.title))))}</h4>"
    if instance.release == UNRELEASED:
        rows = instance.values.size if table is None else len(table)
        what = "cells" if table is None else "rows"
        return f"{title}<p>{rows:,} {what}, not released: protect the counts first (hotspots.protect).</p>"
    facts = ({"Period": instance.period} if instance.period else {}) | dict(numbers) | {"Release": instance.release}
    listed = "".join(f"<dt>{escape(label)}</dt><dd>{escape(_shown(value))}</dd>" for label, value in facts.items())
    return f"{title}<dl>{listed}</dl>{'' if table is None else _first_rows(table)}"


def between(low: float, high: float) -> str:
    """Return an interval as text; a number where both ends are the same.

    Examples
    --------
    >>> between(1200, 1200), between(1, 7)
    ('1,200', '1 to 7')
    """
    return _shown(low) if low == high else f"{_shown(low)} to {_shown(high)}"


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _first_rows(table: pd.DataFrame) -> str:
    """Return the first rows of a table as HTML, which pandas escapes, and how many there are."""
    plain = pd.DataFrame(table.drop(columns="geometry", errors="ignore"))
    rows = plain.head(ROWS).to_html(max_cols=COLUMNS, border=0)
    return f"{rows}<p>first {min(ROWS, len(plain))} of {len(plain):,} rows</p>"


# --------------------------------------------------------------------------- drawn


class OnMap:
    """Types that a printed map can show."""

    __slots__ = ()

    area: Any

    def plot(self, area: Any = None, **options: Any) -> Figure:
        """Return the printed map of this result.

        Parameters
        ----------
        area
            The study area; its own if left out.
        options
            Arguments of `hotspots.draw_map`.

        Raises
        ------
        AnalysisError
            If it was made by hand, without an area.
        """
        from hotspots.publish.maps import draw_map

        area = self.area if area is None else area
        if area is None:
            raise AnalysisError(
                "There is no study area to draw this result on.",
                found=f"a {type(self).__name__} that was made by hand",
                advice="give it: result.plot(area)",
            )
        figure: Figure = draw_map(self, area, **options)  # type: ignore[arg-type]
        return figure


def plot_series(series: Any, **options: Any) -> Figure:
    """Return the chart of a series; see `hotspots.charts.draw_series`."""
    from hotspots.publish.charts import draw_series

    return draw_series(series, **options)


def plot_extract(extract: Any, **options: Any) -> Figure:
    """Return the chart of an extract: of rates, of recording, of the profile of authorities, or of predictions.

    Raises
    ------
    AnalysisError
        If there is no chart of its kind.
    """
    from hotspots.publish.charts import draw_prediction, draw_profile, draw_recording, draw_standardised

    charts = {
        "standardised-rates": draw_standardised,
        "recording": draw_recording,
        "profile": draw_profile,
        "predictions": draw_prediction,
    }
    if extract.kind not in charts:
        raise AnalysisError(
            f"There is no chart of {extract.kind} alone.",
            advice="draw the series with them: hotspots.charts.draw_series(series, change_points=...)",
        )
    figure: Figure = charts[extract.kind](extract, **options)
    return figure


def explore(
    instance: Any,
    table: gpd.GeoDataFrame,
    *,
    column: str,
    shown: Sequence[str],
    options: dict[str, Any],
    classes: Sequence[ClassStyle] = (),
) -> Any:
    """Return a map of a table to zoom in a browser, made with folium through geopandas; nothing is fetched for it.

    Parameters
    ----------
    instance
        The object to show. It must be released: the map contains all of it.
    table
        One row per area, with its polygon.
    column
        Column that colours the areas.
    shown
        Columns shown under the pointer.
    options
        Arguments of `geopandas.GeoDataFrame.explore`, e.g. ``tiles`` for a background, which the browser then fetches.
    classes
        Classes of the column with their labels and colours; none for numbers or names.

    Raises
    ------
    OutputError
        If folium is not installed.
    DisclosureError
        If it holds unprotected counts of people.
    """
    need_released(instance, "A web map")
    words: dict[str, Any] = {"column": column, "tooltip": list(shown), "tiles": None}
    table = table[[*dict.fromkeys([column, *shown]), "geometry"]]
    if classes:
        found = [style for style in classes if (table[column] == style.key).any()]
        table = table.assign(**{column: table[column].map({style.key: style.label for style in found})})
        words |= {
            "categorical": True,
            "categories": [style.label for style in found],
            "cmap": [style.colour for style in found],
        }
    try:
        return table.explore(**{**words, **options})
    except ImportError as error:
        raise OutputError(
            "A web map needs folium, which is not installed.",
            found=str(error),
            advice="pip install folium mapclassify; or draw a printed map with .plot() or hotspots.draw_map",
        ) from error
