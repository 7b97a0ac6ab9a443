"""Is a range good enough to be judged on? It looks at finished reports only.

The defaults let every honest series pass that there is to try them on: an illiquid pair
lacks each third minute, in which nobody traded, and a stock each weekend; the wildest
hourly bitcoin has nine spikes in a hundred thousand bars. None has a break.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.core.errors import ErrorDetail
from apps.market.enums import QualityVerdict
from apps.market.errors import QualityBelowThreshold
from apps.market.quality.telling import break_words, gaps_words, quiet_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A fraction that a market has on the whole is exceeded by chance in a short range.
_DEVIATIONS = 3
# From this share of its limit on, a measure makes a series doubtful.
_DOUBTFUL = Decimal("0.1")
_FULL = Decimal("0.99")


@dataclass(frozen=True, slots=True)
class QualityGate:
    """How good bars must be.

    Attributes:
        minimum_coverage: Bars there are, as a fraction of those from first to last.
        maximum_spike_fraction: Spikes as a fraction of the bars; a short range may have
            as many more as come by chance.
        maximum_impossible_fraction: Impossible bars, or without a number, likewise.
        maximum_frozen_fraction: Bars in runs that repeat one price, likewise.
        maximum_breaks: Places where the series goes on as another market.
        maximum_age_bars: How many bars the last one may fall short of the end that was
            asked for, or of now; None: any.
        accept_below: Whether what falls short is only told.
    """

    minimum_coverage: Decimal
    maximum_spike_fraction: Decimal
    maximum_impossible_fraction: Decimal
    maximum_frozen_fraction: Decimal
    maximum_breaks: int = 0
    maximum_age_bars: int | None = None
    accept_below: bool = False

    @classmethod
    def of(cls, limits: Mapping[str, Any]) -> QualityGate:
        """Return the gate of limits by their names, fractions as text."""
        return cls(**_values(limits))

    def changed(self, options: Mapping[str, Any]) -> QualityGate:
        """Return the gate with what a request states instead of the settings.

        Args:
            options: By the names of the attributes; fractions as text or Decimal.
        """
        stated = {name: one for name, one in options.items() if one is not None}
        return replace(self, **_values(stated))

    def as_json(self) -> dict[str, str | None]:
        """Return the limits as they are stored and sent, without `accept_below`."""
        return {
            name: None if value is None else f"{Decimal(value):f}"
            for name, value in asdict(self).items()
            if name != "accept_below"
        }


_FRACTIONS = frozenset(
    name for name in QualityGate.__slots__ if name.endswith(("coverage", "fraction"))
)


def _values(limits: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Decimal(value) if name in _FRACTIONS else value
        for name, value in limits.items()
    }


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One measure that is not good enough.

    Attributes:
        limit: The gate's attribute that it falls short of.
        message: What was found, what is allowed, and where.
    """

    limit: str
    message: str


def shortfalls_find(report: Mapping[str, Any], gate: QualityGate) -> list[Shortfall]:
    """Return what of a report is below a gate; nothing where all is good enough."""
    return [
        *coverage_judge(report["rows"], report["expected"], gate, gaps_words(report)),
        *_spikes(report, gate),
        *_impossible(report, gate),
        *_frozen(report, gate),
        *breaks_judge(report["breaks"]["found"], report["breaks"]["count"], gate),
        *age_judge(report["age_bars"], report["last"], gate),
    ]


def quality_refusal(
    what: str, short: list[Shortfall], *, attr: str = "quality"
) -> QualityBelowThreshold:
    """Return the error that names each measure that falls short.

    Args:
        what: Which bars, for people.
        short: At least one.
        attr: The field of the request that the limits are in.
    """
    told = [one.message for one in short]
    told[-1] += (
        " Ask for another range or for other limits, or send "
        f"{attr}.accept_below=true to run on it all the same."
    )
    details = tuple(
        ErrorDetail(QualityBelowThreshold.code, message, f"{attr}.{one.limit}")
        for one, message in zip(short, told, strict=True)
    )
    msg = f"{what}: {' '.join(told)}"
    return QualityBelowThreshold(msg, attr=attr, details=details)


