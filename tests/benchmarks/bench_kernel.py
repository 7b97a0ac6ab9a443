"""The reference kernel against vectorbt's broadcast: a thousand strategies at once.

    python -m tests.benchmarks.bench_kernel

Both are given the same signals of 1,000 SMA pairs over 8,760 bars, each in the layout
that suits it, on one core. Before anything is timed, all trades are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import vectorbt as vbt

from apps.engines.adapters.reference import kernel
from apps.engines.adapters.vectorbt.config import CALL
from tests.benchmarks.report import Figure, milliseconds, report
from tests.benchmarks.timing import medians, one_core

if TYPE_CHECKING:
    from numpy.typing import NDArray

BARS = 8_760
FAST, SLOW = range(5, 45), range(50, 300, 10)
STAKE, FEE, CAPITAL = 1_000.0, 0.001, 100_000.0
TICK, STEP = 100.0, 100_000.0  # a cent, and five places
MARKET = (1.0, TICK, 1.0, STEP, 0.0, 0.0)
ROUNDS = 9
AT_LEAST = 40.0
RELATIVE, ABSOLUTE = 1e-9, 1e-9


@dataclass(frozen=True, slots=True)
class Case:
    """Prices, each (bars,), and signals, (pairs, bars), known at the close."""

    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    entry: NDArray[np.bool_]
    leave: NDArray[np.bool_]


def case_make() -> Case:
    """Return a made-up year of hourly bars and the crosses of all SMA pairs."""
    random = np.random.default_rng(1)
    close = np.round(100.0 * np.exp(np.cumsum(random.normal(0, 0.004, BARS))), 2)
    open_ = np.concatenate(([100.0], close[:-1]))
    spread = 1.0 + np.abs(random.normal(0, 0.002, (2, BARS)))
    sums = np.concatenate(([0.0], np.cumsum(close)))
    average = {
        length: np.concatenate(
            (np.full(length - 1, np.nan), (sums[length:] - sums[:-length]) / length)
        )
        for length in (*FAST, *SLOW)
    }
    pairs = [(fast, slow) for fast in FAST for slow in SLOW]
    entry = np.zeros((len(pairs), BARS), dtype=np.bool_)
    leave = np.zeros_like(entry)
    for row, (fast, slow) in enumerate(pairs):
        above = average[fast] > average[slow]
        known = np.isfinite(average[slow][:-1])
        entry[row, 1:] = above[1:] & ~above[:-1] & known
        leave[row, 1:] = ~above[1:] & above[:-1] & known
    return Case(
        open=open_,
        high=np.round(np.maximum(open_, close) * spread[0], 2),
        low=np.round(np.minimum(open_, close) / spread[1], 2),
        close=close,
        entry=entry,
        leave=leave,
    )


def kernel_run(case: Case, stop: float = 0.0, target: float = 0.0) -> Any:
    """Run the kernel over all pairs."""
    prices = (case.open, case.high, case.low, case.close)
    options = (kernel.FIXED_QUOTE, STAKE, stop, target, 0.0, FEE, 0.0)
    return kernel.simulate_many(
        prices, case.entry, case.leave, MARKET, options, CAPITAL
    )


def vectorbt_arguments(case: Case) -> dict[str, Any]:
    """Return the same run as vectorbt takes it, (bars + 1, pairs).

    Signals act one bar later, at the open; a last row sells what is left at the last
    close. Prices and sizes are one column, which vectorbt stretches without copying.
    """
    shape = (BARS + 1, len(case.entry))
    entries, exits = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    entries[1:-2] = case.entry.T[:-2]
    exits[1:-1] = case.leave.T[:-1]
    exits[-1] = True
    quantity = np.floor(STAKE / case.open * STEP + 1e-9) / STEP
    end = case.close[-1]
    return {
        "close": np.append(case.close, end)[:, None],
        "price": np.append(case.open, end)[:, None],
        "entries": entries,
        "exits": exits,
        "size": np.append(quantity, 1.0)[:, None],
        "fees": FEE,
        "init_cash": CAPITAL,
        "use_stops": False,
        "max_orders": 2 * int(np.count_nonzero(entries)) + 2,
    }


def vectorbt_run(arguments: dict[str, Any], *, what: str = "trades") -> Any:
    """Run vectorbt's broadcast and return its trades, as the kernel does, or orders."""
    portfolio = vbt.Portfolio.from_signals(**arguments, **CALL)
    return getattr(portfolio, what).records_arr


def trades_compare(found: Any, theirs: Any) -> int:
    """Return how many trades there are, after checking that all are the same.

    Raises:
        SystemExit: They are not.
    """
    floats, ints, counts, _ = found
    exact = {
        "col": np.repeat(np.arange(len(counts)), counts),
        "entry_idx": ints[:, kernel.ENTRY_BAR],
        "entry_price": floats[:, kernel.ENTRY_PRICE],
        "exit_price": floats[:, kernel.EXIT_PRICE],
    }
    # vectorbt sums up cash and position, and so rounds elsewhere.
    close = {
        "size": floats[:, kernel.QUANTITY],
        "entry_fees": floats[:, kernel.ENTRY_FEE],
        "exit_fees": floats[:, kernel.EXIT_FEE],
        "pnl": floats[:, kernel.PROFIT],
    }
    same = (
        len(floats) == len(theirs)
        and np.array_equal(
            ints[:, kernel.EXIT_BAR], np.minimum(theirs["exit_idx"], BARS - 1)
        )
        and all(np.array_equal(theirs[name], ours) for name, ours in exact.items())
        and all(
            np.allclose(theirs[name], ours, rtol=RELATIVE, atol=ABSOLUTE)
            for name, ours in close.items()
        )
    )
    if not same:
        msg = "the kernel and vectorbt do not make the same trades"
        raise SystemExit(msg)
    return len(floats)


def measure() -> list[Figure]:
    """Compare the trades, then time both."""
    one_core()
    case = case_make()
    arguments = vectorbt_arguments(case)
    trades = trades_compare(kernel_run(case), vectorbt_run(arguments))
    taken = medians(
        {
            "kernel": partial(kernel_run, case),
            "stops": partial(kernel_run, case, 0.02, 0.05),
            "trades": partial(vectorbt_run, arguments),
            "orders": partial(vectorbt_run, arguments, what="orders"),
        },
        rounds=ROUNDS,
    )
    size = f"{len(case.entry):,} pairs x {BARS:,} bars"
    against = [
        Figure(
            f"{size}, {trades:,} equal trades",
            milliseconds(taken["kernel"]),
            f"vectorbt's {what} {milliseconds(taken[what])}",
            f"{taken[what] / taken['kernel']:.0f}x faster",
            f"{AT_LEAST:.0f}x",
            taken[what] >= AT_LEAST * taken["kernel"],
        )
        for what in ("trades", "orders")
    ]
    stops = Figure(f"{size}, 2 % stop, 5 % target", milliseconds(taken["stops"]))
    return [*against, stops]


if __name__ == "__main__":
    report("kernel, one core", measure)
