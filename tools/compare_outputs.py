"""Compare two output folders of the same study, value by value.

    python tools/compare_outputs.py BEFORE AFTER [--renamed FILE] [--most N]

Layers, tables, rasters and JSON files are compared value by value (floats exactly); styles line by line; pictures and
PDFs by their bytes. Each file is *equal*, or it *differs*: in its values, in texts alone (a string with a space in it
that is no name), or in its bytes. Texts in which numbers changed are marked. FILE is a JSON object of old names → new
names of files, layers, columns and keys alike. N is how many differences are shown of each file (5).

The time that a run took (`seconds` in summary.json) is left out. The exit code is 1 if values differ or a file is on
one side only.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import json
import math
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

LEFT_OUT: Final = frozenset({"seconds"})
"""Keys of JSON files that differ from run to run."""

NAMES: Final = frozenset({"name", "la_name", "group", "period", "school", "authority"})
"""Columns whose strings may have spaces and are values all the same."""

IDS: Final = ("area_id", "school_id", "contour_id", "la_code", "id", "fid")
"""Columns by which rows of a layer are matched: the first that a layer has, if its values are unique."""

INNER: Final = ("sqlite_", "rtree_", "gpkg_ogr_contents")
"""Beginnings of names of tables that GDAL derives from the others."""

NUMBERS: Final = re.compile(r"\d[\d,.]*\d|\d")

Table = dict[str, list[Any]]


@dataclass
class Differences:
    """What differs between two files, a line each."""

    values: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    bytes: list[str] = field(default_factory=list)

    def add(self, where: str, before: Any, after: Any, *, named: bool = False) -> None:
        """Note two values that differ: as a text if one has a space in it and neither is a name."""
        line = f"{where}: {_short(before)} → {_short(after)}"
        strings = isinstance(before, str) and isinstance(after, str)
        if strings and not named and (" " in before or " " in after):
            other = sorted(NUMBERS.findall(before)) != sorted(NUMBERS.findall(after))
            self.texts.append(f"{line}  (numbers differ)" if other else line)
        else:
            self.values.append(line)

    @property
    def verdict(self) -> str:
        """Equal, or in what the files differ first."""
        if self.values:
            return "VALUES DIFFER"
        if self.texts:
            return "texts differ"
        return "bytes differ" if self.bytes else "equal"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:100]} ... {text[-50:]}"


def same(before: Any, after: Any) -> bool:
    """Whether two values are equal: of the same type, floats to the last bit, missing beside missing."""
    if isinstance(before, float) and isinstance(after, float):
        return before == after or (math.isnan(before) and math.isnan(after))
    return type(before) is type(after) and bool(before == after)


# --------------------------------------------------------------------------- kinds of files


def compare_json(before: Path, after: Path, renamed: Mapping[str, str]) -> Differences:
    """Compare two JSON files key by key."""
    found = Differences()
    first, second = (json.loads(path.read_text(encoding="utf-8")) for path in (before, after))
    _compare_trees(first, second, "", renamed, found)
    return found


def _compare_trees(before: Any, after: Any, where: str, renamed: Mapping[str, str], found: Differences) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        first = {renamed.get(key, key): value for key, value in before.items() if key not in LEFT_OUT}
        second = {key: value for key, value in after.items() if key not in LEFT_OUT}
        _note_missing(first, second, f"{where or 'the file'}: key", found)
        for key in first.keys() & second.keys():
            _compare_trees(first[key], second[key], f"{where}.{key}".lstrip("."), renamed, found)
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            found.values.append(f"{where}: {len(before)} items → {len(after)} items")
        for number, pair in enumerate(zip(before, after, strict=False)):
            _compare_trees(*pair, f"{where}[{number}]", renamed, found)
    elif not same(before, after):
        found.add(where, before, after, named=where.rpartition(".")[2] in NAMES)


def _note_missing(before: Mapping[str, Any], after: Mapping[str, Any], what: str, found: Differences) -> None:
    """Note keys, layers or columns of one side only."""
    found.values += [f"{what} {key!r} only before" for key in before if key not in after]
    found.values += [f"{what} {key!r} only after" for key in after if key not in before]


def compare_csv(before: Path, after: Path, renamed: Mapping[str, str]) -> Differences:
    """Compare two CSV files cell by cell, in their order."""
    found = Differences()
    _compare_tables(_read_csv(before), _read_csv(after), "", renamed, found)
    return found


def _read_csv(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    return {name: [_number(row[at]) for row in rows] for at, name in enumerate(header)}


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def compare_parquet(before: Path, after: Path, renamed: Mapping[str, str]) -> Differences:
    """Compare two Parquet files cell by cell, in their order."""
    import pyarrow.parquet as pq

    found = Differences()
    first, second = (pq.read_table(path).to_pydict() for path in (before, after))
    _compare_tables(first, second, "", renamed, found)
    return found


def compare_geopackages(before: Path, after: Path, renamed: Mapping[str, str]) -> Differences:
    """Compare the tables of two GeoPackages: layers by id, geometries by their bytes, and all others."""
    found = Differences()
    first, second = _read_geopackage(before), _read_geopackage(after)
    first = {renamed.get(name, name): table for name, table in first.items()}
    _note_missing(first, second, "layer", found)
    for name in first:
        if name in second:
            _compare_tables(first[name], second[name], f"{name}.", renamed, found, by_id=True)
    return found


def _read_geopackage(path: Path) -> dict[str, Table]:
    tables = {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
        for (name,) in names:
            if not name.startswith(INNER):
                cursor = connection.execute(f'SELECT * FROM "{name}"')
                columns, rows = [column[0] for column in cursor.description], cursor.fetchall()
                tables[name] = {column: [row[at] for row in rows] for at, column in enumerate(columns)}
    return dict(sorted(tables.items()))


def _compare_tables(
    before: Table, after: Table, where: str, renamed: Mapping[str, str], found: Differences, *, by_id: bool = False
) -> None:
    """Compare two tables; a line for each column that differs, of values and of texts."""
    before = {renamed.get(name, name): cells for name, cells in before.items()}
    _note_missing(before, after, f"{where}column", found)
    if [name for name in before if name in after] != [name for name in after if name in before]:
        found.values.append(f"{where}columns in another order: {', '.join(after)}")
    if not before or not after:
        return
    sizes = [len(next(iter(table.values()))) for table in (before, after)]
    key = next((name for name in IDS if by_id and name in before and name in after), "")
    if not key or any(len(set(table[key])) < size for table, size in zip((before, after), sizes, strict=True)):
        labels = [list(range(1, size + 1)) for size in sizes]
    else:
        labels = [before[key], after[key]]
    places = {label: row for row, label in enumerate(labels[1])}
    rows = [(label, row, places[label]) for row, label in enumerate(labels[0]) if label in places]
    if len(rows) < max(sizes):
        found.values.append(f"{where[:-1] or 'rows'}: {sizes[0]} rows → {sizes[1]} rows, {len(rows)} of them in both")
    for name in before:
        if name in after:
            different = [(label, before[name][a], after[name][b]) for label, a, b in rows]
            _compare_cells([each for each in different if not same(*each[1:])], f"{where}{name}", len(rows), found)


def _compare_cells(different: list[tuple[Any, Any, Any]], where: str, rows: int, found: Differences) -> None:
    """Note what differs in a column: the first of the values and of the texts, with their number."""
    own = Differences()
    name = where.rpartition(".")[2]
    for label, before, after in different:
        own.add(f"{where} [{label}]", before, after, named=name in NAMES)
    steps = [
        abs(after - before) for _, before, after in different if isinstance(before, float) and isinstance(after, float)
    ]
    largest = f", largest difference {max(steps):g}" if steps else ""
    if own.values:
        found.values.append(f"{own.values[0]}  ({len(own.values):,} of {rows:,} rows{largest})")
    marked = [line for line in own.texts if line.endswith("(numbers differ)")]
    if own.texts:
        found.texts.append(f"{(marked or own.texts)[0]}  ({len(own.texts):,} of {rows:,} rows)")


def compare_rasters(before: Path, after: Path, renamed: Mapping[str, str]) -> Differences:
    """Compare two GeoTIFFs: grid, system, missing value, every band; tags and descriptions as texts."""
    import numpy as np
    import rasterio

    found = Differences()
    with rasterio.open(before) as first, rasterio.open(after) as second:
        for what in ("count", "shape", "dtypes", "transform", "crs", "nodatavals", "overviews"):
            one, other = (_of_raster(raster, what) for raster in (first, second))
            if one != other:
                found.values.append(f"{what}: {_short(one)} → {_short(other)}")
        if first.shape == second.shape:
            for band in range(1, min(first.count, second.count) + 1):
                one, other = first.read(band), second.read(band)
                different = ~((one == other) | (np.isnan(one) & np.isnan(other)))
                if different.any():
                    steps = np.abs(one[different].astype(float) - other[different].astype(float))
                    largest = np.nanmax(steps) if np.isfinite(steps).any() else math.nan
                    cells = f"{int(different.sum()):,} of {one.size:,} cells"
                    found.values.append(f"band {band}: {cells}, largest difference {largest:g}")
        for band in (0, *range(1, min(first.count, second.count) + 1)):
            one, other = (raster.tags(band) for raster in (first, second))
            _compare_trees(one, other, f"band {band}" if band else "tags", renamed, found)
        _compare_trees(list(first.descriptions), list(second.descriptions), "descriptions", renamed, found)
    return found


def _of_raster(raster: Any, what: str) -> str:
    if what == "overviews":
        return str([raster.overviews(band) for band in range(1, raster.count + 1)])
    return str(getattr(raster, what))


def compare_lines(before: Path, after: Path, renamed: Mapping[str, str]) -> Differences:
    """Compare two text files line by line; what differs is a text."""
    first, second = (path.read_text(encoding="utf-8").splitlines() for path in (before, after))
    changes = [line for line in difflib.unified_diff(first, second, lineterm="", n=0) if line[:3] not in ("---", "+++")]
    return Differences(texts=[line[:200] for line in changes if not line.startswith("@@")])


def compare_bytes(before: Path, after: Path, renamed: Mapping[str, str]) -> Differences:
    """Compare two files by their bytes."""
    first, second = before.read_bytes(), after.read_bytes()
    return Differences(bytes=[] if first == second else [f"{len(first):,} bytes → {len(second):,} bytes"])


KINDS: Final[dict[str, Callable[[Path, Path, Mapping[str, str]], Differences]]] = {
    ".json": compare_json, ".csv": compare_csv, ".parquet": compare_parquet, ".gpkg": compare_geopackages,
    ".tif": compare_rasters, ".qml": compare_lines, ".sld": compare_lines, ".svg": compare_lines, ".txt": compare_lines,
    ".md": compare_lines, ".html": compare_lines,
}  # fmt: skip


# --------------------------------------------------------------------------- folders


def compare_folders(before: Path, after: Path, renamed: Mapping[str, str]) -> Iterator[tuple[str, Differences | str]]:
    """Give every file of two folders with its differences, or with the side that alone has it."""
    first, second = (
        {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for folder in (before, after)
    )
    first = {renamed.get(name, name): path for name, path in first.items()}
    for name in sorted(first | second):
        if name not in second:
            yield name, "ONLY BEFORE"
        elif name not in first:
            yield name, "ONLY AFTER"
        elif first[name].read_bytes() == second[name].read_bytes():
            yield name, Differences()
        else:
            found = KINDS.get(Path(name).suffix.lower(), compare_bytes)(first[name], second[name], renamed)
            if found.verdict == "equal" and Path(name).suffix.lower() != ".json":
                found.bytes = compare_bytes(first[name], second[name], renamed).bytes
            yield name, found


def main(arguments: Sequence[str]) -> int:
    """Print what differs between two folders; return 1 if values do."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--renamed", type=Path, help="JSON object: old name → new name")
    parser.add_argument("--most", type=int, default=5, help="differences shown of each file")
    chosen = parser.parse_args(arguments)
    for folder in (chosen.before, chosen.after):
        if not folder.is_dir():
            parser.error(f"{folder} is no folder")
    renamed = json.loads(chosen.renamed.read_text(encoding="utf-8")) if chosen.renamed else {}
    verdicts: dict[str, int] = {}
    for name, found in compare_folders(chosen.before, chosen.after, renamed):
        verdict = found if isinstance(found, str) else found.verdict
        verdicts[verdict] = verdicts.get(verdict, 0) + 1
        if verdict != "equal":
            print(f"{verdict:14s} {name}")
        if isinstance(found, Differences):
            for kind, lines in (("value", found.values), ("text", found.texts), ("", found.bytes)):
                for line in lines[: chosen.most]:
                    print(f"  {kind:5s} {line}")
                if len(lines) > chosen.most:
                    print(f"  {kind:5s} ... and {len(lines) - chosen.most:,} more")
    print(", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items())) or "no files")
    return int(any(verdict.isupper() for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
