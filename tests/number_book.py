"""The numbers of a finished run, counted again with pandas from its layers, rasters and tables, and from the files."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import rasterio
import shapely
import statsmodels.api as sm
from read_layers import read_layer
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import beta
from worlds import ROOT

HOT: Final = ("hot_95", "hot_99")
EVENTS: Final = ROOT / "data" / "events"


def percent(share: float) -> str:
    """Return a share as titles have it: with a decimal below ten per cent."""
    return f"{100 * share:.1f}%" if share < 0.0995 else f"{100 * share:.0f}%"


def whole(number: float) -> str:
    """Return a count as it is printed."""
    return f"{number:,.0f}"


@dataclass(frozen=True)
class Book:
    """What one run wrote, of the sample or of another study, and what is asked of it."""

    folder: Path
    file: Path = ROOT / "study.toml"

    @cached_property
    def study(self) -> dict[str, Any]:
        """The study file."""
        return tomllib.loads(self.file.read_text(encoding="utf-8"))

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What the run says of itself."""
        return json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))

    def layer(self, name: str) -> gpd.GeoDataFrame:
        """Return a layer of the GeoPackage; each is read once."""
        if name not in self._read:
            self._read[name] = read_layer(self.folder / "hotspots.gpkg", name)
        return self._read[name]

    @cached_property
    def _read(self) -> dict[str, gpd.GeoDataFrame]:
        return {}

    @cached_property
    def layers(self) -> set[str]:
        """The names of the layers."""
        return {str(name) for name, _ in pyogrio.list_layers(self.folder / "hotspots.gpkg")}

    def table(self, name: str) -> pd.DataFrame:
        """Return one of the tables."""
        return pd.read_csv(self.folder / "tables" / f"{name}.csv", encoding="utf-8-sig")

    def named(self, kind: str, title: str) -> str:
        """Return the short name of a section by its title, whatever its capitals."""
        found = [one["name"] for one in self.study[kind] if one["title"].casefold() == title.casefold()]
        assert len(found) == 1, (kind, title)
        return found[0]

    def authorities(self, place: str | None) -> list[str]:
        """Return the authorities of a place, or of the whole study area."""
        if not place:
            return sorted(self.layer("authorities")["la_code"])
        wanted = next(one["authorities"] for one in self.study["places"] if one["name"] == place)
        known = self.layer("authorities")
        return sorted(known.loc[known["la_code"].isin(wanted) | known["la_name"].isin(wanted), "la_code"])

    # ----------------------------------------------------------------------- areas

    def tested(self, source: str, method: str, place: str | None = None) -> pd.DataFrame:
        """Return the areas that a source was tested in, by one method."""
        areas = self.layer(f"{self.named('events', source)}_{method}")
        return areas[areas["la_code"].isin(self.authorities(place))]

    def hot(self, source: str, place: str | None = None, method: str = "getis_ord") -> int:
        """Return how many areas are hot, or high among high."""
        classes = self.tested(source, method, place)["class"]
        return int(classes.isin(HOT if method == "getis_ord" else ("high_high",)).sum())

    def events(self, source: str) -> float:
        """Return the events of a source in the study area."""
        return float(self.tested(source, "getis_ord")["observed_low"].sum())

    def people(self, source: str) -> float:
        """Return the people of the study area."""
        return float(self.tested(source, "getis_ord")["population"].sum())

    def hotspots(self, source: str) -> list[tuple[str, ...]]:
        """Return areas, people, events, those expected, and the ratio, of every group of adjoining hot areas.

        The group with most events beyond those expected comes first.
        """
        areas = self.tested(source, "getis_ord")
        section = next(one for one in self.study["events"] if one["title"].casefold() == source.casefold())
        asked = any(section.get(key) for key in ("expected", "standardise_by_age", "given", "trend_km"))
        rate = areas["observed_low"].sum() / areas["population"].sum()
        own = areas[areas["class"].isin(HOT)].reset_index(drop=True)
        first, second = shapely.STRtree(own.geometry).query(own.geometry, predicate="intersects")
        graph = coo_array((np.ones(len(first)), (first, second)), shape=(len(own), len(own)))
        _, group = connected_components(graph, directed=False)
        found = []
        for _, rows in own.groupby(group):
            people, seen = rows["population"].sum(), rows["observed_low"].sum()
            expected = rows["expected"].sum() if asked else people * rate
            words = (whole(len(rows)), whole(people), whole(seen), whole(expected), f"{seen / expected:.1f}")
            found.append((seen - expected, words))
        return [words for excess, words in sorted(found, reverse=True) if excess > 0]

    def clusters(self, source: str) -> list[tuple[str, ...]]:
        """Return areas, people, events, those expected, ratio and p-value of every cluster beyond chance at 5%.

        Counted again from the areas of each zone; the p-value is the layer's.
        """
        table, areas = self.layer(f"{self.named('events', source)}_clusters"), self.tested(source, "getis_ord")
        assert table["cluster"].tolist() == list(range(1, len(table) + 1))
        assert table["p_high"].is_monotonic_increasing
        found = []
        for _, zone in table[table["p_high"] <= 0.05].iterrows():
            inside = areas[areas["area_id"].isin(zone["area_ids"].split())]
            people, events = inside["population"].sum(), inside["observed_low"].sum()
            usual = self.events(source) * people / self.people(source)
            p = "below 0.0001" if zone["p_high"] < 0.0001 else f"{zone['p_high']:.2g}"
            found.append((whole(len(inside)), whole(people), whole(events), whole(usual), f"{events / usual:.1f}", p))
        return found

    def space_time_clusters(self, source: str) -> list[tuple[str, ...]]:
        """Return time, areas, people, events, those expected, ratio and p-value of the clusters beyond chance at 5%.

        Events are counted again in the file of admissions, all of them in the study area and in whole months; expected
        are those of the areas times those of the months, over all. The p-value is the layer's.
        """
        section = next(one for one in self.study["events"] if one["title"].casefold() == source.casefold())
        table, areas = self.layer(f"{section['name']}_space_time_clusters"), self.tested(source, "getis_ord")
        rows = pd.read_csv(self.file.parent / section["file"])
        found = []
        for _, zone in table[table["p_high"] <= 0.05].iterrows():
            there = rows["LSOA11"].isin(zone["area_ids"].split())
            then = rows["ADMIDATE"].between(zone["start"], zone["end"])
            inside = areas[areas["area_id"].isin(zone["area_ids"].split())]
            events, usual = int((there & then).sum()), there.sum() * then.sum() / len(rows)
            p = "below 0.0001" if zone["p_high"] < 0.0001 else f"{zone['p_high']:.2g}"
            first, last = (pd.Timestamp(zone[end]) for end in ("start", "end"))
            assert (first.day, last.is_month_end) == (1, True)
            begins = f"{first:%B %Y}" if first.year < last.year else f"{first:%B}"
            when = f"{last:%B %Y}" if first.month == last.month else f"{begins} to {last:%B %Y}"
            people, ratio = whole(inside["population"].sum()), f"{events / usual:.1f}"
            found.append((when, whole(len(inside)), people, whole(events), whole(usual), ratio, p))
        return found

    def variants(self, source: str) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Return the layer of stability, and its settings in the summary."""
        name = self.named("events", source)
        summary = json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))
        return self.layer(f"{name}_stability"), summary["stability"][name]["settings"]

    def methods(self, source: str) -> list[pd.Series]:
        """Return whether each area is hot, by every method that there is of this source, from its own layer."""
        name, star = self.named("events", source), self.tested(source, "getis_ord")
        found = [star["class"].isin(HOT), self.tested(source, "local_moran")["class"] == "high_high"]
        if f"{name}_clusters" in self.layers:
            zones = self.layer(f"{name}_clusters")
            inside = {area for ids in zones.loc[zones["certainty"] == "certain", "area_ids"] for area in ids.split()}
            found.append(star["area_id"].isin(inside))
        if f"{name}_risk" in self.summary["surfaces"]:
            drawn = any(layer.startswith(f"{name}_risk_") for layer in self.layers)
            around = self._raised(source).union_all() if drawn else shapely.Polygon()
            found.append(star.geometry.intersection(around).area > star.geometry.area / 2)
        return found

    # ----------------------------------------------------------------------- surfaces

    def densest_half(self, source: str) -> str:
        """Return in how much of the area half of a density lies."""
        with rasterio.open(self.folder / f"density_{self.named('events', source)}.tif") as file:
            values = np.sort(file.read(1, masked=True).compressed().astype(float))[::-1]
        values = values[np.isfinite(values)]
        return percent((int(np.searchsorted(np.cumsum(values), values.sum() / 2)) + 1) / len(values))

    def raised(self, source: str) -> tuple[str, str, str]:
        """Return number, share of the area and share of the events of the places where a risk is raised."""
        polygons, areas = self._raised(source), self.tested(source, "getis_ord")
        points = self.points(self.named("events", source))
        inside = shapely.contains_xy(polygons.union_all(), points[:, 0], points[:, 1]).sum()
        share = polygons.area.sum() / areas.area.sum()
        return whole(len(polygons)), percent(share), percent(inside / self.events(source))

    def raised_places(self, source: str) -> list[tuple[str, str]]:
        """Return events and km² of every place where a risk is raised, that with most events first."""
        points = self.points(self.named("events", source))
        both = [
            (shapely.contains_xy(one, points[:, 0], points[:, 1]).sum(), one.area / 1e6)
            for one in self._raised(source).geometry
        ]
        return [
            (whole(events), f"{size:,.0f}" if size >= 10 else f"{size:.1f}" if size >= 1 else f"{size:.2g}")
            for events, size in sorted(both, reverse=True)
        ]

    def _raised(self, source: str) -> gpd.GeoDataFrame:
        name = self.named("events", source)
        both = f"{name}_risk_raised_lowered"
        polygons = self.layer(both if both in self.layers else f"{name}_risk_raised")
        return polygons[polygons["kind"] == "raised"]

    def points(self, name: str) -> np.ndarray:
        """Return the points of a source, straight from its file."""
        section = next(one for one in self.study["events"] if one["name"] == name)
        path = self.file.parent / section["file"]
        files = sorted(path.rglob("*.csv")) if path.is_dir() else [path]
        table = pd.concat([pd.read_csv(file, dtype=str, keep_default_na=False) for file in files])
        if section["format"] == "police":
            table = table[table["Crime type"].isin(section["crime_types"])]
            table = table[(table["Crime ID"] == "") | ~table["Crime ID"].duplicated()]
            degrees = table[["Longitude", "Latitude"]].apply(pd.to_numeric).dropna()
            spots = gpd.GeoSeries.from_xy(degrees["Longitude"], degrees["Latitude"], crs=4326).to_crs(27700)
            return np.column_stack([spots.x, spots.y])
        table = table[table["knife"] == "Y"].drop_duplicates("reference")
        years = pd.to_datetime(table["occurred_from"], dayfirst=True, errors="coerce", format="mixed").dt.year
        kept = table[years.between(*section["years"])][["easting", "northing"]].apply(pd.to_numeric)
        return kept.dropna().to_numpy(dtype=float)

    # ----------------------------------------------------------------------- series

    def series(self, title: str) -> tuple[pd.DataFrame, str, tuple[str, ...]]:
        """Return the table of a series, its name, and the periods that are provisional."""
        for kind in ("series", "recorded"):
            for one in self.study[kind]:
                if one["title"].casefold() == title.casefold():
                    table = self.table(one["name"])
                    return table.assign(period=table["period"].astype(str)), one["name"], one.get("provisional", ())
        raise AssertionError(f"no series is called {title!r}")

    def settled_ends(self, title: str, group: str | None, column: str) -> dict[str, tuple[str, float]]:
        """Return the first and the last settled period and number; of quarters, those like the last."""
        table, _, provisional = self.series(title)
        table = table[table["group"] == (group or table["group"].iloc[0])]
        table = table[~table["period"].isin(provisional) & table["low"].notna()]
        last = str(table["period"].iloc[-1])
        alike = table[table["period"].str.endswith(last[-3:])] if " Q" in last else table
        ends = alike.iloc[[0, -1]]
        return {
            end: (str(row["period"]), float(row[column]))
            for end, (_, row) in zip(("first", "last"), ends.iterrows(), strict=True)
        }

    def change(self, title: str, group: str | None, period: str, base: str) -> tuple[str, ...]:
        """Return the base year's number, a year's, their ratio and its interval (Clopper and Pearson, conditional)."""
        table, name, _ = self.series(title)
        if table["period"].str.contains(" Q").any():
            table = self.table(f"{name}_years")
        rows = table[table["group"] == (group or table["group"].iloc[0])].set_index("period")
        spread = float(rows.loc[period, "dispersion"])
        one, other = (float(rows.loc[key, "low"]) for key in (period, base))
        x, y = one / spread, other / spread
        low, high = beta.ppf(0.025, x, y + 1), beta.ppf(0.975, x + 1, y)
        return f"{other:,.0f}", f"{one:,.0f}", *(f"{x:.2f}" for x in (one / other, low / (1 - low), high / (1 - high)))

    def course(self, title: str, group: str | None, until: str | None = None) -> tuple[float, float, float]:
        """Return level, ratio of the last fitted number to the first or to the level, and growth a year.

        A Poisson regression by statsmodels: a straight line in logarithms, or a level to the period `until` and a line
        from there on (with a jump, where the run found one); of quarters with their season.
        """
        table, name, provisional = self.series(title)
        table = table[table["group"] == (group or table["group"].iloc[0])]
        table = table[~table["period"].isin(provisional) & table["low"].notna()].reset_index(drop=True)
        time, quarterly = np.arange(len(table)), bool(table["period"].str.contains(" Q").any())
        people = table["population"] / (4 if quarterly else 1) / 100_000 if "population" in table else time * 0 + 1.0
        columns = [np.ones(len(table))]
        place = int(table.index[table["period"] == until][0]) if until else 0
        columns.append(np.maximum(time - place, 0))
        if until and self.table(f"{name}_change_points")["step"].notna().any():
            columns.append(time > place)
        bare = np.column_stack(columns).astype(float)
        quarter = table["period"].str[-1].to_numpy()
        season = [(quarter == number) - 0.25 for number in "123"] if quarterly else []
        fit = sm.GLM(
            table["low"], np.column_stack([bare, *season]), family=sm.families.Poisson(), exposure=people
        ).fit()
        own = np.asarray(fit.params)
        usual = np.exp([*(own[-3:] - own[-3:].sum() / 4), -own[-3:].sum() / 4]).mean() if quarterly else 1.0
        logs = bare @ own[: bare.shape[1]]
        growth = np.expm1(own[1] * (4 if quarterly else 1))
        return float(np.exp(logs[0]) * usual), float(np.exp(logs[-1] - logs[0])), float(growth)

    def dated_roughly(self, title: str) -> bool:
        """Return whether the last change may have come at several periods."""
        row = self.table(f"{self.series(title)[1]}_change_points").iloc[-1]
        return bool(row["earliest"] != row["latest"])

    def course_limits(self, title: str, group: str | None) -> tuple[str, str]:
        """Return the interval of the last ratio, as the table of change points has it."""
        table = self.table(f"{self.series(title)[1]}_change_points")
        row = table[table["group"] == (group or table["group"].iloc[0])].iloc[-1]
        return f"{row['ratio_low']:.2f}", f"{row['ratio_high']:.2f}"

    # ----------------------------------------------------------------------- schools

    def schools(self, place: str | None = None) -> pd.DataFrame:
        """Return the schools in question, or those that stand in a place."""
        table = pd.DataFrame(self.layer("schools"))
        return table if not place else table[table["area_la_code"].isin(self.authorities(place))]

    def judged(self, place: str | None = None) -> pd.Series:
        """Return the classes of the schools judged."""
        classes = self.schools(place)["class"]
        return classes[classes != "cannot_be_judged"]

    # ----------------------------------------------------------------------- authorities

    def deprived(self) -> pd.Series:
        """Return the share of each authority's areas in the most deprived tenth, by name."""
        index = pd.read_csv(ROOT / self.study["deprivation"]["file"])
        return index.groupby("la_name")["idaci_decile"].apply(lambda decile: (decile == 1).mean())

    def factors(self) -> pd.Series:
        """Return factors in an episode by authority, in the year that is shown, from the file."""
        section = self.study["children_in_need"]
        table = pd.read_csv(ROOT / section["file"])
        table = table[table["time_period"] == section["year"]].set_index("la_name")
        numbers = table.loc[:, "Domestic_Abuse":"Self_harm"].apply(pd.to_numeric, errors="coerce").sum(axis=1)
        return numbers / table["Episodes_with_assessment_factor"]
