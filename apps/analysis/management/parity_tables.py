"""A parity run as tables in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from apps.analysis.models import ParityRun

VERDICTS = {
    "agree": "[bold green]agree[/]",
    "agree_within_tolerance": "[bold yellow]agree within tolerance[/]",
    "differ": "[bold red]differ[/]",
}
# What is counted as equal, and how it is headed where there is little room.
COUNTED = {
    "entries": "entry",
    "exits": "exit",
    "prices": "price",
    "quantities": "size",
    "fees": "fee",
    "profits": "profit",
}
PRICES = ("open", "high", "low", "close")


def parity_print(console: Console, parity: ParityRun) -> None:
    """Print verdict, participants, matrix, first divergence and lessons."""
    report_print(console, parity.report, parity.left_out)


def report_print(
    console: Console,
    report: dict[str, Any],
    left_out: Sequence[dict[str, str]],
) -> None:
    """Print a report as it is served by the API."""
    console.print(_participants(report))
    for one in left_out:
        console.print(f"left out: {one['engine']}: {escape(one['reason'])}")
    console.print(_matrix(report))
    for line in _causes(report):
        console.print(line)
    console.print(f"verdict: {VERDICTS[report['verdict']]}")
    divergence = report["first_divergence"]
    if divergence is not None:
        console.print(
            f"they part first at {_minute(divergence['time'])} UTC (bar {divergence['bar']}), "
            f"{divergence['first']} and {divergence['second']}; cause: "
            f"[bold]{divergence['cause'].replace('_', ' ')}[/]"
        )
        console.print(f"  {escape(divergence['detail'])}")
        console.print(_bars(divergence))
    for lesson in report["lessons"]:
        console.print(_lesson(lesson))


def _participants(report: dict[str, Any]) -> Table:
    table = Table(title="Who took part")
    _columns(table, "engine", "mode", right=("trades", "profit"))
    table.add_column("what to know")
    for one in report["participants"]:
        if one["error"]:
            row = ("-", "-", f"failed: {escape(one['error']['detail'])}")
        else:
            profit = "?" if one["profit"] is None else f"{one['profit']:+,.2f}"
            ignored = [f"ignored: {', '.join(one['ignored'])}"] * bool(one["ignored"])
            told = escape(" ".join(ignored + one["notes"]))
            row = (f"{one['trades']:,}", profit, told)
        table.add_row(one["name"], one["mode"], *row)
    return table


def _matrix(report: dict[str, Any]) -> Table:
    table = _narrow("Each with each: equal out of the trades that were paired")
    table.add_column("pair", no_wrap=True)
    for name in ("trades", "paired", *COUNTED.values()):
        table.add_column(name, justify="right", no_wrap=True)
    for pair in report["pairs"]:
        agreement = pair["agreement"]
        table.add_row(
            _name(pair),
            _counts(pair["trades_first"], pair["trades_second"]),
            f"{agreement['paired']:,}",
            *(_share(agreement[name], agreement["paired"]) for name in COUNTED),
        )
    return table


def _causes(report: dict[str, Any]) -> Iterator[str]:
    for pair in report["pairs"]:
        if pair["causes"]:
            causes = [f"{name} {count:,}" for name, count in pair["causes"].items()]
            yield f"  {_name(pair)}: {', '.join(causes).replace('_', ' ')}"


def _name(pair: dict[str, Any]) -> str:
    return f"{pair['first']} / {pair['second']}"


def _counts(first: int, second: int) -> str:
    return f"{first:,}" if first == second else f"{first:,}/{second:,}"


def _share(equal: int, paired: int) -> str:
    return "-" if not paired else "100%" if equal == paired else f"{equal:,}"


def _bars(divergence: dict[str, Any]) -> Table:
    sides = list(divergence["sides"])
    table = _narrow("The bars around")
    table.add_column("time", no_wrap=True)
    for name in PRICES:
        table.add_column(name, justify="right", no_wrap=True)
    for side in sides:
        table.add_column(side)
    for bar in divergence["bars"]:
        table.add_row(
            _minute(bar["time"]),
            *(f"{bar[name]:.10g}" for name in PRICES),
            *("\n".join(bar["sides"][side]) for side in sides),
        )
    return table


def _minute(moment: str) -> str:
    # Minutes are as fine as bars get.
    return moment[: len("2024-01-31T09:00")].replace("T", " ")


def _lesson(lesson: dict[str, Any]) -> Table:
    difference = lesson["native_profit"] - lesson["exact_profit"]
    table = Table(
        title=(
            f"What {lesson['engine']}'s defaults do: {lesson['native_trades']:,} trades "
            f"for {lesson['exact_trades']:,}, {difference:+,.2f} of profit"
        )
    )
    _columns(table, "cause", right=("trades", "profit"))
    table.add_column("the first of them")
    for cost in lesson["costs"]:
        table.add_row(
            cost["cause"].replace("_", " "),
            f"{cost['trades']:,}",
            f"{cost['profit']:+,.2f}",
            escape(cost["example"]),
        )
    return table


def _narrow(title: str) -> Table:
    """Return a table that has room for much in 80 columns."""
    return Table(title=title, box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))


def _columns(table: Table, *left: str, right: Sequence[str]) -> None:
    for name in left:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right")
