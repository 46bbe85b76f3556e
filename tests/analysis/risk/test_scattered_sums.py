"""Sums of kernels where risks, or shares, scatter: by hand, by enumeration, on a lattice and by simulation."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from hotspots.analysis.common.grid import Grid
from hotspots.analysis.kernels.profiles import KERNELS, peak_of
from hotspots.analysis.risk.area_risks import (
    beta_points,
    draw_events,
    draw_labelled,
    scatter_of_risks,
    scatter_of_shares,
)
from hotspots.analysis.risk.area_terms import Distribution, GammaRisks, RiskTerms, ShareTerms, terms_of_risks
from hotspots.analysis.risk.scattered_sums import (
    Mixture,
    Pieces,
    _Places,
    scattered_moments,
    scattered_tails,
)
from hotspots.analysis.risk.surface_p_values import Smoother, settled, simulated_tails

ROWS = COLUMNS = 20
GRID = Grid(400_000.0, 300_000.0, 100.0, np.ones((ROWS, COLUMNS), dtype=bool))
TENFOLD = Distribution(np.array([0.5, 1.0, 10.0]), np.array([0.5, 0.42, 0.08]))
FORTYFOLD = Distribution(np.array([0.5, 40.0]), np.array([0.99, 0.01]))
HALF = Distribution(np.array([0.0, 2.0]), np.array([0.5, 0.5]))


def make_pieces(mean: float, side: int = 4) -> Pieces:
    """Return areas of `side` by `side` cells with uneven people and, in all, `mean` events an area at a risk of 1."""
    cell = np.arange(ROWS * COLUMNS)
    owner = cell // COLUMNS // side * (COLUMNS // side) + cell % COLUMNS // side
    people = np.random.default_rng(1).gamma(2, 1, len(cell))
    return Pieces(owner, cell, people * mean * (owner.max() + 1) / people.sum())


def weights(smoother: Smoother, cell: int) -> np.ndarray:
    """Return the kernel at every cell, around one: by distance, 1 at its centre."""
    down, across = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    squared = ((down - cell // COLUMNS) ** 2 + (across - cell % COLUMNS) ** 2) * GRID.side**2
    k = KERNELS[smoother.kernel](squared / smoother.bandwidth**2) / peak_of(smoother.kernel)
    return np.where(squared <= smoother.reach**2, k, 0.0)


def on_lattice(smoother: Smoother, pieces: Pieces, risks: Distribution, cell: int, step: float = 1 / 256):
    """Return the sums and their probabilities, kernels brought to a lattice whose two points next to them share them.

    The count of every area is mixed Poisson; transforms of lattices of 2^19 points are multiplied.
    """
    length, k = 2**19, weights(smoother, cell)[pieces.cell]
    wave = np.ones(length // 2 + 1, dtype=complex)
    for area in np.unique(pieces.owner[k > 0]):
        own = (pieces.owner == area) & (k > 0)
        low = np.floor(k[own] / step).astype(int)
        rest = k[own] / step - low
        jumps = np.bincount(low, pieces.mass[own] * (1 - rest), minlength=length)[:length]
        jumps += np.bincount(low + 1, pieces.mass[own] * rest, minlength=length)[:length]
        exponent = np.fft.rfft(jumps) - jumps.sum()
        if isinstance(risks, GammaRisks):
            wave *= (1 - exponent / risks.shape) ** -risks.shape
        else:
            wave *= sum(p * np.exp(r * exponent) for r, p in zip(risks.value, risks.probability, strict=True))
    return np.arange(length) * step, np.fft.irfft(wave, length)


# --------------------------------------------------------------------------- generating function


def test_two_areas_by_hand():
    """Areas of one cell each, 2 and 3 events expected, one cell apart; risks 0.5 or 2 with probabilities 3/4 and 1/4.

    At the first cell k is 1 and 0.64 (a quartic of 223.6 m: (1 - 1/5)²), so E_1 = 2 (e^s - 1), E_2 = 3 (e^(.64 s) - 1),
    and kappa is the sum of log(.75 exp(.5 E) + .25 exp(2 E)).
    """
    smoother = Smoother(GRID, "quartic", 100 * 5**0.5)
    model = Mixture(
        RiskTerms(Distribution(np.array([0.5, 2.0]), np.array([0.75, 0.25]))),
        Pieces(np.array([0, 1]), np.array([0, 1]), np.array([2.0, 3.0])),
    )
    sums = _Places.of(smoother, model).sums(np.array([0]))

    def kappa(s):
        return sum(
            np.log(0.75 * np.exp(0.5 * e) + 0.25 * np.exp(2 * e))
            for e in (2 * np.expm1(s), 3 * np.expm1(0.64 * s))
        )  # fmt: skip

    for s in (-9.0, -2.0, 0.3, 2.5):
        found, h = sums.cumulants(np.array([s])), 1e-4
        assert found.value[0] == pytest.approx(kappa(s), rel=1e-7)
        assert found.slope[0] == pytest.approx((kappa(s + h) - kappa(s - h)) / (2 * h), rel=1e-5, abs=1e-8)
        assert found.curve[0] == pytest.approx((kappa(s + h) - 2 * kappa(s) + kappa(s - h)) / h**2, rel=1e-4, abs=1e-6)
    line = np.array([0.4 + 0.9j, -0.2 + 3j])
    assert np.exp(sums.kappa(line[None])[0]) == pytest.approx(np.exp(kappa(line)), rel=1e-6)
    # None within reach: each area by itself, .75 exp(-.5 E) + .25 exp(-2 E).
    none = np.prod([0.75 * np.exp(-0.5 * e) + 0.25 * np.exp(-2 * e) for e in (2, 3)])
    assert np.exp(sums.log_nothing()[0]) == pytest.approx(none, rel=1e-12)


def test_mean_and_variance_by_their_formulas():
    """Variance of a sum: sum of mean k² e over cells, and of var(risk) (sum of k e)² over areas."""
    smoother, pieces, cells = Smoother(GRID, "quartic", 600.0), make_pieces(6.0), np.array([0, 113, 250])
    mean, variance = scattered_moments(smoother, Mixture(RiskTerms(TENFOLD), pieces), cells=cells)
    middle = TENFOLD.value @ TENFOLD.probability
    spread = (TENFOLD.value - middle) ** 2 @ TENFOLD.probability
    for number, cell in enumerate(cells):
        k = weights(smoother, cell)[pieces.cell]
        by_area = np.bincount(pieces.owner, k * pieces.mass)
        assert mean[number] == pytest.approx(middle * by_area.sum(), rel=1e-6)
        expected = middle * (k**2 * pieces.mass).sum() + spread * (by_area**2).sum()
        assert variance[number] == pytest.approx(expected, rel=1e-6)


# --------------------------------------------------------------------------- tails


@pytest.mark.parametrize("risks", [TENFOLD, HALF], ids=["tenfold", "half at none"])
@pytest.mark.parametrize("mean", [0.3, 3.0, 40.0])
def test_counts_are_convolutions_of_mixed_poissons(risks, mean):
    """The uniform kernel counts: the areas' mixtures of Poisson probabilities, convolved."""
    smoother, pieces = Smoother(GRID, "uniform", 450.0), make_pieces(mean)
    model = Mixture(terms_of_risks(risks), pieces)
    for cell in (45, 210):
        k, chance = weights(smoother, cell)[pieces.cell], np.ones(1)
        for near in np.bincount(pieces.owner, k * pieces.mass):
            if near > 0:
                count = np.arange(int(near * 14 + 80))
                mixed = stats.poisson.pmf(count[:, None], near * risks.value) @ risks.probability
                chance = np.convolve(chance, mixed)
        up_to = np.cumsum(chance)
        # From the middle far into both tails.
        asked = np.unique(np.searchsorted(up_to, [1e-7, 1e-3, 0.05, 0.3, 0.5, 0.8, 0.99, 1 - 1e-6, 1 - 1e-9]))
        found = [
            scattered_tails(smoother, np.array([float(x)]), model, cells=np.array([cell])) for x in asked
        ]  # fmt: skip
        p_high, p_low = np.array(found)[:, :, 0].T
        assert p_high == pytest.approx([chance[x:].sum() for x in asked], rel=2e-3, abs=1e-13)
        assert p_low == pytest.approx(up_to[asked], rel=2e-3, abs=1e-13)


