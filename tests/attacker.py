"""An attacker: all that can be tried with the files of a `publish` run to get hidden counts back.

What the attacker has: every file of the run (each column of each layer, styles, descriptions, lineage, the summary,
the text of every PDF, the words inside pictures, file names) and what the program said while it ran; the schema of the
files and this program's source, hence the rule and every formula; the boundaries and populations, which are public.

What the attacker does: each number is held against every formula by which it could have been made from the true counts.
A formula that holds for a whole column, to its last decimal, by some whole counts within the published intervals, is
believed and becomes linear constraints on the counts; `scipy.optimize.milp` then says what each count can still be.
Columns that the published intervals explain by themselves (their lowest, highest or middle values) tell nothing.

What the attacker does not have: other releases of the same records, knowledge of one patient, or a guess at what is
likely; all counts within an interval are equal. A number is given back if less is possible than its interval says.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
from attacker_columns import Knowledge, explained, invert
from PIL import Image
from read_layers import read_layer, table_names

# --------------------------------------------------------------------------- what is read


@dataclass
class Published:
    """The files of a run as an attacker reads them: layers, the summary, and every text by where it stands."""

    layers: dict[str, gpd.GeoDataFrame]
    summary: dict
    texts: dict[str, str]


def open_published(folder: Path, log: str = "") -> Published:
    """Return all that an attacker can read in a folder, and what the program said."""
    layers, texts = {}, {"what the program said": log}
    with sqlite3.connect(folder / "hotspots.gpkg") as file:
        tables = [name for (name,) in file.execute("select name from sqlite_master where type in ('table', 'view')")]
        for name in tables:
            if name.startswith("rtree_"):
                continue
            cursor = file.execute(f'select * from "{name}"')
            # A number at the end of a cell is not one of what the next cell begins with.
            rows = ["\t".join(cell for cell in row if isinstance(cell, str)) for row in cursor]
            texts[f"hotspots.gpkg, {name}"] = "\n\n".join(rows)
    layers = {name: read_layer(folder / "hotspots.gpkg", name) for name in table_names(folder / "hotspots.gpkg")}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        texts[f"the name of {name}"] = name
        if path.suffix == ".pdf" and shutil.which("pdftotext"):
            texts[name] = "\n".join(
                subprocess.run([*command, str(path), *end], capture_output=True, check=True, text=True).stdout
                for command, end in ((["pdftotext"], ["-"]), (["pdfinfo"], []))
            )
        elif path.suffix == ".png":
            with Image.open(path) as picture:
                texts[name] = "\n".join(str(value) for value in picture.info.values())
        elif path.suffix == ".qgz":
            with zipfile.ZipFile(path) as packed:
                texts[name] = "\n".join(packed.read(one).decode() for one in packed.namelist())
        elif path.suffix in {".csv", ".json", ".qml", ".sld", ".xml", ".txt", ".log"}:
            texts[name] = path.read_text(encoding="utf-8-sig")
    return Published(layers, json.loads((folder / "summary.json").read_text(encoding="utf-8")), texts)


# --------------------------------------------------------------------------- what the columns say


def read_columns(
    published: Published, layer: str, known: Knowledge, columns: Collection[str] | None
) -> Iterator[tuple[str, Knowledge]]:
    """Give every reading of every column of a layer that is more than the published intervals."""
    table = published.layers[layer].set_index("area_id").loc[known.table.index]
    for column in table.select_dtypes("number"):
        values = table[column].to_numpy(dtype=float)
        if columns is not None and column not in columns:
            continue
        if not explained(known, values):
            yield from invert(known, f"{layer}.{column}", values)


def read_hotspots(published: Published, known: Knowledge, source: str) -> Iterator[tuple[str, Knowledge]]:
    """Give what the numbers of each hotspot say of its areas, where it is more than the sums of their intervals."""
    hotspots = published.layers.get("hotspots")
    if hotspots is None:
        return
    for _, row in hotspots[hotspots["source"] == source].iterrows():
        inside = [known.names.index(code) for code in row["area_ids"].split()]
        for low, high, scale in (
            (row["observed_low"], row["observed_high"], 1.0),
            (row["ratio_low"], row["ratio_high"], row["expected"]),
        ):
            ends = low * scale, high * scale
            slack = 1e-9 * max(ends)
            if abs(ends[0] - known.low[inside].sum()) <= slack and abs(ends[1] - known.high[inside].sum()) <= slack:
                continue
            read = known.copy()
            read.learn(dict.fromkeys(inside, 1.0), ends[0] - slack, ends[1] + slack)
            if read.possible():
                yield f"hotspot {row['hotspot']}", read


# --------------------------------------------------------------------------- what the texts say


RANGE = re.compile(r"(?<![\w.])(\d[\d,]*)(?:(?: to |-|–)(\d[\d,]*))?(?![\w.]*\w)")


def as_range(value: object) -> tuple[float, float] | None:
    """Return a number or a range in words as its two ends; None for anything else."""
    if isinstance(value, list) and len(value) == 2 and all(isinstance(one, int | float) for one in value):
        return float(value[0]), float(value[1])
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value), float(value)
    found = RANGE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    first, last = found[1].replace(",", ""), (found[2] or found[1]).replace(",", "")
    return float(first), float(last)


UNPLACED = ("no area code", "no usable location", "unusable area code", "area code of another vintage")
"""Reasons for which a row is an event of the source and still in no area."""


def learn_audit(known: Knowledge, source: Mapping, years: Sequence[tuple[float, float]] = ()) -> None:
    """Add what the summary says of a source: how its rows add up, and its yearly numbers as read off the chart."""
    areas = known.group(None)
    outside = known.add("outside", *as_range(source["outside"]))
    dropped = {reason: known.add(f"dropped, {reason}", *as_range(v)) for reason, v in source["dropped"].items()}
    events = {**areas, outside: 1.0, **{at: 1.0 for reason, at in dropped.items() if reason in UNPLACED}}
    wholes = {"rows_read": {**areas, outside: 1.0, **dict.fromkeys(dropped.values(), 1.0)}, "kept": events}
    wholes["observed"] = areas
    for name, parts in wholes.items():
        if name in source:
            known.learn(parts, *as_range(source[name]))
    ways = [
        known.add(how, *as_range(source[how]), hidden=False)
        for how in ("joined_by_code", "joined_by_point")
        if how in source
    ]
    if len(ways) == 2:
        known.learn({**areas, ways[0]: -1.0, ways[1]: -1.0}, 0, 0)
    places = [k for k in ("outside_by_code", "outside_by_point") if k in source]
    if len(places) == 2:
        ends = [known.add(how, *as_range(source[how]), hidden=False) for how in places]
        known.learn({outside: 1.0, ends[0]: -1.0, ends[1]: -1.0}, 0, 0)
    if years:
        numbers = [known.add(f"year {i + 1}", *bounds) for i, bounds in enumerate(years)]
        known.learn({**events, **dict.fromkeys(numbers, -1.0)}, 0, 0)


UNDERSTOOD = re.compile(
    r"areas|versions|disclosure|inputs|files|seconds|clustering|correlograms|surfaces|schools|schools_read"
    r"|hotspots\.\w+\.\w+\.(settings|classes|certainty|places)|sources\.\w+\.(rows_read|kept|joined_by_\w+|outside\w*"
    r"|observed|dropped|areas_with\w+|distinct_points|passed_over_codes)"
)
"""Of the summary's numbers, those whose meaning the schema tells: numbers of areas, settings, and the audit."""


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Give every value of nested lists and tables with its path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}.{number}")
    else:
        yield path, value


