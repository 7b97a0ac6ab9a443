"""Market making over HTTP: what is asked, what is refused, and whose it is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.analysis.models import MarketMakingRun
from apps.analysis.tests.captures import capture_row
from apps.analysis.tests.factories import FIRST, job_end
from apps.core.tests.answers import client_of, error_of
from apps.engines import registry
from apps.engines.market_making import LatencyModel, QueueModel
from apps.jobs.models import Job
from apps.jobs.services import job_cancel
from apps.market.tests.factories import InstrumentFactory
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from apps.market.models import BookCapture
    from apps.users.models import User

RUNS = "/api/v1/market-making/"
PARTS = ("", "fills/", "equity/")

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("_all_engines_installed"),
]


def capture_of(user: User) -> BookCapture:
    """Store a row of an hour of a market with a step of 0.001 from 0.002 on."""
    instrument = InstrumentFactory.create(
        owner=user,
        symbol="BTC/USDT:USDT",
        quantity_step=Decimal("0.001"),
        min_quantity=Decimal("0.002"),
    )
    return capture_row(instrument, first=FIRST, last=FIRST + timedelta(hours=1))


@pytest.fixture
def capture(user: User) -> BookCapture:
    return capture_of(user)


@pytest.fixture
def body(capture: BookCapture) -> dict[str, Any]:
    return {
        "capture": str(capture.pk),
        "quoting": {
            "half_spread_bps": 1.5,
            "order_quantity": "0.010",
            "max_position": "0.05",
        },
        "maker_fee": "-0.0001",
        "taker_fee": "0.0005",
    }


@pytest.fixture
def asked(client: APIClient, body: dict[str, Any]) -> str:
    """The address of a run whose job has not begun."""
    return str(client.post(RUNS, body)["Location"])


def with_changes(body: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a body with fields replaced, those of the quoting by `quoting.name`."""
    changed = body | {"quoting": dict(body["quoting"])}
    for name, value in changes.items():
        inner = name.removeprefix("quoting.")
        (changed if inner == name else changed["quoting"])[inner] = value
    return changed


# --- asking


def test_a_run_is_accepted_as_a_job_and_says_what_was_taken_for_granted(
    client: APIClient, body: dict[str, Any], capture: BookCapture
) -> None:
    answer = client.post(RUNS, body)

    told = answer.json()
    run = MarketMakingRun.objects.get()
    assert answer.status_code == 202
    assert answer["Location"] == told["_links"]["self"] == f"{RUNS}{run.pk}/"
    assert told["job"]["state"] == "queued"
    assert told["capture"] == str(capture.pk)
    assert told["quoting"] == {
        "half_spread_bps": 1.5,
        "skew_bps": 0,
        "order_quantity": "0.01",
        "grid_levels": 1,
        "grid_step_bps": 1,
        "max_position": "0.05",
        "interval_ms": 100,
    }
    assert (told["queue_model"], told["queue_power"]) == ("power_prob", 2.0)
    assert told["latency_model"] == "constant"
    assert (told["entry_latency_ms"], told["response_latency_ms"]) == (10.0, 10.0)
    assert told["latency_factor"] is None
    assert told["partial_fills"] is False
    assert told["metrics"] is None
    # So that the capture is not deleted while it is played.
    job = Job.objects.get()
    assert job.payload == {"market_making": str(run.pk), "capture": str(capture.pk)}


@pytest.mark.parametrize("name", list(QueueModel))
def test_a_queue_model_is_chosen_by_name(
    client: APIClient, body: dict[str, Any], name: QueueModel
) -> None:
    told = client.post(RUNS, body | {"queue_model": name.value}).json()

    powered = name.value.startswith("power_prob")
    assert told["queue_model"] == name.value
    assert told["queue_power"] == (2.0 if powered else None)


def test_the_feeds_latency_has_a_factor_and_no_figures_of_its_own(
    client: APIClient, body: dict[str, Any]
) -> None:
    told = client.post(RUNS, body | {"latency_model": LatencyModel.FEED.value}).json()

    assert (told["latency_model"], told["latency_factor"]) == ("feed", 1.0)
    assert told["entry_latency_ms"] is told["response_latency_ms"] is None


