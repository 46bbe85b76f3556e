"""Schools looked at again: against their catchment, against ranks, beside covariates; what is said of each."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import t as student

from hotspots.analysis.common.suppressed_counts import hidden_counts
from hotspots.analysis.schools.diverging import diverging_schools
from hotspots.analysis.schools.limits import mid_p_tails
from hotspots.analysis.schools.method_text import holds_under
from hotspots.analysis.schools.model import contrasts, explained_share, judge_counts
from hotspots.analysis.schools.negative_binomial import fit_counts
from hotspots.analysis.schools.spatial import authority_effects, bivariate_moran, residual_clustering
from hotspots.errors import AnalysisError
from hotspots.model import Deprivation, Identity, Schools, StudyArea, words_of

N = 160


def world(seed=1, *, dispersion=0.15, catchment_slope=0.0, prefix="E01", population=True):
    """Return schools, an index and an area: a band of squares whose index rises and falls along it."""
    rng = np.random.default_rng(seed)
    boxes = [shapely.box(400_000 + 1000 * i, 290_000, 401_000 + 1000 * i, 291_000) for i in range(N)]
    areas = gpd.GeoDataFrame(
        {"name": "a", "la_code": "E08000025", "la_name": "Birmingham"},
        geometry=boxes,
        index=[f"{prefix}{i:06d}" for i in range(N)],
        crs=27700,
    )
    area = StudyArea(areas, geography="LSOA", vintage=2011, identity=Identity(release="open"))
    if population:
        area = area.with_population(pd.Series(1500.0, index=area.ids))
    score = np.clip(0.25 + 0.15 * np.sin(np.arange(N) / 12) + rng.normal(0, 0.08, N), 0.01, 0.6).round(3)
    pupils = rng.lognormal(8.3, 0.3, N).round()
    counts = rng.poisson(pupils * np.exp(-6.4 + 1.2 * score) * rng.gamma(1 / dispersion, dispersion, N)).astype(float)
    table = pd.DataFrame(
        {
            "name": [f"School {i}" for i in range(N)],
            "la_code": np.where(np.arange(N) < N / 2, "E08000025", "E08000028"),
            "la_name": np.where(np.arange(N) < N / 2, "Birmingham", "Sandwell"),
            "easting": 400_500.0 + 1000 * np.arange(N),
            "northing": 290_500.0,
            "pupils": pupils,
            "low": counts,
            "high": counts,
            "years": 3,
            "phase": np.where(np.arange(N) % 8, "Secondary", "All-through"),
            "reason": "",
        },
        index=[f"330{4000 + i}" for i in range(N)],
    )
    rank = pd.Series(-score, index=area.ids).rank(method="first") * 200
    index = pd.DataFrame({"score": score, "rank": rank, "decile": np.ceil(rank / 3284.4)}, index=area.ids)
    return Schools(table, rows_read=N, identity=Identity(release="open", period="2014/15 to 2016/17")), index, area


def look(schools, index, area, *, title="IDACI 2019", estimated=False, **options):
    placed = pd.Series(area.ids, index=schools.table.index, dtype=object)
    which = "wimd" if title == "WIMD 2019" else "idaci"
    deprivation = Deprivation(index, estimated=estimated, index=which, identity=Identity(release="open", title=title))
    return diverging_schools(schools, deprivation, area=area, placed=placed, **options)


def with_counts(schools, changes):
    table = schools.table.copy()
    for row, count in changes.items():
        table.loc[table.index[row], ["low", "high"]] = count
    return Schools(table, rows_read=N, identity=Identity(release="open", period=schools.period))


def test_a_school_that_stands_out_stands_out_under_both_or_one():
    schools, index, area = world()
    # A school of an odd area: least deprived in the middle of deprived ones. What its own area suggests is less than
    # what the areas around it do, so that a count between the two limits is above under one only.
    index = index.assign(score=index["score"].mask(index.index == area.ids[20], 0.01))
    plain = look(schools, index, area).table.iloc[20]
    assert plain["expected_catchment"] > plain["expected"]
    between = plain["limit_high_95"] + 3
    result = look(with_counts(schools, {20: between, 60: 90, 100: 0}), index, area)
    table = result.table
    assert table["holds"].iloc[20] == "own-area"
    assert table["class_catchment"].iloc[20] == "as_expected"
    assert (table["holds"].iloc[60], table["class"].iloc[60]) == ("both", "far_above")
    assert table["class_catchment"].iloc[60] == "far_above"
    assert (table["holds"] == "").sum() == (
        (table["class"] == "as_expected") & (table["class_catchment"] == "as_expected")
    ).sum()
    numbers = table["holds"].value_counts()
    said = next(
        note for note in words_of(result.notes) if note.startswith("Schools above or below expected, by the index used")
    )
    assert f"own area and catchment: {numbers['both']}; own area only: {numbers['own-area']}" in said
    assert said.endswith("The class shown is that of the own area.")
    assert any(note.startswith("Catchments are a model: residents of all ages, as") for note in words_of(result.notes))
    assert result.provenance.catchment_decay_m == 1500


def test_catchments_are_smoother_than_areas():
    schools, index, area = world()
    table = look(schools, index, area).table
    assert table["idaci_catchment"].std() < 0.9 * table["idaci"].std()
    # In a band of alike squares and a reach of 1 m, catchments are the own area.
    near = look(schools, index, area, decay=1.0).table
    np.testing.assert_allclose(near["idaci_catchment"], near["idaci"], atol=1e-9)
    assert (near["class_catchment"] == near["class"]).all()


def test_holds_under_by_case():
    own = pd.Series(["above", "far_above", "as_expected", "below", "above", "cannot_be_judged", "as_expected"])
    catchment = pd.Series(["far_above", "as_expected", "below", "far_below", "below", "above", "cannot_be_judged"])
    assert holds_under(own, catchment).tolist() == [
        "both",
        "own-area",
        "catchment",
        "both",
        "contrary",
        "catchment",
        "",
    ]


def test_a_school_without_a_point_has_no_catchment():
    schools, index, area = world()
    table = schools.table.assign(easting=schools.table["easting"].mask(schools.table.index == "3304003"))
    found = look(Schools(table, rows_read=N, identity=Identity(release="unreleased")), index, area).table.loc["3304003"]
    assert found["class"] == "as_expected"
    assert (found["class_catchment"], np.isnan(found["idaci_catchment"])) == ("cannot_be_judged", True)


def test_the_fit_is_repeated_on_ranks():
    schools, index, area = world()
    result = look(schools, index, area, estimated=True)
    table = result.table
    assert "estimated score of the LSOA" in result.words
    # 32,844 LSOAs were ranked in 2019; the slope is for a tenth of them.
    x = -index["rank"].to_numpy() / 32_844
    fit = fit_counts(table["low"].to_numpy(), np.column_stack([np.ones(N), x]), exposure=table["pupils"].to_numpy())
    assert result.provenance.rank.slope[0] == pytest.approx(np.exp(0.1 * fit.coefficients[1]), rel=1e-5)
    moved = (table["class_rank"] != table["class"]).sum()
    assert (
        f"Repeated on the published ranks of areas instead of the scores: {moved} of {N} schools change class."
        in words_of(result.notes)
    )
    bare = look(schools, index.assign(rank=np.nan), area)
    assert set(bare.table["class_rank"]) == {""}
    assert bare.provenance.rank is None


def test_an_index_without_scores_is_used_by_rank():
    schools, index, area = world()
    result = look(schools, index.assign(score=np.nan), area, title="WIMD 2019")
    assert set(result.slope) == {"per_tenth_of_ranks", "low", "high", "dispersion"}
    assert result.slope["per_tenth_of_ranks"] == pytest.approx(
        look(schools, index, area).provenance.rank.slope[0], rel=1e-9
    )
    assert (
        "and the WIMD 2019 rank of the LSOA that contains each school. A place a tenth of all areas nearer"
        in result.words
    )
    assert "IDACI" not in result.words + " ".join(words_of(result.notes))


def test_what_is_said_in_space_of_ranks_is_what_is_said_of_scores_that_are_their_line():
    schools, index, area = world()
    index = index.assign(score=1 - index["rank"] / 32_844)
    by_score = look(schools, index, area)
    by_rank = look(schools, index.assign(score=np.nan), area)
    assert by_rank.table["idaci_rank"].tolist() == index["rank"].tolist()
    for told in (residual_clustering, bivariate_moran, authority_effects):
        one, other = told(by_score).table, told(by_rank).table
        pd.testing.assert_frame_equal(one, other, rtol=1e-6)


def test_the_line_is_written_down_with_its_interval_and_limits():
    schools, index, area = world()
    result = look(schools, index, area)
    curve, table = result.provenance.curve, result.table
    x, pupils = table["idaci"].to_numpy(dtype=float), table["pupils"].to_numpy(dtype=float)
    assert (curve.index[0], curve.index[-1]) == (x.min(), x.max())
    own = 100 * (table["expected"] / table["pupils"]).to_numpy()
    between = np.exp(np.interp(x, curve.index, np.log(curve.expected)))  # straight on the logarithmic scale
    np.testing.assert_allclose(between, own, rtol=1e-9)
    # The interval by hand: exp(b0 + b1 x -+ t sqrt((v00 + 2 x v01 + x^2 v11) n / (n - 2))).
    design = np.column_stack([np.ones(N), x])
    fit = fit_counts(table["low"].to_numpy(dtype=float), design, exposure=pupils)
    v, end = fit.covariance, x.max()
    of_line = v[0, 0] + 2 * end * v[0, 1] + end**2 * v[1, 1]
    half = student(N - 2).ppf(0.975) * np.sqrt(of_line * N / (N - 2))
    middle = 100 * np.exp(fit.coefficients @ [1, end])
    assert curve.expected_high[-1] == pytest.approx(middle * np.exp(half), rel=1e-6)
    assert curve.expected_low[-1] == pytest.approx(middle / np.exp(half), rel=1e-6)
    # The limits are the whole numbers beyond which a mid-p tail is below 2.5 %, for a school of middling size.
    middling = np.median(pupils)
    count = round(curve.limit_high_95[-1] * middling / 100)
    assert curve.limit_high_95[-1] == pytest.approx(100 * count / middling)
    mean, a = middle * middling / 100, fit.dispersion
    variance = (mean + a * mean**2) * N / (N - 2) + (1 + a) * of_line * mean**2
    tails, _ = mid_p_tails(np.array([count, count + 1.0]), np.full(2, mean), (variance - mean) / mean**2, freedom=N - 2)
    assert tails[0] >= 0.025 > tails[1]
    assert look(schools, index, area, covariates=("authority",)).provenance.curve is None
    assert None not in (result.provenance.curve, result.provenance.curve_catchment)


def test_a_welsh_index_is_named_as_such():
    schools, index, area = world(prefix="W01")
    # Scores of the Welsh index are no shares: ten points are ten.
    result = look(schools, index.assign(score=index["score"] * 100), area, title="WIMD 2019")
    assert "Ten points more of the score go with" in result.words
    shares = look(schools, index, area, title="WIMD 2019")
    assert result.slope["per_ten_points"] == pytest.approx(shares.slope["per_ten_points"], rel=1e-6)
    assert "IDACI" not in result.words + " ".join(words_of(result.notes))
    assert any("highly deprived areas (WIMD 2019 deciles 1 to 3)" in note for note in words_of(result.notes))
    with pytest.raises(AnalysisError, match="IDACI is an English index") as error:
        look(schools, index.assign(score=np.nan, rank=np.nan), area)
    assert error.value.advice.endswith("give the Welsh index with a title that names WIMD")


def test_covariates_take_out_what_a_group_has_in_common():
    schools, index, area = world()
    doubled = schools.table["la_code"] == "E08000028"
    table = schools.table.assign(
        low=schools.table["low"] * np.where(doubled, 3, 1), high=schools.table["high"] * np.where(doubled, 3, 1)
    )
    schools = Schools(table, rows_read=N, identity=Identity(release="unreleased"))
    plain, beside = look(schools, index, area), look(schools, index, area, covariates=("phase", "authority"))
    assert beside.slope["dispersion"] < 0.6 * plain.slope["dispersion"]
    assert beside.provenance.covariates == ("phase", "authority")
    assert "against their pupils, their phase and authority, and the IDACI 2019 score" in beside.words
    ratio = beside.table["expected"] / beside.table["pupils"] / np.exp(0)
    assert ratio[doubled].mean() / ratio[~doubled].mean() == pytest.approx(3, rel=0.25)
    # The line is that of a model with a column for each, by another parametrisation.
    design = np.column_stack([np.ones(N), beside.table["idaci"], doubled, table["phase"] == "Secondary"]).astype(float)
    fit = fit_counts(table["low"].to_numpy(), design, exposure=table["pupils"].to_numpy())
    np.testing.assert_allclose(beside.table["expected"], fit.mean, rtol=1e-5)


def test_groups_of_few_schools_go_together():
    design, groups, of = contrasts(["a"] * 6 + ["b"] * 7 + ["c"] * 3 + ["d"] * 2, np.ones(18))
    assert groups == ("a", "b", "others")
    assert design.sum(axis=0).tolist() == [6 - 5, 7 - 5]
    assert of.tolist() == ["a"] * 6 + ["b"] * 7 + ["others"] * 5
    # Two of one kind are too few even together: they go with the largest.
    design, groups, of = contrasts(["a"] * 6 + ["b"] * 7 + ["c"] * 2, np.ones(15))
    assert groups == ("a", "b")
    assert design[-1].tolist() == [-1]
    assert (of == "b").sum() == 9
    # So do those that have no event.
    assert contrasts(["a"] * 6 + ["b"] * 7 + ["c"] * 8, np.repeat([1.0, 1.0, 0.0], [6, 7, 8])).names == ("a", "b")
    assert contrasts(["a"] * 9, np.ones(9)).design.shape == (9, 0)
    assert contrasts(["a", "b", "c"], np.ones(3)).design.shape == (3, 0)


def test_a_phase_without_exclusions_is_no_group():
    schools, index, area = world()
    table = schools.table.copy()
    table.loc[table["phase"] == "All-through", ["low", "high"]] = 0
    with pytest.raises(AnalysisError, match="The covariate 'phase' can do nothing"):
        look(Schools(table, rows_read=N, identity=Identity(release="unreleased")), index, area, covariates=("phase",))
    secondary = np.flatnonzero(table["phase"] == "Secondary")
    table.iloc[secondary[::3], table.columns.get_loc("phase")] = "Middle deemed secondary"
    result = look(
        Schools(table, rows_read=N, identity=Identity(release="unreleased")), index, area, covariates=("phase",)
    )
    together = table.assign(phase=table["phase"].replace("All-through", "Secondary"))
    assert (
        result.slope
        == look(
            Schools(together, rows_read=N, identity=Identity(release="unreleased")), index, area, covariates=("phase",)
        ).slope
    )


def test_an_effect_that_grows_without_end_is_said():
    schools, index, area = world()
    rows = schools.table
    group = (np.arange(N) % 8 == 0).astype(float)
    counts = np.where(group, 0.0, rows["low"])
    design = np.column_stack([np.ones(N), group])
    with pytest.raises(AnalysisError, match="an effect grows without end") as error:
        fit_counts(counts, design, exposure=rows["pupils"].to_numpy())
    assert error.value.found == f"{counts.sum():,.0f} events in 160 counts, and 2 terms"
    assert error.value.advice.startswith("leave out covariates, or use more years")
    assert len(index) == len(area)


def test_what_the_index_explains():
    """A gamma rate of shape 4 times a beta (2, 2) is a gamma of shape 2; the index is the logarithm of the beta."""
    rng = np.random.default_rng(5)
    n = 1_500
    known_part, rest = rng.beta(2, 2, n), rng.gamma(4, 0.25, n)
    pupils = np.full(n, 20_000.0)
    counts = rng.poisson(pupils * np.exp(-6.9) * known_part * rest).astype(float)
    design = np.column_stack([np.ones(n), np.log(known_part)])
    known = hidden_counts(counts, counts)
    fit = judge_counts(known, design, exposure=pupils, level=0.05).fit
    found = explained_share(known, design, exposure=pupils, fit=fit, column=1)
    # Variance over square of the mean: 1 / 4 around the line, 1 / 2 without it.
    assert fit.dispersion == pytest.approx(0.25, abs=0.03)
    assert found == pytest.approx(0.5, abs=0.06)
    noise = np.column_stack([np.ones(n), rng.normal(size=n)])
    other = judge_counts(known, noise, exposure=pupils, level=0.05).fit
    assert explained_share(known, noise, exposure=pupils, fit=other, column=1) == pytest.approx(0, abs=0.02)


def test_what_is_explained_is_told():
    schools, index, area = world()
    result = look(schools, index, area)
    share = result.provenance.explained_share
    assert f"IDACI 2019 accounts for {100 * share:.0f}% of the variance between schools' rates." in result.words
    shuffled = index.assign(score=np.random.default_rng(3).permutation(index["score"]))
    nothing = look(schools, shuffled, area)
    if nothing.provenance.explained_share < 0.005:
        assert "IDACI 2019 accounts for none of the differences" in nothing.words


def test_a_school_can_be_too_small_to_judge():
    schools, index, area = world()
    table = schools.table.assign(pupils=schools.table["pupils"].mask(schools.table.index == "3304005", 20.0))
    table.loc["3304005", ["low", "high"]] = 0
    result = look(Schools(table, rows_read=N, identity=Identity(release="unreleased")), index, area)
    row = result.table.loc["3304005"]
    assert row["class"] == "cannot_be_judged"
    assert row["reason"] == "too small: neither no exclusions nor the highest rate of any school would stand out"
    # 20 pupil-years at the highest rate of any school are less than one exclusion.
    highest = (result.table["low"] / result.table["pupils"]).max()
    assert 20 * highest < 1 <= row["limit_high_95"] + 1
    assert any("Schools that were not judged: 1 (1 too small" in note for note in words_of(result.notes))
    # With two exclusions it is judged: there are more than its limits.
    table.loc["3304005", ["low", "high"]] = 2
    assert (
        look(Schools(table, rows_read=N, identity=Identity(release="unreleased")), index, area).table.loc[
            "3304005", "class"
        ]
        == "above"
    )


def test_schools_run_from_elsewhere_are_listed():
    schools, index, area = world()
    # All areas are Birmingham's; half of the schools are run by Sandwell.
    note = next(
        n
        for n in words_of(look(schools, index, area).notes)
        if n.startswith("Schools located in a different authority")
    )
    assert note.count("(Sandwell)") == N / 2
    assert "School 80 (Sandwell)" in note


def test_no_cause_is_named():
    schools, index, area = world()
    result = look(with_counts(schools, {20: 90}), index, area)
    said = " ".join([result.words, *words_of(result.notes)]).casefold()
    for word in ("because of", "due to", "caused", "explains", "leads to", "bad school", "failing"):
        assert word not in said
    assert "this measures no school's quality and gives no cause" in said


def test_the_order_of_schools_changes_nothing():
    schools, index, area = world()
    placed = pd.Series(area.ids, index=schools.table.index, dtype=object)
    deprivation = Deprivation(index, identity=Identity(release="open", title="IDACI 2019"))
    one = diverging_schools(schools, deprivation, area=area, placed=placed)
    turned = Schools(schools.table.iloc[::-1], rows_read=N, identity=Identity(release="open", period=schools.period))
    other = diverging_schools(turned, deprivation, area=area, placed=placed.iloc[::-1])
    pd.testing.assert_frame_equal(pd.DataFrame(one.table), pd.DataFrame(other.table))