def told_totals(
    published: Published, known: Knowledge, words: Sequence[str]
) -> Iterator[tuple[str, dict, float, float]]:
    """Give every number that may be a total of counts: where it stands, of which areas, lowest and highest.

    Parameters
    ----------
    words
        What events of the source are called.
    """
    authorities = dict(zip(known.table["la_code"], known.table["la_name"], strict=True))

    def of(context: str) -> dict[int, float]:
        named = [code for code, name in authorities.items() if code in context or name in context]
        return known.group(named[0] if len(named) == 1 else None)

    for path, value in leaves(published.summary):
        bounds = as_range(value)
        if bounds and not UNDERSTOOD.match(path):
            yield f"summary.json, {path}", of(path), *bounds
    called = "|".join(map(re.escape, words))
    sentence = re.compile(RANGE.pattern + rf"[ \n](?:[^\W\d]+ ){{0,2}}?(?:{called})", re.IGNORECASE)
    for where, text in published.texts.items():
        for found in sentence.finditer(text):
            ends = as_range(f"{found[1]} to {found[2] or found[1]}")
            yield f"{where}: {found[0]!r}", of(text[max(0, found.start() - 60) : found.end() + 60]), *ends


def told_counts(published: Published, known: Knowledge) -> Iterator[tuple[str, int, float]]:
    """Give every number that stands right after the code or the name of an area, and could be its count."""
    names = {**{code: i for i, code in enumerate(known.table.index)}}
    names |= {name: i for i, name in enumerate(known.table["name"])}
    pattern = re.compile(
        "(" + "|".join(map(re.escape, names)) + r")\b[^\d\n]{0,60}?(?<![\w.])(\d{1,4})(?![\w.]*\w)", re.IGNORECASE
    )
    for where, text in published.texts.items():
        for found in pattern.finditer(text):
            place, number = names.get(found[1], -1), float(found[2])
            if known.low[place] <= number <= known.high[place]:
                yield f"{where}: {found[0]!r}", place, number