def test_the_same_key_is_one_run(client: APIClient, body: dict[str, Any]) -> None:
    client.credentials(HTTP_IDEMPOTENCY_KEY="once")
    first, second = client.post(RUNS, body), client.post(RUNS, body)

    assert first.content == second.content
    assert MarketMakingRun.objects.count() == Job.objects.count() == 1


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "status", "code", "attr"),
    [
        ({"queue_model": "fifo"}, 400, "invalid_choice", "queue_model"),
        ({"latency_model": "none"}, 400, "invalid_choice", "latency_model"),
        ({"speed": 1}, 400, "invalid", "speed"),
        ({"quoting.speed": 1}, 400, "invalid", "quoting.speed"),
        ({"capture": "book"}, 400, "invalid", "capture"),
        ({"maker_fee": "0.2"}, 400, "max_value", "maker_fee"),
        (
            {"quoting.half_spread_bps": -1},
            400,
            "min_value",
            "quoting.half_spread_bps",
        ),
        ({"quoting.half_spread_bps": "1"}, 400, "invalid", "quoting.half_spread_bps"),
        ({"quoting.grid_levels": 51}, 400, "max_value", "quoting.grid_levels"),
        ({"quoting.interval_ms": 0}, 400, "min_value", "quoting.interval_ms"),
        ({"quoting.order_quantity": "0"}, 400, "min_value", "quoting.order_quantity"),
        ({"horizon_ms": -1}, 400, "min_value", "horizon_ms"),
        (
            {"queue_model": "log_prob", "queue_power": 2},
            400,
            "option_without_effect",
            "queue_power",
        ),
        ({"latency_factor": 2}, 400, "option_without_effect", "latency_factor"),
        (
            {"latency_model": "feed", "entry_latency_ms": 5},
            400,
            "option_without_effect",
            "entry_latency_ms",
        ),
        (
            {"quoting.order_quantity": "0.0105"},
            422,
            "quoting_invalid",
            "quoting.order_quantity",
        ),
        (
            {"quoting.order_quantity": "0.001"},
            422,
            "quoting_invalid",
            "quoting.order_quantity",
        ),
        (
            {"quoting.max_position": "0.009"},
            422,
            "quoting_invalid",
            "quoting.max_position",
        ),
        ({"record_interval_ms": 1}, 422, "quoting_invalid", "record_interval_ms"),
        ({"partial_fills": True}, 422, "unsupported_by_engine", "partial_fills"),
    ],
)
def test_what_cannot_be_played_as_asked_is_refused_by_name(
    client: APIClient,
    body: dict[str, Any],
    changes: dict[str, Any],
    status: int,
    code: str,
    attr: str,
) -> None:
    error = error_of(client.post(RUNS, with_changes(body, changes)), status)

    assert (error.code, error.attr) == (code, attr)
    assert not MarketMakingRun.objects.exists()
    assert not Job.objects.exists()


def test_an_unknown_model_is_answered_with_those_that_there_are(
    client: APIClient, body: dict[str, Any]
) -> None:
    for field, known in (("queue_model", QueueModel), ("latency_model", LatencyModel)):
        detail = error_of(client.post(RUNS, body | {field: "best"}), 400).detail
        assert "'best'" in detail
        assert all(name.value in detail for name in known)


def test_partial_fills_are_refused_with_the_reason(
    client: APIClient, body: dict[str, Any]
) -> None:
    error = error_of(client.post(RUNS, body | {"partial_fills": True}), 422)

    assert "does not carry them to the position" in error.detail


def test_without_the_engine_a_run_is_unavailable_and_says_what_to_install(
    client: APIClient, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "version_of", lambda _: None)

    error = error_of(client.post(RUNS, body), 503)

    assert error.code == "engine_unavailable"
    assert "--extra hftbacktest" in error.detail


# --- whose it is


def test_a_capture_of_another_is_not_found(
    client: APIClient, body: dict[str, Any]
) -> None:
    other = capture_of(UserFactory.create())

    error = error_of(client.post(RUNS, body | {"capture": str(other.pk)}), 404)

    assert (error.code, error.attr) == ("capture_not_found", "capture")


def test_a_run_of_another_is_not_found_and_not_listed(asked: str) -> None:
    stranger = client_of(UserFactory.create())

    assert stranger.get(RUNS).json()["results"] == []
    for part in PARTS:
        error = error_of(stranger.get(asked + part), 404)
        assert error.code == "market_making_not_found"
    error_of(stranger.delete(asked), 404)
    assert MarketMakingRun.objects.count() == 1


def test_who_is_not_signed_in_sees_nothing(asked: str) -> None:
    nobody = APIClient(raise_request_exception=False)
    for part in PARTS:
        assert nobody.get(asked + part).status_code in {401, 403}
    assert nobody.post(RUNS, {}).status_code in {401, 403}


def test_runs_are_listed_newest_first_and_by_capture(
    client: APIClient, user: User, body: dict[str, Any], asked: str
) -> None:
    other = capture_of_another_market(user)
    newer = client.post(RUNS, body | {"capture": str(other.pk)})["Location"]

    def listed(**query: str) -> list[str]:
        found = client.get(RUNS, query).json()["results"]
        return [one["_links"]["self"] for one in found]

    assert listed() == [newer, asked]
    assert listed(capture=body["capture"]) == [asked]


def capture_of_another_market(user: User) -> BookCapture:
    instrument = InstrumentFactory.create(owner=user, quantity_step=Decimal("0.001"))
    return capture_row(instrument, first=FIRST, last=FIRST + timedelta(hours=1))


# --- before there is a result


def test_before_the_end_there_is_no_result_and_that_is_said(
    client: APIClient, asked: str
) -> None:
    for part in ("fills/", "equity/"):
        error = error_of(client.get(asked + part), 409)
        assert error.code == "market_making_not_finished"
        assert "its job is queued" in error.detail


def test_a_run_is_deleted_when_its_job_has_ended_and_not_before(
    client: APIClient, user: User, asked: str
) -> None:
    assert error_of(client.delete(asked), 409).code == "market_making_running"
    job_cancel(actor=user, job_id=Job.objects.get().pk, now=timezone.now())
    assert client.delete(asked).status_code == 204
    assert error_of(client.get(asked), 404).code == "market_making_not_found"


def test_a_run_outlives_its_capture(
    client: APIClient, asked: str, capture: BookCapture
) -> None:
    job_end(Job.objects.get())
    assert client.delete(f"/api/v1/captures/{capture.pk}/").status_code == 204

    told = client.get(asked).json()
    assert told["capture"] is told["_links"]["capture"] is None
