"""Broken inputs by the hundred: every key of the study file, every column of every file, and every way to spoil a file.

The tables grow with the program: keys are walked from the models, columns from the files. What a case must end in is
said by `verdict`.
"""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from click.testing import CliRunner
from small_study import EXTRACTS, codes_of, write_extract_files, write_small_study
from worlds import make_grid

from hotspots.cli import main
from hotspots.sections import section_in
from hotspots.study import Study

# --------------------------------------------------------------------------- the study file

NAMES = {"population": {"file": "p.csv"}, "deprivation": {"file": "i.csv"}}
WHOLE: dict[str, Any] = {
    "title": "A study",
    "areas": {"file": "areas.gpkg"},
    "rule": {"largest": 7},
    "places": [{"name": "Town", "authorities": ["E08000025"]}],
    **NAMES,
    "population_by_age": {"file": "ages.csv"},
    "events": [{"name": "crime", "title": "crime", "format": "police", "file": "crime.csv"}],
    "schools": {"register": "a.csv", "exclusions": "b.csv"},
    "series": [{"name": "s", "title": "s", "events": "crime", "years": [2013, 2019], "lines": [{"group": "all"}]}],
    "recorded": [{"name": "r", "title": "r", "file": "r.csv", "force": "Here"}],
    "children_in_need": {"file": "f.csv", "year": 2019},
    "analysis": {},
    "density": {},
    "comparisons": [
        {"name": "c", "title": "c", "events": "crime", "years": [2018, 2019], "against_years": [2016, 2017]}
    ],
    "predictions": [{"events": "crime", "past": [2016, 2017], "future": [2018, 2018]}],
    "maps": {},
}
"""Every section with what it must have; a section that is new to the program needs a line here."""

NEVER: tuple[Any, ...] = (
    float("nan"), float("inf"), float("-inf"), 10**400, "a\x00b", "a\u200bb", "a\nb", "\ufeff", "\x1b[31m",
    [float("nan")], ["a\x07"], {"a": {"b": {"c": "\x00"}}}, "a" * 5000,
)  # fmt: skip
"""Values that no key can have, whatever it is of."""


def keys(model: Any = Study, steps: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Give the path of every key of the study file, e.g. ``("events", "name")``."""
    for name, field in model.model_fields.items():
        if str(field.alias).startswith("<"):
            continue
        inner = section_in(field.annotation)
        path = (*steps, field.alias or name)
        if inner is not None:
            yield from keys(inner, path)
        if inner is None or str in get_args(field.annotation):
            yield path


def with_value(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return the whole study with one key changed."""

    def put(section: Any, steps: tuple[str, ...]) -> Any:
        if isinstance(section, list):
            return [put(section[0], steps), *section[1:]]
        first, *others = steps
        return {**section, first: put(section[first], tuple(others)) if others else value}

    return dict(put(WHOLE, path))


# --------------------------------------------------------------------------- files

COUNTS = """
[[events]]
name = "counted"
title = "counted admissions"
format = "counts"
file = "counts.csv"
count_column = "number"
release = "open"

[[events]]
name = "knives"
title = "knife crime"
format = "offences"
file = "offences.csv"
release = "invented"
columns = { occurred_from = "From", easting = "E", northing = "N" }

[[comparisons]]
name = "change"
title = "the change"
events = "admissions"
years = [2018, 2018]
against_years = [2017, 2017]
"""


def write_study(folder: Path) -> Path:
    """Write a study that reads a file of every kind but of schools."""
    write_extract_files(folder)
    codes = codes_of(make_grid(10, 10))
    pd.DataFrame({"lsoa11_code": codes, "number": np.arange(100) % 7}).to_csv(folder / "counts.csv", index=False)
    places = pd.DataFrame(
        {"name": ["One", "Two"], "easting": [402_000, 407_000], "northing": [292_000, 297_000], "population": [9, 5]}
    )
    places.to_csv(folder / "places.csv", index=False)
    number = np.arange(120)
    east, north = 400_500 + 1000 * (number % 10), 290_500 + 700 * (number % 13)
    offences = pd.DataFrame({"reference": number, "From": "2019-03-01", "E": east, "N": north})
    offences.to_csv(folder / "offences.csv", index=False)
    return write_small_study(folder, areas='labels = "places.csv"', more=EXTRACTS + COUNTS)


FILES: dict[str, tuple[str, tuple[str, ...]]] = {
    "population.csv": ("read_population", ("people",)),
    "counts.csv": ("read_counts", ("number",)),
    "idaci.csv": ("read_deprivation", ("idaci_score", "idaci_rank", "idaci_decile")),
    "ages.csv": ("read_ages", ("0-4", "85+")),
    "factors.csv": ("read_factors", ("Domestic_Abuse", "Episodes_with_assessment_factor")),
    "recorded.csv": ("read_recorded", ("Population", "Knife Crime")),
    "places.csv": ("read_places", ("easting", "northing", "population")),
    "crime.csv": ("read_police", ("Easting",)),
    "hes.csv": ("read_hes", ("STARTAGE",)),
    "offences.csv": ("read_offences", ("E", "From")),
    "areas.gpkg": ("read_areas", ()),
}
"""File → its reader, and the columns of numbers (or dates) in it."""

CELLS = ("1e400", "inf", "-5", "abc", "7%", "1\u200b2")
"""What no count, rank, share, age or coordinate can be."""


def ragged(raw: bytes) -> bytes:
    lines = raw.splitlines(keepends=True)
    return b"".join([lines[0], lines[1].rstrip() + b",1,2,3\n", *lines[2:]])


SPOILT = {
    "empty": lambda raw: b"",
    "header only": lambda raw: raw.splitlines()[0] + b"\n",
    "zeros": lambda raw: b"\0" * 2000,
    "web page": lambda raw: b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n",
    "pdf": lambda raw: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "workbook": lambda raw: b"PK\x03\x04" + raw,
    "utf-16": lambda raw: raw.decode("latin-1").encode("utf-16"),
    "cut gzip": lambda raw: gzip.compress(raw)[:-20],
    "ragged": ragged,
    "long cell": lambda raw: raw + b'"' + b"x" * 200_000 + b'"\n',
    "other header": lambda raw: b"a;b;c\n" + raw.split(b"\n", 1)[-1],
    "random": lambda raw: np.random.default_rng(1).bytes(3000),
}


def spoil_cell(file: Path, column: str, value: str) -> None:
    """Put a value into the third row of a column."""
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table.loc[2, column] = value
    table.to_csv(file, index=False)


def verdict(arguments: list[str], *, clean: str = "", accepted: bool = False) -> str:
    """Return what is wrong with how a command ended; nothing where it ended as it must.

    Parameters
    ----------
    arguments
        Of the command.
    clean
        What the command says of the same study unspoilt: accepted in silence is what says the same.
    accepted
        Whether the value may be valid, so that it needs no word.
    """
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        result = CliRunner().invoke(main, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"traceback: {result.exception!r}"
    if heard:
        return f"library warning: {heard[0].message}"
    if result.exit_code in (1, 2):
        whole = ("Error:" in result.output or "Problem:" in result.output) and "\n" in result.output.strip()
        return "" if whole else f"an error without advice: {result.output!r}"
    if result.exit_code != 0:
        return f"exit {result.exit_code}: {result.output[-200:]}"
    return "accepted in silence" if not accepted and result.output == clean else ""
