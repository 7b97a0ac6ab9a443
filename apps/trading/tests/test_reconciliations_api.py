"""Comparisons over HTTP, as a job, as a command, and in a live account's preflight."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.core.errors import ApplicationError
from apps.core.preflight.contracts import Verdict
from apps.jobs.models import Job
from apps.portfolio.tests.conftest import actor, client  # noqa: F401 - fixtures
from apps.portfolio.tests.world import account_make, market_make, user_make
from apps.trading import tasks
from apps.trading.account_preflight import reconciliation_check
from apps.trading.enums import ReconciliationTrigger
from apps.trading.errors.reconciliations import ReconciliationRunning
from apps.trading.models import Reconciliation
from apps.trading.services import comparing_balances, reconciling_in_turn
from apps.trading.services.reconciling import account_reconcile
from apps.trading.tests.fake_venue import FakeVenue, venue_use

if TYPE_CHECKING:
    from rest_framework.test import APIClient

    from apps.portfolio.models import Account
    from apps.users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> FakeVenue:
    monkeypatch.setattr(comparing_balances, "RECHECK_SECONDS", 0)
    market_make()
    found = venue_use(monkeypatch, FakeVenue())
    found.deposit("USDT", 100)
    return found


def context(job_id: str, said: list[str] | None = None) -> Any:
    """Return what a job's handler is given; `said` takes what it says meanwhile."""
    job = Job.objects.get(pk=job_id)
    told = [] if said is None else said
    return SimpleNamespace(
        owner_id=job.owner_id,
        payload=job.payload,
        progress=lambda _, message: told.append(message),
    )


def asked_for(client: APIClient, account: Account) -> str:  # noqa: F811
    """Ask for a comparison; returns its job."""
    answer = client.post("/api/v1/reconciliations/", {"account": str(account.pk)})
    assert answer.status_code == 202
    return str(answer.json()["id"])


def run(account: Account) -> Reconciliation:
    demand = ReconciliationTrigger.DEMAND
    return account_reconcile(account=account, trigger=demand, now=timezone.now())


def test_a_comparison_is_asked_for_done_and_read(
    actor: User,  # noqa: F811
    client: APIClient,  # noqa: F811
    venue: FakeVenue,
) -> None:
    account = account_make(actor, mode="live")
    result = tasks.run_reconcile(context(asked_for(client, account)))
    where = f"/api/v1/reconciliations/{result['reconciliation_id']}/"

    body = client.get(where).json()
    listed = client.get(f"/api/v1/reconciliations/?account={account.pk}").json()

    assert (body["state"], body["unexplained"]) == ("done", False)
    assert body["findings"][0]["kind"] == "opening"
    assert [one["id"] for one in listed["results"]] == [body["id"]]


def test_a_comparison_that_runs_already_is_waited_for_and_not_failed_by(
    actor: User,  # noqa: F811
    client: APIClient,  # noqa: F811
    venue: FakeVenue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = account_make(actor, mode="live")
    scheduled = Reconciliation.objects.create(
        owner=actor, account=account, trigger="schedule", started_at=timezone.now()
    )
    said: list[str] = []

    def ends(_: float) -> None:
        if len(said) == 2:
            Reconciliation.objects.filter(pk=scheduled.pk).update(state="done")

    monkeypatch.setattr(reconciling_in_turn, "time", SimpleNamespace(sleep=ends))
    result = tasks.run_reconcile(context(asked_for(client, account), said))

    assert len(said) == 2
    assert str(scheduled.pk) in said[0]
    row = Reconciliation.objects.get(pk=result["reconciliation_id"])
    assert (row.trigger, row.state) == ("demand", "done")
    assert row.pk != scheduled.pk


def test_a_comparison_that_runs_too_long_fails_the_job_by_its_name(
    actor: User,  # noqa: F811
    client: APIClient,  # noqa: F811
    venue: FakeVenue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = account_make(actor, mode="live")
    other = Reconciliation.objects.create(
        owner=actor, account=account, trigger="schedule", started_at=timezone.now()
    )
    monkeypatch.setattr(reconciling_in_turn, "LONGEST_WAIT", timedelta(0))
    with pytest.raises(ReconciliationRunning, match=str(other.pk)):
        tasks.run_reconcile(context(asked_for(client, account)))


def test_the_job_of_a_comparison_that_failed_fails_for_the_same_reason(
    actor: User,  # noqa: F811
    client: APIClient,  # noqa: F811
) -> None:
    account = account_make(actor, mode="live")

    with pytest.raises(ApplicationError) as failed:
        tasks.run_reconcile(context(asked_for(client, account)))

    row = Reconciliation.objects.get(account=account)
    assert row.state == "failed"
    assert failed.value.code == row.error_code != "internal_error"
    assert row.error_message in failed.value.message
    assert f"/api/v1/reconciliations/{row.pk}/" in failed.value.message


def test_what_is_another_users_is_not_there(
    actor: User,  # noqa: F811
    client: APIClient,  # noqa: F811
    venue: FakeVenue,
) -> None:
    other = account_make(user_make(), mode="live")
    row = run(other)

    posted = client.post("/api/v1/reconciliations/", {"account": str(other.pk)})
    got = client.get(f"/api/v1/reconciliations/{row.pk}/")
    listed = client.get("/api/v1/reconciliations/").json()

    assert (posted.status_code, got.status_code) == (404, 404)
    assert listed["results"] == []
    extra = {"account": str(account_make(actor).pk), "force": True}
    assert client.post("/api/v1/reconciliations/", extra).status_code == 400


def test_the_command_prints_findings_and_fails_on_an_unexplained_difference(
    venue: FakeVenue, capsys: pytest.CaptureFixture[str]
) -> None:
    account = account_make(mode="live")
    call_command("reconcile", "--account", str(account.pk))
    assert "agrees" in capsys.readouterr().out
    venue.deposit("USDT", 7)

    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", "--all")

    assert ended.value.code == 1
    assert "balance_differs USDT: ours 100, theirs 107" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no account"):
        call_command("reconcile", "--account", str(user_make().pk))


def test_a_live_account_trades_only_on_a_ledger_that_agrees(venue: FakeVenue) -> None:
    account = account_make(mode="live")

    def verdict() -> Verdict:
        (found,) = reconciliation_check(account, timezone.now())
        return found.verdict

    assert verdict() is Verdict.NO_GO
    run(account)
    assert verdict() is Verdict.GO
    venue.deposit("USDT", 1)
    run(account)
    assert verdict() is Verdict.NO_GO
    old = timezone.now() - timedelta(days=1)
    venue.deposit("USDT", -1)
    run(account)
    Reconciliation.objects.update(started_at=old)
    assert verdict() is Verdict.NO_GO
