"""What the report of stored bars says, in sentences; it needs no numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What is not worth a word: less than this share is missing, or flat.
_FULL = 0.99
_FEW = 0.001
_MILLION = 1_000_000
QUIET = {"frozen": "repeat one price", "zero_volume": "have no trade"}


def coverage_text(rows: int, expected: int) -> str:
    """Return bars that are there as a fraction of those expected, six decimals.

    It is rounded down: only a series that lacks nothing has `1.000000`.
    """
    millionths = min(_MILLION, rows * _MILLION // max(1, expected))
    whole, rest = divmod(millionths, _MILLION)
    return f"{whole}.{rest:06d}"


def findings_tell(report: Mapping[str, Any]) -> list[str]:
    """Return what is odd about the bars of a report, one sentence each."""
    return [*_missing(report), *_wrong(report), *_quiet(report), *_breaks(report)]


def gaps_words(report: Mapping[str, Any]) -> str:
    """Return how much is missing, and where the longest hole is."""
    gaps = report["gaps"]
    words = f"{gaps['missing']:,} of {report['expected']:,} bars are missing"
    if gaps["largest"]:
        hole = gaps["largest"][0]
        many = f"{gaps['count']:,} holes" if gaps["count"] > 1 else "one hole"
        words += f" in {many}, the longest {hole['bars']:,} bars from {hole['start']}"
    return words


def quiet_words(report: Mapping[str, Any], name: str) -> str:
    """Return how many bars are of one kind of quiet, and where the longest run is."""
    run = report[name]
    return (
        f"{run['bars']:,} of {report['rows']:,} bars {QUIET[name]}, the longest run "
        f"{run['longest']['bars']:,} bars from {run['longest']['start']}"
    )


def break_words(found: Mapping[str, Any]) -> str:
    """Return a break as a sentence."""
    moved = f"from {found['close']:.10g} to {found['open']:.10g}"
    hole = f"after {found['missing']:,} missing bars"
    if found["kind"] == "halted":
        return (
            f"Trading stopped at {found['before']} and went on at {found['after']}, "
            f"{hole}, {moved}."
        )
    between = hole if found["missing"] else "without a hole"
    return (
        f"The price jumped {moved} (times {found['ratio']:.4g}) between "
        f"{found['before']} and {found['after']}, {between}: another market under the "
        "same name, or other units."
    )


def line_tell(report: Mapping[str, Any]) -> str:
    """Return a report in one line."""
    gaps, breaks = report["gaps"]["count"], report["breaks"]["count"]
    holes = f"{gaps:,} hole{'' if gaps == 1 else 's'}"
    if gaps:
        holes += f" (longest {report['gaps']['largest'][0]['bars']:,} bars)"
    return (
        f"{float(report['coverage']):.2%} of {report['expected']:,} bars, {holes}, "
        f"{_counted(report['spikes'], 'spike')}, "
        f"{_counted(breaks, 'break')}"
    )


def _missing(report: Mapping[str, Any]) -> Iterator[str]:
    if report["rows"] < _FULL * report["expected"]:
        yield f"{gaps_words(report)}."
    asked = report["asked"]
    if asked["missing_before"]:
        yield (
            f"The range was asked for from {asked['start']}; the first bar is "
            f"{report['first']}."
        )
    if asked["end"] and report["age_bars"]:
        yield (
            f"The range was asked for up to {asked['end']}; the last bar is "
            f"{report['last']}."
        )


def _wrong(report: Mapping[str, Any]) -> Iterator[str]:
    samples = report["samples"]
    for name, key, words in (
        ("impossible", "impossible", "that no market can have made"),
        ("nan", "", "with a missing or infinite number"),
        ("duplicates", "", "not later than the bar before"),
        ("off_grid", "off_grid", "off the timeframe's grid"),
        ("spikes", "outliers", "whose close jumps away and comes back at once"),
        ("wicks", "wicks", "with a high or low far beyond open and close"),
    ):
        if count := report[name]:
            examples = samples.get(key)
            first = f", the first at {examples[0]['time']}" if examples else ""
            yield f"{_counted(count, 'bar')} {words}{first}."


def _quiet(report: Mapping[str, Any]) -> Iterator[str]:
    for name in QUIET:
        run = report[name]
        if run["bars"] > _FEW * report["rows"]:
            yield f"{quiet_words(report, name)}."


def _breaks(report: Mapping[str, Any]) -> Iterator[str]:
    for found in report["breaks"]["found"]:
        yield break_words(found)
    more = report["breaks"]["count"] - len(report["breaks"]["found"])
    if more:
        yield f"{_counted(more, 'more break')}."


def _counted(count: int, one: str) -> str:
    return f"{count:,} {one}{'' if count == 1 else 's'}"
