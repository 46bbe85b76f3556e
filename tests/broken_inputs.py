"""Broken inputs by the hundred: every key of the study file, every column of every file, and every way to spoil a file.

The tables grow with the program: keys are walked from the models, columns from the files. What a case must end in is
said by `verdict`.
"""

from __future__ import annotations

import gzip
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd
from click.testing import CliRunner
from small_study import codes_of, write_extract_files, write_small_study
from worlds import make_grid

from hotspots.cli import main
from hotspots.study.settings.section import section_in
from hotspots.study.settings.study_file import Study

# --------------------------------------------------------------------------- the study file

NAMES = {"population": {"file": "p.csv"}, "deprivation": {"file": "i.csv"}}
WHOLE: dict[str, Any] = {
    "title": "A study",
    "areas": {"file": "areas.gpkg"},
    "covariates": {"file": "v.csv"},
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
    "clusters": [{"events": ["crime"]}],
    "stability": {"events": ["crime"]},
    "predictions": [{"events": "crime", "past": [2016, 2017], "future": [2018, 2018]}],
    "maps": {},
}
"""Every section with what it must have; a section that is new to the program needs a line here."""

MOST_MEMORY = 2 * 2**30
"""Bytes that no case may take more than, beyond what is taken before."""

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

COUNTED = """
[[events]]
name = "counted"
title = "counted admissions"
format = "counts"
file = "counts.csv"
count_column = "number"
totals = "counts_totals.csv"
release = "open"
given = ["need"]

[covariates]
file = "covariates.csv"

[deprivation]
file = "idaci.csv"

[schools]
register = "register.csv"
exclusions = "exclusions.csv"
totals = "exclusions_totals.csv"

[children_in_need]
file = "factors.csv"
year = 2019
theme = "Domestic abuse"
episodes = "episodes.csv"
"""

RECORDED = """
[[events]]
name = "knives"
title = "knife crime"
format = "offences"
file = "offences.csv"
release = "invented"
columns = { occurred_from = "From", easting = "E", northing = "N" }

[population_by_age]
file = "ages.csv"

[[recorded]]
name = "recorded"
title = "Recorded knife crime"
file = "recorded.csv"
force = "Here"
rates = true
"""

FEW = """
[study]
title = "What is read after another file"

[areas]
file = "areas.gpkg"
geography = "LSOA"
vintage = 2011

[population]
file = "population.csv"
column = "people"
"""


def write_study(folder: Path) -> Path:
    """Write a study that reads a file of every kind; `few.toml` beside it reads few, which is faster."""
    write_extract_files(folder)
    number = np.arange(100)
    west = number % 10 < 5
    counts = pd.DataFrame({"lsoa11_code": codes_of(make_grid(10, 10)), "number": number % 7})
    counts.to_csv(folder / "counts.csv", index=False)
    counts[["lsoa11_code"]].assign(need=number % 10).to_csv(folder / "covariates.csv", index=False)
    pd.DataFrame(
        {
            "lad_code": ["E08000025", "E08000028"],
            "number": [counts["number"][west].sum(), counts["number"][~west].sum()],
        }
    ).to_csv(folder / "counts_totals.csv", index=False)
    pd.DataFrame(
        {"name": ["One", "Two"], "easting": [402_000, 407_000], "northing": [292_000, 297_000], "population": [9, 5]}
    ).to_csv(folder / "places.csv", index=False)
    number = np.arange(120)
    east, north = 400_500 + 1000 * (number % 10), 290_500 + 700 * (number % 13)
    offences = pd.DataFrame({"reference": number, "From": "2019-03-01", "E": east, "N": north})
    offences.to_csv(folder / "offences.csv", index=False)
    _write_schools(folder)
    episodes = pd.DataFrame(
        [(year, code) for year in (2018, 2019) for code in ("E08000025", "E08000028")],
        columns=["time_period", "new_la_code"],
    ).assign(Started_episodes=900, Ended_episodes=800, Anypoint_episodes=2000, Anypoint_child=1900)
    episodes.to_csv(folder / "episodes.csv", index=False)
    (folder / "few.toml").write_text(FEW + COUNTED, encoding="utf-8")
    return write_small_study(folder, areas='labels = "places.csv"', more=RECORDED + COUNTED)


