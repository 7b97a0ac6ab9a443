"""Reads of verdicts and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.risk.errors.gate import VerdictNotFound
from apps.risk.models import RiskEvent, RiskVerdict

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.users.models import User


def verdict_list(*, actor: User) -> QuerySet[RiskVerdict]:
    """Return what the gate said of the actor's orders, newest first."""
    return RiskVerdict.objects.filter(owner=actor).order_by("-at", "-id")


def verdict_get(*, actor: User, verdict_id: UUID) -> RiskVerdict:
    """Return one verdict.

    Raises:
        VerdictNotFound: There is none with this id for this actor.
    """
    found = verdict_list(actor=actor).filter(pk=verdict_id).first()
    if found is None:
        msg = f"There is no verdict {verdict_id}; see GET /api/v1/risk/verdicts/."
        raise VerdictNotFound(msg)
    return found


def event_list(*, actor: User) -> QuerySet[RiskEvent]:
    """Return what the actor should know of, newest first."""
    return RiskEvent.objects.filter(owner=actor).order_by("-created_at", "-id")
