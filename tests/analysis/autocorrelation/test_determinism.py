"""The same bytes from every process, whatever number of threads it may use and however its hashes are seeded."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import hashlib
import sys

import numpy as np
import pandas as pd
import shapely

import hotspots as hs

data = sys.argv[1]
area = hs.read_areas(f"{data}/boundaries/west_midlands_lsoa11.gpkg", layer="lsoa11")
area = area.with_population(hs.read_population(f"{data}/boundaries/population_lsoa11_census2011.csv"))
known = pd.Series(np.random.default_rng(11).poisson(area.areas["population"] / 300), index=area.ids)
whole = pd.DataFrame({"observed_low": known, "observed_high": known})
counts = hs.AreaCounts(area, whole, identity=hs.studies.Identity(release="unreleased"))


def print_hash(name, *parts):
    print(name, hashlib.sha256(b"".join(parts)).hexdigest())


for rule, number in (("queen", None), ("rook", None), ("nearest", 8)):
    links = hs.link_neighbours(area, rule=rule, number=number)
    print_hash(rule, links.starts.tobytes(), links.others.tobytes(), repr(list(links.ids)).encode())

for method in (hs.local_moran, hs.getis_ord):
    for null in ("randomisation", "constant-risk", "exchangeable-risk"):
        table = method(counts, null=null).table
        columns = [table[name] for name in table.columns.drop("geometry")]
        numbers = [column.to_numpy(float).tobytes() for column in columns if column.dtype.kind in "fiu"]
        texts = [repr(column.tolist()).encode() for column in columns if column.dtype.kind not in "fiu"]
        assert len(numbers) > 10 and len(texts) > 5
        print_hash(f"{method.__name__}, {null}", *numbers, *texts, *shapely.to_wkb(table.geometry.to_numpy()))
"""


def hashes(root, *, threads: int, seed: int) -> list[str]:
    """Return what a new process prints: one hash for every rule and method."""
    limits = {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root / "data")],
        env={**os.environ, **limits, "PYTHONHASHSEED": str(seed)},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_neighbours_and_local_statistics_are_the_same_bytes_whatever_the_threads(root):
    one, four = hashes(root, threads=1, seed=1), hashes(root, threads=4, seed=2)
    assert len(one) == 9
    assert one == four