@pytest.mark.parametrize(("mean", "tolerance"), [(1.0, 0.04), (4.0, 0.01), (40.0, 0.003)])
@pytest.mark.parametrize("risks", [TENFOLD, HALF, GammaRisks(1.5)], ids=["tenfold", "half", "gamma"])
def test_tails_are_those_of_a_fine_lattice(risks, mean, tolerance):
    smoother, pieces = Smoother(GRID, "quartic", 500.0), make_pieces(mean)
    model = Mixture(terms_of_risks(risks), pieces)
    for cell in (66, 229):
        sums, chance = on_lattice(smoother, pieces, risks, cell)
        up_to = np.cumsum(chance)
        for wanted in (1e-4, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1 - 1e-6):
            at = int(np.searchsorted(up_to, wanted))
            if at * (sums[1] - sums[0]) < 0.5:  # next to the sums that are 0, whose probability is known
                continue
            p_high, p_low = scattered_tails(smoother, sums[[at]], model, cells=np.array([cell]))
            # The lattice's own probability is shared between both sides.
            assert p_high[0] == pytest.approx(chance[at:].sum() - chance[at] / 2, rel=tolerance)
            assert p_low[0] == pytest.approx(up_to[at] - chance[at] / 2, rel=tolerance)


LONG_TAILS = [
    GammaRisks(0.3),
    GammaRisks(1.0),
    TENFOLD,
    Distribution(np.array([0.5, 40.0]), np.array([0.99, 0.01])),
]


