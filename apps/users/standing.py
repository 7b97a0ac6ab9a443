"""Whether somebody who was let in a while ago may stay."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.utils.module_loading import import_string
from rest_framework.authtoken.models import Token

from apps.users.addresses import address_allowed
from apps.users.enums import ApiKeyState
from apps.users.models import ApiKey, User

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Means(StrEnum):
    """By what somebody was let in."""

    KEY = "key"
    TOKEN = "token"  # noqa: S105 - the name of it
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Standing:
    """By what somebody was let in.

    Attributes:
        means: What kind of thing.
        name: The key's id, the token or the session's key.
        address: From where.
    """

    means: Means
    name: str
    address: str

    def __repr__(self) -> str:
        # A token would end in a log.
        return f"Standing({self.means})"


def standings_ended(standings: Iterable[Standing], *, now: datetime) -> set[Standing]:
    """Return those that would not be let in again; a few queries for all.

    Args:
        standings: Of those who are here.
        now: UTC.
    """
    given = set(standings)
    by_means = {means: {one for one in given if one.means is means} for means in Means}
    return {
        *_keys_ended(by_means[Means.KEY], now),
        *_tokens_ended(by_means[Means.TOKEN]),
        *(one for one in by_means[Means.SESSION] if session_user(one.name) is None),
    }


def session_user(session_key: str) -> User | None:
    """Return whose session it is; None: nobody's any more.

    Args:
        session_key: As the cookie has it.
    """
    request = HttpRequest()
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    request.session = store(session_key)
    user = get_user(request)
    return user if isinstance(user, User) and user.is_active else None


def _keys_ended(standings: set[Standing], now: datetime) -> set[Standing]:
    if not standings:
        return set()
    found = ApiKey.objects.select_related("owner").in_bulk(
        [one.name for one in standings]
    )
    keys = {str(pk): key for pk, key in found.items()}
    return {
        one
        for one in standings
        if (key := keys.get(one.name)) is None
        or key.state(now=now) != ApiKeyState.ACTIVE
        or not key.owner.is_active
        or not address_allowed(one.address, key.allowed_addresses)
    }


def _tokens_ended(standings: set[Standing]) -> set[Standing]:
    if not standings:
        return set()
    names = [one.name for one in standings]
    working = Token.objects.filter(key__in=names, user__is_active=True)
    alive = set(working.values_list("key", flat=True))
    return {one for one in standings if one.name not in alive}
