"""Days and hours at which invented violence happens: more on weekends, most late in the evening."""

import numpy as np
from numpy.typing import NDArray

# Monday to Sunday.
WEEKDAY_WEIGHT = np.array([0.88, 0.86, 0.89, 0.93, 1.08, 1.24, 1.12])
MONTH_WEIGHT = np.array([0.93, 0.92, 0.97, 1.0, 1.05, 1.06, 1.08, 1.04, 1.0, 1.02, 0.97, 0.96])
HOUR_WEIGHT = np.array(
    [46, 34, 27, 20, 12, 7, 6, 9, 17, 22, 25, 28, 36, 37, 38, 50, 55, 54, 56, 58, 62, 66, 68, 60],
    dtype=float,
)


def draw_days(year: int, size: int, rng: np.random.Generator) -> NDArray[np.datetime64]:
    """Return days of one year, shape (size,), in no order."""
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    # 1 January 1970 was a Thursday, the fourth day of the week.
    weekday = (days.astype(int) + 3) % 7
    month = days.astype("datetime64[M]").astype(int) % 12
    weight = WEEKDAY_WEIGHT[weekday] * MONTH_WEIGHT[month]
    return rng.choice(days, size, p=weight / weight.sum())


def draw_minutes(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return minutes after midnight, shape (size,), heaped on round times as people report them."""
    hour = rng.choice(24, size, p=HOUR_WEIGHT / HOUR_WEIGHT.sum())
    exact = rng.integers(0, 60, size)
    five = exact // 5 * 5
    half = exact // 30 * 30
    minute = np.select([rng.random(size) < 0.45, rng.random(size) < 0.6], [half, five], exact)
    # About one in forty is recorded at midnight because nobody knew the time.
    return np.where(rng.random(size) < 0.025, 0, hour * 60 + minute)