# --------------------------------------------------------------------------- the attack


def attack(
    published: Published,
    layer: str,
    *,
    words: Sequence[str],
    years: Sequence[tuple[float, float]] = (),
    columns: Collection[str] | None = None,
    stop: int = 3,
) -> dict[str, dict[str, tuple[float, float]]]:
    """Return which numbers are given back, by what gives them back; empty if nothing does.

    Parameters
    ----------
    layer
        The layer with the intervals, e.g. ``"admissions_getis_ord"``.
    words
        What its events are called.
    years
        Its yearly numbers, as read off the chart.
    columns
        Columns to look into; all of them if None.
    stop
        How many numbers are enough for one way.
    """
    known = Knowledge.of_layer(published.layers[layer])
    name = layer.removesuffix("_getis_ord")
    found: dict[str, dict[str, tuple[float, float]]] = {}

    def report(way: str, narrowed: dict[str, tuple[float, float]]) -> None:
        if narrowed:
            found[way] = narrowed

    audit = known.copy()
    learn_audit(audit, published.summary["sources"][name], years)
    report("sums of the summary and the charts", audit.narrowed(stop=stop))
    for way, read in read_hotspots(published, known, name):
        report(way, read.narrowed(stop=stop))
    for other in (layer, layer.replace("getis_ord", "local_moran"), "areas"):
        for way, read in read_columns(published, other, known, columns):
            # Fractions are quicker; only what they can't tell apart is asked of whole numbers.
            report(way, read.narrowed(stop=stop, whole=False) or read.narrowed(stop=stop))
    for where, group, low, high in told_totals(published, known, words):
        ends = [sum(bound[i] for i in group) for bound in (known.low, known.high)]
        if ends[0] <= low <= high <= ends[1] and 4 > high - low < ends[1] - ends[0]:
            # A total is a number of people too, and may be told no closer than to the nearest five.
            report(where, {"total": (low, high)})
    for where, place, number in told_counts(published, known):
        report(where, {known.names[place]: (number, number)})
    return found