def _write_schools(folder: Path) -> None:
    """Write 20 schools, their exclusions of a year, and the totals of the two authorities."""
    number = np.arange(20)
    west = number % 2 == 0
    who = {
        "laestab": np.where(west, 3304000, 3334000) + number,
        "la_name": np.where(west, "Birmingham", "Sandwell"),
    }
    points = {"easting": 400_500 + 5000 * ~west + 200 * number, "northing": 290_500 + 450 * number}
    pd.DataFrame({"urn": 100_000 + number, **who, "school_name": [f"School {one}" for one in number],
                  "school_type": "Academy", **points}).to_csv(folder / "register.csv", index=False)  # fmt: skip
    code, year = np.where(west, "E08000025", "E08000028"), "201617"
    exclusions = pd.DataFrame({"time_period": year, "new_la_code": code, **who, "school_type": "State-funded secondary",
                               "headcount": 900 + 10 * number, "perm_excl": number % 4})  # fmt: skip
    exclusions.to_csv(folder / "exclusions.csv", index=False)
    sums = exclusions.groupby(["time_period", "new_la_code", "school_type"], as_index=False)["perm_excl"].sum()
    sums.assign(num_schools=10).to_csv(folder / "exclusions_totals.csv", index=False)


class Spoilable(NamedTuple):
    """A file of the study: its reader, its columns of numbers, and those of coordinates; what is read before it."""

    reader: str
    numbers: tuple[str, ...] = ()
    coordinates: tuple[str, ...] = ()
    after: str = ""


FILES: dict[str, Spoilable] = {
    "areas.gpkg": Spoilable("boundaries.read_areas"),
    "population.csv": Spoilable("population.read_population", ("people",)),
    "covariates.csv": Spoilable("population.read_covariates", ("need",), after="counts_totals.csv"),
    "places.csv": Spoilable("place_labels.read_place_labels", ("population",), ("easting", "northing")),
    "ages.csv": Spoilable("ages.read_ages", ("0-4", "85+")),
    "crime.csv": Spoilable("police.read_police", (), ("Easting",)),
    "hes.csv": Spoilable("hes.read_hes", ("STARTAGE",)),
    "counts.csv": Spoilable("counts.read_counts", ("number",)),
    "counts_totals.csv": Spoilable("counts.read_totals", ("number",), after="counts.csv"),
    "offences.csv": Spoilable("offences.read_offences", (), ("E",)),
    "recorded.csv": Spoilable("recorded_crime.read_recorded", ("Population", "Knife Crime")),
    "idaci.csv": Spoilable("deprivation.read_deprivation", ("idaci_score", "idaci_rank", "idaci_decile")),
    "exclusions.csv": Spoilable("exclusions.read_exclusions", ("headcount", "perm_excl")),
    "exclusions_totals.csv": Spoilable(
        "authority_totals.read_authority_totals", ("perm_excl", "num_schools"), after="exclusions.csv"
    ),
    "register.csv": Spoilable("schools.read_schools", (), ("easting", "northing"), after="exclusions_totals.csv"),
    "factors.csv": Spoilable("children_in_need.read_factors", ("Domestic_Abuse", "Episodes_with_assessment_factor")),
    "episodes.csv": Spoilable(
        "children_in_need.read_episodes", ("Started_episodes", "Anypoint_child"), after="factors.csv"
    ),
}
"""File → what is known of it; a reader that is new to the program needs a file here."""

TAKEN = {("recorded.csv", "Knife Crime", "-5")}
"""Quarters of the Home Office have corrections below 0."""

NO_NUMBER = ("1e400", "inf", "abc", "1e308", "0x1F")
"""What is nothing that a column of numbers holds."""
CELLS = (*NO_NUMBER, "-5", "1e-320")
"""What no count, rank, share or age can be; a coordinate may be negative."""


