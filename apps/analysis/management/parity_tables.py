"""A parity run as tables in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from apps.analysis.models import ParityRun

VERDICTS = {
    "agree": "[bold green]agree[/]",
    "agree_within_tolerance": "[bold yellow]agree within tolerance[/]",
    "differ": "[bold red]differ[/]",
}
COUNTED = ("entries", "exits", "prices", "quantities", "fees", "profits")


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
    console.print(f"verdict: {VERDICTS[report['verdict']]}")
    divergence = report["first_divergence"]
    if divergence is not None:
        console.print(
            f"they part first at {divergence['time']} (bar {divergence['bar']}), "
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
    table = Table(title="Each with each: equal out of the trades that were paired")
    _columns(table, "pair", right=("trades", "paired", *COUNTED))
    table.add_column("causes")
    for pair in report["pairs"]:
        agreement = pair["agreement"]
        causes = ", ".join(f"{name} {count}" for name, count in pair["causes"].items())
        table.add_row(
            f"{pair['first']} / {pair['second']}",
            f"{pair['trades_first']:,}/{pair['trades_second']:,}",
            f"{agreement['paired']:,}",
            *(_share(agreement[name], agreement["paired"]) for name in COUNTED),
            causes.replace("_", " ") or "-",
        )
    return table


def _share(equal: int, paired: int) -> str:
    return "-" if not paired else "100 %" if equal == paired else f"{equal:,}"


def _bars(divergence: dict[str, Any]) -> Table:
    sides = list(divergence["sides"])
    table = Table(title="The bars around")
    _columns(table, "time", right=("open", "high", "low", "close"))
    for side in sides:
        table.add_column(side)
    for bar in divergence["bars"]:
        prices = (f"{bar[name]:.10g}" for name in ("open", "high", "low", "close"))
        table.add_row(
            bar["time"], *prices, *("\n".join(bar["sides"][side]) for side in sides)
        )
    return table


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


def _columns(table: Table, *left: str, right: Sequence[str]) -> None:
    for name in left:
        table.add_column(name)
    for name in right:
        table.add_column(name, justify="right")