@pytest.mark.parametrize("risks", LONG_TAILS, ids=["gamma .3", "gamma 1", "tenfold", "fortyfold"])
def test_far_tails_of_few_events_are_those_of_a_fine_lattice(risks):
    """Where kappa rises steeply between two nodes, a line through the second is far from the saddlepoint."""
    for mean, bandwidth, cell in ((0.5, 700.0, 259), (2.0, 400.0, 66)):
        smoother, pieces = Smoother(GRID, "quartic", bandwidth), make_pieces(mean)
        model = Mixture(terms_of_risks(risks), pieces)
        sums, chance = on_lattice(smoother, pieces, risks, cell)
        middle = sums @ chance
        deviation = np.sqrt((sums - middle) ** 2 @ chance)
        for z in (-0.5, 0.0, 0.1, 1.0, 2.0, 4.0, 7.0, 12.0):
            at = int(np.searchsorted(sums, middle + z * deviation))
            if at * (sums[1] - sums[0]) < 0.5:  # next to the sums that are 0, whose probability is known
                continue
            p_high, p_low = scattered_tails(smoother, sums[[at]], model, cells=np.array([cell]))
            assert p_high[0] == pytest.approx(chance[at:].sum() - chance[at] / 2, rel=0.06)
            assert p_low[0] == pytest.approx(chance[:at].sum() + chance[at] / 2, rel=0.06)


