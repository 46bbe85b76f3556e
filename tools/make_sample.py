"""Make the sample: real boundaries and census counts, and invented records about people.

    python tools/make_sample.py

writes ``data/boundaries/``, ``data/events/`` and the planted truth under ``tests/data/``, the same
bytes each time. It needs three Python packages for their data files, and no network; where one is
absent it says what to install.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sample import admissions, boundaries, offences, risk, schools, street
from sample.ages import make_ages
from sample.assessments import make_assessments
from sample.deprivation import make_idaci
from sample.exclusions import make_exclusions
from sample.facts import SEED
from sample.packages import SampleError, check_packages
from sample.recorded import make_recorded
from sample.writing import write_table

ROOT: Final = Path(__file__).resolve().parents[1]
BOUNDARIES: Final = "data/boundaries"
EVENTS: Final = "data/events"
TRUTH: Final = "tests/data"
# One stream of random numbers for each, so that a change to one file leaves the others alone.
STREAMS: Final = ("clusters", "admissions", "offences", "street", "idaci", "schools",
                  "exclusions", "assessments", "ages", "recorded")  # fmt: skip


def spawn_streams() -> dict[str, np.random.Generator]:
    """Return an independent generator for each part of the sample."""
    children = np.random.SeedSequence(SEED).spawn(len(STREAMS))
    return {name: np.random.default_rng(child) for name, child in zip(STREAMS, children, strict=True)}


def make_events(
    areas: gpd.GeoDataFrame,
    ring: gpd.GeoDataFrame,
    population: pd.DataFrame,
    truth: pd.DataFrame,
    rng: dict[str, np.random.Generator],
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield path and table of each file of violent events; they share the planted risk."""

    def share(stream: str) -> NDArray[np.float64]:
        return risk.share_events(population, truth, rng[stream])

    codes = areas["lsoa11_code"].to_numpy(dtype=str)
    elsewhere = ring["lsoa11_code"].to_numpy(dtype=str)
    places = admissions.Places(codes, share("admissions"), elsewhere)
    yield (
        f"{EVENTS}/invented_hes_admissions_2013-2019.csv.gz",
        admissions.make_admissions(places, rng["admissions"]),
    )
    polygons, around = areas.geometry.to_numpy(), ring.geometry.to_numpy()
    recorded = offences.make_offences(polygons, share("offences"), around, rng["offences"])
    yield f"{EVENTS}/invented_offences_2013-2019.csv.gz", recorded
    yield f"{EVENTS}/invented_recorded_knife_crime_quarterly.csv", make_recorded(recorded, rng["recorded"])
    yield (
        f"{EVENTS}/invented_police_street_2019.csv.gz",
        street.make_street(areas, share("street"), ring, rng["street"]),
    )


def make_schools(
    areas: gpd.GeoDataFrame,
    neighbours: list[list[int]],
    population: pd.DataFrame,
    rng: dict[str, np.random.Generator],
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield path and table of deprivation, schools, exclusions and the planted schools."""
    idaci = make_idaci(areas, neighbours, rng["idaci"])
    people = population["population"].to_numpy()
    listed = schools.make_schools(areas, people, rng["schools"])
    by_school, by_authority, planted = make_exclusions(listed, areas, idaci, rng["exclusions"])
    yield f"{EVENTS}/invented_idaci_lsoa11.csv", idaci
    yield f"{EVENTS}/invented_schools_register.csv", schools.as_register(listed)
    yield f"{EVENTS}/invented_exclusions_by_school.csv", by_school
    yield f"{EVENTS}/invented_exclusions_by_authority.csv", by_authority
    yield f"{TRUTH}/planted_schools.csv", planted


def make_sample(out: Path) -> list[Path]:
    """Write every file under ``out`` and return their paths.

    Raises
    ------
    SampleError
        If a source package is absent or of another version.
    """
    check_packages()
    rng = spawn_streams()
    census = boundaries.read_census()
    areas, ring = boundaries.read_boundaries(census)
    neighbours = boundaries.find_neighbours(areas)
    population = boundaries.tabulate_population(areas, census)
    truth = risk.plant_clusters(areas, neighbours, rng["clusters"])
    layers = out / BOUNDARIES / "west_midlands_lsoa11.gpkg"
    boundaries.write_boundaries(areas, layers)
    tables = [
        (f"{BOUNDARIES}/population_lsoa11_census2011.csv", population),
        (f"{BOUNDARIES}/places.csv", boundaries.tabulate_places(areas)),
        (f"{TRUTH}/planted_truth.csv", truth),
        *make_events(areas, ring, population, truth, rng),
        *make_schools(areas, neighbours, population, rng),
        (
            f"{EVENTS}/invented_children_in_need_factors.csv",
            make_assessments(rng["assessments"]),
        ),
        (f"{EVENTS}/invented_population_by_age_lsoa11.csv", make_ages(population, rng["ages"])),
    ]
    for name, table in tables:
        write_table(table, out / name)
    return [layers, *(out / name for name, _ in tables)]


def main() -> int:
    """Make the sample from the command line; 2 where a source package is missing."""
    parser = argparse.ArgumentParser(description="Make the sample data, the same bytes each time.")
    parser.add_argument("--out", type=Path, default=ROOT, help="folder to write under")
    try:
        paths = make_sample(parser.parse_args().out)
    except SampleError as error:
        print(error, file=sys.stderr)
        return 2
    for path in paths:
        print(f"{path.stat().st_size / 1000:8.0f} kB  {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
