"""Shows Parallax at work: a client of its own API, from candles to a verdict."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from apps.analysis.management.demo_service import demo_service
from apps.analysis.management.parity_tables import report_print
from apps.users.models import User
from apps.users.services import token_issue

if TYPE_CHECKING:
    from apps.analysis.management.demo_service import DemoClient

CANDLES = {
    "symbol": "BTC/USDT",
    "timeframe": "1h",
    "start": "2024-01-01T00:00:00Z",
    "end": "2025-01-01T00:00:00Z",
}
TITLE = "SMA cross on BTC/USDT 1h (synthetic), 10,000 USDT"


class Command(BaseCommand):
    """`make demo`, or `manage.py demo`."""

    help = (
        "Start the service, import synthetic candles, run one strategy on every engine "
        "through the API, print where they agree and part, and stop. "
        "Example: manage.py demo"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the demo."""
        self.console = Console()
        started = time.perf_counter()
        call_command("migrate", verbosity=0)
        with demo_service(token_issue(user=_user()), self.console) as client:
            self._show(client)
        seconds = time.perf_counter() - started
        self.console.print(f"done in {seconds:.1f} s; the service is stopped again.")

    def _show(self, client: DemoClient) -> None:
        series = self._candles(client)
        strategy = client.call(
            "POST", "/api/v1/strategies/", json={"template": "sma_cross"}
        )
        asked = {"series": series["id"], "strategy": strategy["id"], "capital": "10000"}
        self.console.rule("by the fill contract: do they agree?")
        exact = self._compare(client, asked, "exact")
        self._table(client, exact)
        report_print(self.console, exact["report"], exact["left_out"])
        if exact["verdict"] == "differ":
            msg = "the engines differ where they must agree"
            raise CommandError(msg)
        self.console.rule("by their own defaults: what does that cost?")
        native = self._compare(client, asked, "native")
        report_print(self.console, native["report"], native["left_out"])
        self.console.rule("to look at")
        for parity, name in ((exact, "demo"), (native, "demo-native")):
            self._page(client, parity, f"{name}.html")
        self._picture(client, exact)
        self.console.print("API docs: `make run`, then http://127.0.0.1:8000/api/docs/")

    def _candles(self, client: DemoClient) -> dict[str, Any]:
        job = client.call("POST", "/api/v1/candle-series/simulate/", json=CANDLES)
        job = client.follow(job["_links"]["self"], "candles")
        where = f"/api/v1/candle-series/{job['result']['series_id']}/"
        series: dict[str, Any] = client.call("GET", where)
        self.console.print(
            f"{series['rows']:,} synthetic candles of {CANDLES['symbol']} "
            f"{series['timeframe']}, {series['gaps']} gaps"
        )
        return series

    def _compare(
        self, client: DemoClient, asked: dict[str, Any], mode: str
    ) -> dict[str, Any]:
        started = time.perf_counter()
        parity = client.call(
            "POST",
            "/api/v1/parity/",
            headers={"Idempotency-Key": secrets.token_hex(8)},
            json=asked | {"mode": mode},
        )
        client.follow(parity["_links"]["job"], mode)
        seconds = time.perf_counter() - started
        self.console.print(f"accepted to readable: {seconds:.1f} s")
        found: dict[str, Any] = client.call("GET", parity["_links"]["self"])
        return found

    def _table(self, client: DemoClient, parity: dict[str, Any]) -> None:
        backtest = client.call("GET", parity["_links"]["backtest"])
        table = Table(title=TITLE)
        table.add_column("engine")
        for heading in ("trades", "return", "Sharpe", "drawdown", "own call", "in all"):
            table.add_column(heading, justify="right")
        for run in backtest["runs"]:
            metrics = run["metrics"]
            if run["error"]:
                table.add_row(run["engine"], *"-----", run["error"]["code"])
                continue
            table.add_row(
                run["engine"],
                str(run["trades"]),
                f"{metrics['total_return']:+.2%}",
                f"{metrics['sharpe']:.2f}",
                f"{metrics['max_drawdown']:.2%}",
                f"{run['engine_seconds'] * 1000:,.1f} ms",
                f"{run['total_seconds']:.2f} s",
            )
        self.console.print(table)

    def _page(self, client: DemoClient, parity: dict[str, Any], name: str) -> None:
        """Wait for a report's own job, and keep the page."""
        jobs = client.call("GET", "/api/v1/jobs/?kind=parity.report&limit=20")
        for job in jobs["results"]:
            client.follow(job["_links"]["self"], "report")
        path = Path(settings.DATA_DIR) / name
        path.write_bytes(client.page(parity["_links"]["report"]))
        mode = parity["mode"]
        self.console.print(f"report, {mode + ':':<8} {_shown(path)}", highlight=False)

    def _picture(self, client: DemoClient, parity: dict[str, Any]) -> None:
        backtest = client.call("GET", parity["_links"]["backtest"])
        jobs = client.call("GET", "/api/v1/jobs/?kind=backtest.chart&limit=20")
        for job in jobs["results"]:
            client.follow(job["_links"]["self"], "chart")
        path = Path(settings.DATA_DIR) / "demo.png"
        path.write_bytes(client.page(backtest["_links"]["chart"]))
        self.console.print(f"picture:          {_shown(path)}", highlight=False)


def _user() -> User:
    user, made = User.objects.get_or_create(username="demo")
    if made:
        user.set_unusable_password()
        user.save()
    return user


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
