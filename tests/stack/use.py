"""The stack as its administrator and its traders use it."""

from __future__ import annotations

import math
import secrets
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from tests.journeys.service import follow
from tests.journeys.test_first_answer import candles
from tests.stack.compose import DOCKER, LASTING, StackError, command

if TYPE_CHECKING:
    from tests.stack.compose import Stack
    from tests.stack.image import Say

LEASE_SECONDS = 5
ENGINES = ("reference", "vectorbt", "nautilus", "freqtrade", "hftbacktest")
BARS = 24 * 365
UP_SECONDS = 40.0
LARGE_MIB = 900


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with an API key, and what they have uploaded."""

    client: httpx.Client
    headers: dict[str, str]
    body: dict[str, Any]


def start(stack: Stack, say: Say) -> None:
    """Start everything and wait until it is healthy."""
    started = time.monotonic()
    stack.compose("up", "-d")
    stack.wait_healthy()
    seconds = time.monotonic() - started
    say(f"up: {len(LASTING)} services healthy after {seconds:.1f} s ({UP_SECONDS:.0f})")


def administer(stack: Stack, base: str, say: Say) -> Caller:
    """Do what an administrator does first; return somebody who can call the API."""
    stack.manage("migrate", "--check")
    say("manage migrate --check: nothing to do")
    password = secrets.token_urlsafe(16)
    stack.manage(
        "createsuperuser", "--noinput", "--username", "ada", "--email", "a@example.org",
        DJANGO_SUPERUSER_PASSWORD=password,
    )  # fmt: skip
    key = stack.manage(
        "create_api_key", "--user", "ada", "--name", "check", "--scope", "trade"
    ).strip()
    if "\n" in key or not key:
        raise StackError("create_api_key prints more than the key on its output")
    say("manage createsuperuser, create_api_key: done")
    headers = {"Authorization": f"Bearer {key}"}
    # The certificate is self-signed.
    client = httpx.Client(base_url=base, headers=headers, verify=False, timeout=60)  # noqa: S501
    me = client.get("/api/v1/me/")
    if me.status_code != httpx.codes.OK or me.json()["username"] != "ada":
        raise StackError(f"the API key is not taken: {me.status_code} {me.text}")
    series, strategy = _upload(client)
    body = {"series": series, "strategy": strategy, "engines": list(ENGINES)}
    say(f"API key taken; {BARS:,} candles imported through nginx over TLS")
    return Caller(client, headers, body)


def _upload(client: httpx.Client) -> tuple[str, str]:
    answer = client.post(
        "/api/v1/candle-series/import/",
        data={"venue": "binance", "symbol": "BTC/USDT"},
        files={"file": ("candles.csv", candles(BARS).encode())},
    )
    if answer.status_code != httpx.codes.ACCEPTED:
        raise StackError(f"the import answers {answer.status_code}: {answer.text}")
    job = follow(client, answer.headers["Location"])
    answer = client.post("/api/v1/strategies/", json={"template": "sma_cross"})
    definition = answer.json()["definition"] | {"timeframe": "1h"}
    where = f"/api/v1/strategies/{answer.json()['id']}/"
    client.put(where, json={"definition": definition}).raise_for_status()
    return str(job["result"]["series_id"]), str(answer.json()["id"])


def trade(stack: Stack, caller: Caller, say: Say) -> None:
    """Run one strategy on all engines, followed over one connection."""
    started = time.monotonic()
    answer = caller.client.post("/api/v1/backtests/", json=caller.body)
    if answer.status_code != httpx.codes.ACCEPTED:
        raise StackError(f"the backtest answers {answer.status_code}: {answer.text}")
    links = answer.json()["_links"]
    told = _stream(caller.client, f"{links['job']}events/")
    job = follow(caller.client, links["job"], seconds=10)
    done = caller.client.get(links["self"]).json()
    states = {run["engine"]: run["state"] for run in done["runs"]}
    if job["state"] != "succeeded" or set(states.values()) != {"succeeded"}:
        raise StackError(f"the backtest: {job['state']} {job['error']} {states}")
    trades = [
        caller.client.get(links["trades"], params={"engine": engine}).json()["results"]
        for engine in states
    ]
    if not trades[0] or not all(_same(rows, trades[0]) for rows in trades):
        raise StackError("the engines do not tell the same trades")
    seconds = time.monotonic() - started
    say(
        f"backtest on {', '.join(states)}: the same {len(trades[0])} trades on each, "
        f"{seconds:.1f} s with cold engines; {told} events streamed"
    )


def _same(some: list[dict[str, Any]], others: list[dict[str, Any]]) -> bool:
    """Whether two engines tell the same trades, but for float64's last digits."""
    return len(some) == len(others) and all(
        math.isclose(one[name], other[name], rel_tol=1e-9, abs_tol=1e-9)
        if isinstance(other[name], float)
        else one[name] == other[name]
        for one, other in zip(some, others, strict=True)
        for name in other
    )