def verdict_of(report: Mapping[str, Any], gate: QualityGate) -> QualityVerdict:
    """Return how good the bars of a report are, whatever their age.

    `bad` is what the gate refuses; `doubtful` has something that a reader should know.
    """
    if shortfalls_find(report, replace(gate, maximum_age_bars=None)):
        return QualityVerdict.BAD
    rows = report["rows"]
    doubtful = (
        rows < _FULL * _expected(report)
        or report["spikes"] > _DOUBTFUL * gate.maximum_spike_fraction * rows
        or report["frozen"]["bars"] > _DOUBTFUL * gate.maximum_frozen_fraction * rows
        or any(report[name] for name in ("impossible", "nan", "duplicates", "off_grid"))
        or report["wicks"]
        or report["breaks"]["count"]
    )
    return QualityVerdict.DOUBTFUL if doubtful else QualityVerdict.GOOD


def coverage_judge(
    rows: int, expected: int, gate: QualityGate, where: str, *, at_most: bool = False
) -> Iterator[Shortfall]:
    """Give the shortfall of coverage, if there is one."""
    least = gate.minimum_coverage
    if rows < least * expected:
        share = Decimal(rows) / max(1, expected)
        known = "at most " if at_most else ""
        yield Shortfall(
            "minimum_coverage",
            f"The coverage is {known}{share:.4f}, at least {least:f} is asked for: {where}.",
        )


def breaks_judge(
    found: list[dict[str, Any]], count: int, gate: QualityGate
) -> Iterator[Shortfall]:
    """Give the shortfall of breaks, if there is one."""
    if count > gate.maximum_breaks:
        many = "break" if count == 1 else "breaks"
        yield Shortfall(
            "maximum_breaks",
            f"It has {count:,} {many}, {gate.maximum_breaks:,} are allowed. "
            f"{break_words(found[0])}",
        )


def age_judge(age_bars: int, last: str, gate: QualityGate) -> Iterator[Shortfall]:
    """Give the shortfall of age, if there is one."""
    most = gate.maximum_age_bars
    if most is not None and age_bars > most:
        yield Shortfall(
            "maximum_age_bars",
            f"It ends {age_bars:,} bars too early, {most:,} are allowed: the last bar "
            f"is {last}.",
        )


def _expected(report: Mapping[str, Any]) -> int:
    """Return how many bars there would be in the whole range that was asked for.

    A range may reach beyond the series and takes what there is. But a run over five
    years on the last of them is not the run that was asked for, which has to be seen.
    """
    asked = report["asked"]
    after = report["age_bars"] if asked["end"] else 0
    return int(report["expected"]) + int(asked["missing_before"]) + int(after)


def _spikes(report: Mapping[str, Any], gate: QualityGate) -> Iterator[Shortfall]:
    """Give the shortfall of spikes, if there is one.

    Of n bars, f n are allowed and three standard deviations of a Poisson count with that
    mean, rounded up: f n + 3 sqrt(f n).
    """
    count, rows, most = report["spikes"], report["rows"], gate.maximum_spike_fraction
    mean = most * rows
    allowed = math.ceil(mean + _DEVIATIONS * mean.sqrt())
    if count > allowed:
        first = report["samples"]["outliers"][0]
        yield Shortfall(
            "maximum_spike_fraction",
            f"{count:,} of {rows:,} bars are spikes that revert, a fraction of "
            f"{Decimal(count) / rows:.6f} where {most:f} is allowed ({allowed:,} in "
            f"as many bars), the first at "
            f"{first['time']}: {first['before']:.10g}, {first['close']:.10g}, "
            f"{first['after']:.10g}.",
        )


def _impossible(report: Mapping[str, Any], gate: QualityGate) -> Iterator[Shortfall]:
    count = report["impossible"] + report["nan"]
    rows, most = report["rows"], gate.maximum_impossible_fraction
    if count > most * rows:
        samples = report["samples"].get("impossible")
        where = f", the first at {samples[0]['time']}" if samples else ""
        yield Shortfall(
            "maximum_impossible_fraction",
            f"{count:,} of {rows:,} bars are impossible or lack a number, a fraction "
            f"of {Decimal(count) / rows:.6f} where {most:f} is allowed{where}.",
        )


def _frozen(report: Mapping[str, Any], gate: QualityGate) -> Iterator[Shortfall]:
    count, rows = report["frozen"]["bars"], report["rows"]
    most = gate.maximum_frozen_fraction
    if count > most * rows:
        yield Shortfall(
            "maximum_frozen_fraction",
            f"{quiet_words(report, 'frozen')}, a fraction of "
            f"{Decimal(count) / rows:.4f} where {most:f} is allowed.",
        )