def ragged(raw: bytes) -> bytes:
    lines = raw.splitlines(keepends=True)
    return b"".join([lines[0], lines[1].rstrip() + b",1,2,3\n", *lines[2:]])


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda raw: b"",
    "header only": lambda raw: raw.splitlines()[0] + b"\n",
    "zeros": lambda raw: b"\0" * 2000,
    "web page": lambda raw: b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n",
    "pdf": lambda raw: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "workbook": lambda raw: b"PK\x03\x04" + raw,
    "utf-16": lambda raw: raw.decode("latin-1").encode("utf-16"),
    "cut gzip": lambda raw: gzip.compress(raw)[:-20],
    "gzip bomb": lambda raw: gzip.compress(raw + b"0" * 3_000_000),
    "ragged": ragged,
    "quote never closed": lambda raw: raw + b'"one more row',
    "long cell": lambda raw: raw + b'"' + b"x" * 200_000 + b'"\n',
    "long cell of many lines": lambda raw: raw + b'"' + b"x\n" * 100_000 + b'"\n',
    "semicolons": lambda raw: raw.replace(b",", b";"),
    "other header": lambda raw: b"a;b;c\n" + raw.split(b"\n", 1)[-1],
    "random": lambda raw: np.random.default_rng(1).bytes(3000),
}
"""Ways to spoil a whole file, all of which are errors; a gzip bomb is one where the limit is set below 3 MB."""

ONLY_TEXT = ("quote never closed", "long cell", "long cell of many lines")
"""Ways that add to a file's end, of which a GeoPackage knows nothing."""


def spoil_cell(file: Path, column: str, value: str) -> None:
    """Put a value into the third row of a column."""
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table.loc[2 if len(table) > 2 else 0, column] = value
    table.to_csv(file, index=False)


def repeat_column(file: Path, column: str) -> None:
    """Give a column twice, with other contents."""
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    other = table[[column]].iloc[::-1].reset_index(drop=True) + "1"
    pd.concat([table, other], axis=1).to_csv(file, index=False)


def columns_at(position: int, value: str = "abc") -> dict[str, str]:
    """Return of each file its column of that position which a value can't be in."""
    chosen = {}
    for file, known in FILES.items():
        columns = (*known.numbers, *(known.coordinates if value in NO_NUMBER else ()))
        if len(columns) > position and (file, columns[position], value) not in TAKEN:
            chosen[file] = columns[position]
    return chosen


def groups(files: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Return files in groups that can be spoilt at once, and the study that reads each group.

    `check` reads on after an error and names every file that has one, but for what it needs for all others, and for
    what is read after another file of the same section.
    """
    found: dict[tuple[int, str], list[str]] = {}
    for file in files:
        depth, before = 0, FILES[file].after
        while before:
            depth, before = depth + 1, FILES[before].after
        found.setdefault((depth, file if file in ("areas.gpkg", "population.csv") else ""), []).append(file)
    return [("few.toml" if depth else "study.toml", group) for (depth, _), group in found.items()]


@contextmanager
def little_memory(most: int = MOST_MEMORY) -> Iterator[None]:
    """Let what happens inside take no more memory than this beyond what is taken: more is a MemoryError."""
    try:
        import resource
    except ImportError:  # no such limits on Windows
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def ended(arguments: list[str]) -> tuple[str, str]:
    """Return what is wrong with how a command ended, nothing where it ended as any may, and what it said."""
    with warnings.catch_warnings(record=True) as heard, little_memory():
        warnings.simplefilter("always")
        result = CliRunner().invoke(main, arguments)
    wrong = ""
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        wrong = f"traceback: {result.exception!r}"
    elif heard:
        wrong = f"library warning: {heard[0].message}"
    elif result.exit_code in (1, 2):
        whole = ("Error:" in result.output or "Problem:" in result.output) and "\n" in result.output.strip()
        wrong = "" if whole else f"an error without advice: {result.output!r}"
    elif result.exit_code != 0:
        wrong = f"exit {result.exit_code}: {result.output[-200:]}"
    return wrong, result.output


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
    wrong, said = ended(arguments)
    return wrong or ("accepted in silence" if not accepted and said == clean else "")


def unnamed(study: Path, files: Iterable[str]) -> dict[str, str]:
    """Return what is wrong with how `check` spoke of spoilt files, each of which is to be named in a problem."""
    wrong, said = ended(["check", str(study)])
    if wrong:
        return {", ".join(files): wrong}
    problems = "\n".join(re.findall(r"^(?:Problem|Error):(?:.*\n)(?: .*\n)*", said, re.MULTILINE))
    return {file: "accepted in silence" for file in files if not re.search(rf"\b{re.escape(file)}", problems)}