@pytest.mark.parametrize("kernel", ["quartic", "triangular", "gaussian", "uniform"])
def test_tails_are_those_of_simulated_maps(kernel):
    smoother = Smoother(GRID, kernel, 120.0 if kernel == "gaussian" else 450.0)
    pieces, cells, draws = make_pieces(5.0), np.arange(3, ROWS * COLUMNS, 19), 2_000
    model = Mixture(RiskTerms(TENFOLD), pieces)
    rng = np.random.default_rng(2)
    events = next(draw_events(pieces, TENFOLD, shape=GRID.shape, simulations=1, rng=rng))
    observed = settled(smoother.sums(events)[cells])
    computed = scattered_tails(smoother, observed, model, cells=cells)
    drawn = draw_events(pieces, TENFOLD, shape=GRID.shape, simulations=draws, rng=rng)
    simulated = simulated_tails(smoother, observed, drawn, cells=cells)
    for ours, theirs in zip(computed, simulated, strict=True):
        error = np.sqrt(ours * (1 - ours) / draws) + 1e-3
        assert (np.abs(ours - theirs) < 4 * error).all()
        assert np.mean(np.abs(ours - theirs) < 2 * error) > 0.9


def test_one_risk_is_poisson():
    """kappa is the sum over cells of expected (exp(s k) - 1), whatever the areas."""
    smoother, pieces, cells = Smoother(GRID, "quartic", 450.0), make_pieces(5.0), np.arange(0, 400, 57)
    model = Mixture(RiskTerms(Distribution(np.ones(1), np.ones(1))), pieces)
    places = _Places.of(smoother, model)
    for at in places.tiles(cells):
        sums = places.sums(cells[at])
        for s in (-1.5, 0.7, 12.0):
            direct = [(pieces.mass * np.expm1(s * weights(smoother, cell)[pieces.cell])).sum() for cell in cells[at]]
            assert sums.cumulants(np.full(len(at), s)).value == pytest.approx(direct, rel=1e-7)


# --------------------------------------------------------------------------- labels


def labellings(shares: Distribution, k: list[np.ndarray]):
    """Return sums of labelled events and their probabilities, by all labellings of areas' events with these kernels."""
    sums, chances = [], []
    for labels in product((0, 1), repeat=sum(map(len, k))):
        total, chance, start = 0.0, 1.0, 0
        for own in k:
            mine = np.array(labels[start : start + len(own)])
            start, total = start + len(own), total + float(mine @ own)
            number = int(mine.sum())
            chance *= (shares.value**number * (1 - shares.value) ** (len(own) - number)) @ shares.probability
        sums.append(total)
        chances.append(chance)
    return np.array(sums), np.array(chances)


@pytest.mark.parametrize("kernel", ["uniform", "quartic"])
def test_labels_by_enumeration(kernel):
    """Two areas with 7 and 6 events on 13 cells; all 8,192 labellings."""
    shares = Distribution(np.array([0.1, 0.5, 1.0]), np.array([0.3, 0.5, 0.2]))
    smoother = Smoother(GRID, kernel, 450.0)
    cell = np.array([84, 85, 86, 104, 105, 125, 65, 107, 108, 88, 127, 146, 68])
    pieces = Pieces(np.repeat([0, 1], [7, 6]), cell, np.ones(13))
    k = weights(smoother, 106)[cell]
    sums, chances = labellings(shares, np.split(k, [7]))
    model = Mixture(ShareTerms(shares), pieces)
    for x in np.quantile(np.unique(sums.round(9)), [0.1, 0.3, 0.5, 0.8, 0.95], method="nearest"):
        p_high, p_low = scattered_tails(smoother, np.array([x]), model, cells=np.array([106]))
        equal = np.abs(sums - x) < 1e-6
        tie = chances[equal].sum()
        above, below = (chances[side & ~equal].sum() for side in (sums > x, sums < x))
        if kernel == "uniform":
            assert (p_high[0], p_low[0]) == pytest.approx((above + tie, below + tie), rel=2e-4)
        else:
            # Near to the mid-p values: sums closer than a tenth of an event are not told apart.
            assert (p_high[0], p_low[0]) == pytest.approx((above + tie / 2, below + tie / 2), abs=0.02)


