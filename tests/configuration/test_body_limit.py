"""A body over its limit is refused before anybody reads it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from apps.core.edge.snippets import UPLOAD_OVERHEAD_BYTES
from apps.core.metrics.requests import REQUESTS
from config.body_limit import BodyLimit

if TYPE_CHECKING:
    from pytest_django import Settings

UPLOAD = "/api/v1/candle-series/import/"


class Reader:
    """An application that reads its body to the end."""

    def __init__(self) -> None:
        self.received = 0

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            self.received += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})


def ask(path: str, *chunks: bytes, declared: int | None = None) -> tuple[int, Any, int]:
    """Return the status, the body and how much was read."""
    reader, sent = Reader(), []
    headers = [] if declared is None else [(b"content-length", str(declared).encode())]
    messages = [
        {"type": "http.request", "body": chunk, "more_body": number + 1 < len(chunks)}
        for number, chunk in enumerate(chunks)
    ]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    asyncio.run(BodyLimit(reader)(scope, receive, send))
    body = json.loads(sent[1]["body"]) if len(sent) > 1 else None
    return sent[0]["status"], body, reader.received


@pytest.fixture(autouse=True)
def _limits(settings: Settings) -> None:
    settings.BODY_MAX_BYTES = 100
    settings.UPLOAD_MAX_BYTES = 1_000


def test_a_body_within_its_limit_is_read() -> None:
    assert ask("/api/v1/backtests/", b"x" * 100, declared=100) == (200, None, 100)


def test_a_declared_body_over_the_limit_is_refused_unread() -> None:
    status, body, read = ask("/api/v1/backtests/", b"x", declared=2_000_000_000)
    assert (status, read) == (413, 0)
    assert body["type"] == "client_error"
    assert body["errors"][0]["code"] == "too_large"
    assert "100 bytes" in body["errors"][0]["detail"]


def test_a_body_that_does_not_say_its_length_is_cut_off_at_the_limit() -> None:
    status, _, read = ask("/api/v1/backtests/", b"x" * 60, b"x" * 60, b"x" * 60)
    assert (status, read) == (413, 60)


def test_a_body_that_lies_about_its_length_is_cut_off_at_the_limit() -> None:
    status, _, _ = ask("/api/v1/backtests/", b"x" * 101, declared=5)
    assert status == 413


@pytest.mark.parametrize("declared", [None, 200])
def test_a_refused_body_is_counted_with_the_requests(declared: int | None) -> None:
    name = "parallax_http_requests_total"
    labels = {"method": "POST", "route": "unmatched", "status": "413"}
    before = REQUESTS.get_sample_value(name, labels) or 0

    ask("/api/v1/backtests/", b"x" * 101, declared=declared)

    assert REQUESTS.get_sample_value(name, labels) == before + 1


def test_an_upload_has_a_limit_of_its_own() -> None:
    size = 1_000 + UPLOAD_OVERHEAD_BYTES
    assert ask(UPLOAD, b"x" * size, declared=size)[0] == 200
    assert ask(UPLOAD, b"x", declared=size + 1)[0] == 413
