"""The pack: one accessible PDF with what was found, a page for every map, tables, methods and sources."""

from __future__ import annotations

import calendar
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from hotspots.errors import OutputError
from hotspots.publish.page import SEE_PAGE, SHORTENED, Body, body_of, replace_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Page", "write_briefing"]

TEMPLATE: Final = "briefing.typ"


@dataclass(frozen=True)
class Page:
    """One page of a pack.

    Parameters
    ----------
    title
        The finding; empty takes the figure's own.
    alt
        What the figure shows, for readers who do not see it; needed wherever there is a figure.
    text
        A paragraph above the figure; empty takes the figure's own subtitle: what, where, when and how.
    figure
        From `draw_map` or one of the charts, or what `saving.body_of` made of it in another process: its own title
        and marking are left out, the page says both.
    table
        Drawn with its column names; the index is left out.
    """

    title: str = ""
    alt: str = ""
    text: str = ""
    figure: Figure | Body | None = None
    table: pd.DataFrame | None = None


def write_briefing(
    path: Path,
    *,
    title: str,
    subtitle: str,
    marking: str,
    alarming: bool = False,
    findings: Sequence[str],
    pages: Sequence[Page],
    methods: Mapping[str, Sequence[str]] | Sequence[str],
    sources: Sequence[str],
    attribution: Sequence[str],
    imprint: str = "",
    day: date | None = None,
    summary: pd.DataFrame | None = None,
) -> Path:
    """Write an accessible PDF (PDF/UA-1), A4 landscape; the same content gives the same bytes.

    Parameters
    ----------
    path
        The PDF.
    title, subtitle
        Of the pack.
    marking
        Words on every page, e.g. ``styles.marking(release)``; empty where there are none.
    alarming
        Whether they stand in red: the pack is for named readers only.
    findings
        What was found, a sentence each, for the first page.
    pages
        Maps, charts and tables.
    methods
        Sentences for the last pages; by heading ("Hotspots", "Schools", ...) where there are many.
    sources
        Sentences for the last page.
    imprint, day
        Date and contact at the foot of every page, and the date of the file.
    attribution
        Lines that must stand wherever the boundaries are drawn.
    summary
        A small table for the first page, e.g. hot areas by place and method.

    Returns
    -------
    Path
        The PDF.

    Raises
    ------
    OutputError
        If a page with a figure has no alternative text, or the file can't be written.
    """
    _need_alt(pages)
    bodies = [_body(page) for page in pages]
    data = {
        "title": title,
        "subtitle": subtitle,
        "marking": marking,
        "alarming": alarming,
        "findings": list(findings),
        "summary": _as_cells(summary),
        "pages": [_as_data(*both, number) for number, both in enumerate(zip(pages, bodies, strict=True), start=1)],
        "imprint": imprint,
        "dated": day is not None,
        "see_page": SEE_PAGE,
        "shortened": SHORTENED,
        "methods": _grouped(methods),
        "sources": list(sources),
        "attribution": list(attribution),
    }
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(bodies, start=1):
            if body.svg:
                (Path(folder) / _svg_name(number)).write_bytes(body.svg)
        pdf = _typeset(Path(folder), data, day)
    return replace_file(Path(path), lambda unfinished: unfinished.write_bytes(pdf))


def _grouped(methods: Mapping[str, Sequence[str]] | Sequence[str]) -> list[dict[str, Any]]:
    """Return sentences under their headings, in order; one group without a heading where there are none."""
    groups = methods if isinstance(methods, Mapping) else {"": methods}
    return [{"heading": heading, "sentences": list(sentences)} for heading, sentences in groups.items() if sentences]


def _need_alt(pages: Sequence[Page]) -> None:
    for number, page in enumerate(pages, start=1):
        if page.figure is not None and not page.alt.strip():
            raise OutputError(
                f"Page {number} of the briefing has a figure without alternative text.",
                found=f"the page {page.title!r}",
                advice="say in `alt` what the figure shows (wording.alt_text)",
            )


def _svg_name(number: int) -> str:
    return f"page-{number:03d}.svg"


def _body(page: Page) -> Body:
    if page.figure is None:
        return Body("", "", b"")
    return page.figure if isinstance(page.figure, Body) else body_of(page.figure)


def _as_data(page: Page, body: Body, number: int) -> dict[str, Any]:
    return {
        "title": page.title or body.title,
        "alt": page.alt,
        "text": page.text or body.subtitle,
        "svg": _svg_name(number) if body.svg else None,
        "pointers": [asdict(pointer) for pointer in body.pointers],
        "table": _as_cells(page.table),
    }


def _as_cells(table: pd.DataFrame | None) -> dict[str, Any] | None:
    """Return a table as words: numbers with thousands separators, missing values as dashes."""
    if table is None or table.shape[1] == 0:
        return None
    columns = [
        {"name": str(name), "numeric": bool(pd.api.types.is_numeric_dtype(table[name].dtype))} for name in table.columns
    ]
    rows = [[_as_words(value) for value in row] for row in table.itertuples(index=False, name=None)]
    return {"columns": columns, "rows": rows}


def _as_words(value: Any) -> str:
    if pd.isna(value):
        return "–"
    if isinstance(value, str):
        return value
    number = float(value)
    return f"{number:,.0f}" if number.is_integer() else f"{number:,.2f}"


def _typeset(folder: Path, data: dict[str, Any], day: date | None) -> bytes:
    """Return the PDF that typst makes of the template in this folder; its date is that of the study or none."""
    import matplotlib
    import typst

    template = resources.files("hotspots.publish.briefing").joinpath(TEMPLATE).read_text(encoding="utf-8")
    source = folder / TEMPLATE
    source.write_text(template, encoding="utf-8")
    try:
        pdf = typst.compile(
            str(source),
            root=str(folder),
            font_paths=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")],
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False, allow_nan=False)},
            pdf_standards=["ua-1"],
            # Not the time of writing, which would make every copy of one pack differ.
            timestamp=0 if day is None else calendar.timegm(day.timetuple()),
        )
    except typst.TypstError as error:
        raise OutputError(
            f"The briefing {data['title']!r} could not be typeset.",
            found=str(error).split("\n")[0],
            advice="please report it with the study file; the maps and layers are not affected",
        ) from error
    return bytes(pdf)