def test_labels_of_simulated_maps():
    smoother, draws, rng = Smoother(GRID, "quartic", 450.0), 2_000, np.random.default_rng(4)
    pieces = make_pieces(1.0)
    pieces = pieces._replace(mass=rng.poisson(2.0, len(pieces.mass)).astype(float))
    shares = Distribution(np.array([0.3, 0.5, 0.95]), np.array([0.4, 0.5, 0.1]))
    cells = np.arange(3, ROWS * COLUMNS, 19)
    first = next(draw_labelled(pieces, shares, shape=GRID.shape, simulations=1, rng=rng))
    observed = settled(smoother.sums(first)[cells])
    model = Mixture(ShareTerms(shares), pieces)
    computed = scattered_tails(smoother, observed, model, cells=cells)
    drawn = draw_labelled(pieces, shares, shape=GRID.shape, simulations=draws, rng=rng)
    simulated = simulated_tails(smoother, observed, drawn, cells=cells)
    for ours, theirs in zip(computed, simulated, strict=True):
        error = np.sqrt(ours * (1 - ours) / draws) + 1e-3
        assert (np.abs(ours - theirs) < 4 * error).all()
        assert np.mean(np.abs(ours - theirs) < 2 * error) > 0.9


# --------------------------------------------------------------------------- distributions


@pytest.mark.parametrize(("a", "b"), [(0.3, 0.4), (2.0, 5.0), (1.0, 1.0), (4e3, 3e3)])
def test_points_of_a_beta_make_beta_binomial_counts(a, b):
    points, count = beta_points(a, b), np.arange(41)
    mixed = stats.binom.pmf(count[:, None], 40, points.value) @ points.probability
    assert mixed == pytest.approx(stats.betabinom.pmf(count, 40, a, b), abs=1e-9)


def test_scatter_is_estimated_from_counts_by_area():
    rng = np.random.default_rng(5)
    expected = rng.gamma(5, 4, 1_500)
    observed = rng.poisson(expected * rng.gamma(4, 0.25, 1_500)).astype(float)
    expected *= observed.sum() / expected.sum()
    for null in ("scattered-risk", "exchangeable-risk"):
        found = scatter_of_risks(null, observed, expected)
        # A gamma of shape 4: variance 0.25; the standard error of 1,500 areas is about 0.02.
        if isinstance(found, GammaRisks):
            assert 1 / found.shape == pytest.approx(0.25, abs=0.07)
            continue
        middle = found.value @ found.probability
        assert middle == pytest.approx(1, abs=0.05)
        assert (found.value - middle) ** 2 @ found.probability == pytest.approx(0.25, abs=0.07)
    assert scatter_of_risks("constant-risk", observed, expected).single
    # Counts that differ no more than their rounding leave nothing to scatter.
    assert scatter_of_risks("scattered-risk", np.rint(expected), expected).single
    assert scatter_of_risks("exchangeable-risk", np.rint(expected), expected).single


def test_scatter_of_shares_is_estimated_from_labels_by_area():
    rng = np.random.default_rng(6)
    events = rng.poisson(30, 1_500)
    first = rng.binomial(events, rng.beta(6, 4, 1_500)).astype(float)
    overall = first.sum() / events.sum()
    for null in ("scattered-risk", "exchangeable-risk"):
        found = scatter_of_shares(null, first, events - first, mean=overall, held=True)
        middle = found.value @ found.probability
        # A beta of 6 and 4: mean 0.6, variance 0.6 x 0.4 / 11.
        assert middle == pytest.approx(0.6, abs=0.015)
        assert (found.value - middle) ** 2 @ found.probability == pytest.approx(0.24 / 11, rel=0.12)
        moved = scatter_of_shares(null, first, events - first, mean=0.4, held=False)
        assert moved.value @ moved.probability == pytest.approx(0.4, abs=1e-9)
    even = np.full(200, 20.0)
    assert scatter_of_shares("scattered-risk", even, even, mean=0.5, held=True).single
    assert scatter_of_shares("exchangeable-risk", even, even, mean=0.5, held=True).single