def _stream(client: httpx.Client, where: str) -> int:
    told = 0
    with client.stream("GET", where, timeout=120) as answer:
        for line in answer.iter_lines():
            told += line.startswith("event: job")
    if told < 2:
        raise StackError(f"the job's stream told {told} events")
    return told


def edge_check(base: str, http_port: int, say: Say) -> None:
    """Ask of nginx what only it can do wrong."""
    client = httpx.Client(base_url=base, verify=False, timeout=30, http2=False)  # noqa: S501
    plain = httpx.get(f"http://127.0.0.1:{http_port}/api/docs/", follow_redirects=False)
    _expect("plain HTTP", plain.status_code, 308)
    _expect(
        "a forged Host",
        _shape(client.get("/", headers={"Host": "evil.example"}), 400),
        "invalid",
    )
    large = client.post("/api/v1/strategies/", content=b"x" * 3 * 1024**2)
    _expect("a body over the limit", _shape(large, 413), "too_large")
    _expect(
        "/metrics from outside",
        _shape(client.get("/metrics"), 403),
        "permission_denied",
    )
    static = client.get("/static/admin/css/base.css")
    _expect("static files", static.status_code, 200)
    docs = client.get("/api/docs/")
    if (
        "Content-Security-Policy" not in docs.headers
        or docs.headers["Server"] != "nginx"
    ):
        raise StackError(f"security headers are missing: {docs.headers}")
    forged = {"X-Forwarded-For": "203.0.113.9"}
    outcomes = {
        client.post(
            "/api/v1/auth/token/", json={"username": "x", "password": "y"},
            headers=forged | {"X-Forwarded-For": f"203.0.113.{n}"},
        ).status_code
        for n in range(40)
    }  # fmt: skip
    if 429 not in outcomes:
        raise StackError(f"forged addresses escape the limit on logins: {outcomes}")
    _expect("HTTP/2", _alpn(base), "h2")
    say(
        "edge: redirect, HTTP/2, JSON errors for 400, 403, 413, 429; forged names and addresses refused"
    )


def large_body_check(stack: Stack, base: str, say: Say) -> None:
    """Send a file of most of the service's memory, from nobody."""
    [app] = stack.containers("app")
    since = command(DOCKER, "inspect", "--format", "{{.State.StartedAt}}", app)
    started = time.monotonic()
    answer = httpx.post(
        f"{base}/api/v1/candle-series/import/",
        content=(bytes(1024**2) for _ in range(LARGE_MIB)),
        headers={"Content-Length": str(LARGE_MIB * 1024**2)},
        verify=False,  # noqa: S501
        timeout=120,
    )
    _expect("a large file from nobody", _shape(answer, 401), "not_authenticated")
    now = command(DOCKER, "inspect", "--format", "{{.State.StartedAt}}", app)
    _expect("the service's start", now, since)
    seconds = time.monotonic() - started
    say(
        f"a file of {LARGE_MIB} MiB from nobody: refused after {seconds:.1f} s, from disk"
    )


def _shape(answer: httpx.Response, status: int) -> str:
    """Return the code of an error in the API's shape."""
    if answer.status_code != status or "X-Request-ID" not in answer.headers:
        raise StackError(f"{answer.url}: {answer.status_code} {answer.text[:200]}")
    return str(answer.json()["errors"][0]["code"])


def _alpn(base: str) -> str | None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    address = httpx.URL(base)
    with (
        socket.create_connection((address.host, address.port or 443), 5) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as tls,
    ):
        return tls.selected_alpn_protocol()


def _expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise StackError(f"{what}: {found!r}, not {wanted!r}")


def preflight(stack: Stack, say: Say) -> None:
    """Back up, and ask whether all is well."""
    stack.manage("backup")
    say("manage backup: written and verified")
    lines = stack.manage("preflight").splitlines()
    verdicts = [line for line in lines if "GO" in line or "WARN" in line]
    for line in verdicts:
        say(f"  {line.strip()}")
    say("manage preflight: go")
