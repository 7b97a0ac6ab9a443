"""What is written to the log, and what never is."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import time
from typing import TYPE_CHECKING, Any

import pytest

from apps.core import context
from apps.core.logs import HIDDEN, secrets_hide
from config.logs import logging_config

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "s3cr3t-Value"  # noqa: S105


@pytest.fixture(params=["json", "console"])
def style(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def out(style: str) -> Iterator[io.StringIO]:
    """Give what the installation's own handler writes, in either style."""
    configured = logging_config(level="DEBUG", style=style)
    made = logging.config.DictConfigurator(configured)
    filters = {
        name: made.configure_filter(one) for name, one in configured["filters"].items()
    }
    handler = logging.StreamHandler(io.StringIO())
    for name in configured["handlers"]["stderr"]["filters"]:
        handler.addFilter(filters[name])
    handler.setFormatter(made.configure_formatter(configured["formatters"][style]))
    logger = logging.getLogger("parallax.tests")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield handler.stream
    logger.removeHandler(handler)
    logger.propagate = True


def logger() -> logging.Logger:
    return logging.getLogger("parallax.tests")


@pytest.mark.parametrize(
    "text",
    [
        f"password={SECRET}",
        f"password: {SECRET}",
        f"PASSWORD = '{SECRET}'",
        f'{{"password": "{SECRET}", "user": "ada"}}',
        f'{{"new_password": "{SECRET}"}}',
        f"current_password={SECRET}&x=1",
        f"api_key={SECRET}",
        f"api-key: {SECRET}",
        f"apiKey={SECRET}",
        f"secret={SECRET}",
        f"apiSecret={SECRET}",
        f"SECRET_KEY={SECRET}",
        f"token={SECRET}",
        f"access_token={SECRET}",
        f"Authorization: Token {SECRET}",
        f"'Authorization': 'Bearer {SECRET}'",
        f"authorization: basic {SECRET}",
        f"Cookie: sessionid={SECRET}; csrftoken={SECRET}",
        f"postgres://ada:{SECRET}@db:5432/parallax",
        f"redis://:{SECRET}@cache:6379/0",
        f"wss://ada:{SECRET}@venue.example/stream?x=1",
        f"plx_0123456789abcdef_{SECRET}",
        f"GET /api/v1/x/plx_0123456789abcdef_{SECRET}/ 404",
        f"'HTTP_AUTHORIZATION': 'Bearer plx_0123456789abcdef_{SECRET}'",
        f"PLX_0123456789ABCDEF_{SECRET}",
    ],
)
def test_a_secret_is_hidden_in_a_text(text: str) -> None:
    hidden = secrets_hide(text)

    assert SECRET not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_secret_of_several_words_is_hidden_to_its_last(quote: str) -> None:
    text = f"password={quote}correct horse, battery{quote} user=ada"

    hidden = secrets_hide(text)

    assert "horse" not in hidden
    assert "battery" not in hidden
    assert hidden.endswith("user=ada")


def test_a_quote_inside_a_secret_does_not_end_it() -> None:
    assert "tail" not in secrets_hide(r'{"password": "head\"tail"}')


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v1/strategies/ 200 in 3.1 ms",
        "the token was revoked",
        "https://example.org:8443/path",
        "2026-01-01T00:00:00Z 42 trades",
        "api key plx_0123456789abcdef revoked by its owner",
    ],
)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert secrets_hide(text) == text


def test_a_long_path_costs_no_more_than_its_length() -> None:
    started = time.process_time()

    secrets_hide("a" * 300_000)
    secrets_hide("plx_" * 75_000)
    secrets_hide(f"plx_{'0' * 300_000}")

    assert time.process_time() - started < 1


def test_no_secret_is_written_from_a_message(out: io.StringIO) -> None:
    logger().warning(f"password={SECRET}")

    assert SECRET not in out.getvalue()


def test_no_secret_is_written_from_an_argument(out: io.StringIO) -> None:
    logger().warning("sent %s to %s", {"api_key": SECRET}, "venue")

    assert SECRET not in out.getvalue()
    assert "venue" in out.getvalue()


def test_no_secret_is_written_from_a_traceback(out: io.StringIO) -> None:
    try:
        raise ConnectionError(f"postgres://ada:{SECRET}@db/parallax refused")
    except ConnectionError:
        logger().exception("no database")

    assert SECRET not in out.getvalue()
    assert "ConnectionError" in out.getvalue()
    assert "test_logs.py" in out.getvalue()


def test_no_secret_is_written_from_the_cause_of_an_error(out: io.StringIO) -> None:
    try:
        try:
            raise KeyError(f"token={SECRET}")
        except KeyError as cause:
            raise RuntimeError("wrapped") from cause
    except RuntimeError:
        logger().exception("failed")

    assert SECRET not in out.getvalue()
    assert "KeyError" in out.getvalue()


def test_hiding_leaves_the_record_of_other_handlers_alone(out: io.StringIO) -> None:
    seen: list[logging.LogRecord] = []
    after = logging.Handler()
    after.addFilter(lambda record: seen.append(record) or False)  # type: ignore[func-returns-value]
    logger().addHandler(after)
    try:
        raise ValueError("odd")
    except ValueError:
        logger().exception("password=%s", SECRET)
    finally:
        logger().removeHandler(after)

    assert seen[0].args == (SECRET,)
    assert seen[0].exc_info is not None
    assert SECRET not in out.getvalue()


def line(stream: io.StringIO) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(stream.getvalue())
    return written


@pytest.mark.parametrize("style", ["json"], indirect=True)
def test_a_line_of_json_says_when_where_what_and_for_whom(out: io.StringIO) -> None:
    tokens = context.request_id.set("req-1"), context.user_id.set("ada")
    try:
        logger().info("done in %d ms", 3)
    finally:
        context.request_id.reset(tokens[0])
        context.user_id.reset(tokens[1])

    written = line(out)
    assert written.pop("time")
    assert written == {
        "level": "INFO",
        "logger": "parallax.tests",
        "message": "done in 3 ms",
        "request_id": "req-1",
        "user_id": "ada",
    }


@pytest.mark.parametrize("style", ["json"], indirect=True)
def test_a_record_is_one_line_whatever_is_in_it(out: io.StringIO) -> None:
    logger().info('first\n{"level": "forged"}')

    assert out.getvalue().count("\n") == 1
    assert line(out)["level"] == "INFO"


@pytest.mark.parametrize("style", ["json"], indirect=True)
def test_outside_of_a_request_the_context_is_null(out: io.StringIO) -> None:
    logger().info("idle")

    assert (line(out)["request_id"], line(out)["user_id"]) == (None, None)
