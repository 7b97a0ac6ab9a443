"""Who connects, where no request of the REST framework says so: a WebSocket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rest_framework.authtoken.models import Token

from apps.users.enums import ApiKeyScope
from apps.users.key_format import key_prefix
from apps.users.models import User
from apps.users.services import api_key_verify
from apps.users.standing import Means, Standing, session_user

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may read, and by what they were let in."""

    user: User
    standing: Standing


def caller_by_header(header: str, *, address: str, now: datetime) -> Caller | None:
    """Return who sends an `Authorization` header; None: it is not valid.

    Args:
        header: `Bearer <API key>` or `Token <token>`.
        address: The caller's, as the server knows it.
        now: UTC.
    """
    scheme, _, text = header.partition(" ")
    if scheme.lower() not in {"bearer", "token"}:
        return None
    return caller_by_text(text.strip(), address=address, now=now)


def caller_by_text(text: str, *, address: str, now: datetime) -> Caller | None:
    """Return whose API key or token it is; None: nobody's.

    Args:
        text: As it was sent.
        address: The caller's, as the server knows it.
        now: UTC.
    """
    if key_prefix(text) is not None:
        key = api_key_verify(text=text, address=address, now=now)
        if key is None or ApiKeyScope.READ not in key.scopes:
            return None
        return Caller(key.owner, Standing(Means.KEY, str(key.pk), address))
    tokens = Token.objects.select_related("user")
    token = tokens.filter(key=text, user__is_active=True).first()
    if token is None or not isinstance(token.user, User):
        return None
    return Caller(token.user, Standing(Means.TOKEN, token.key, address))


def caller_by_session(session_key: str, *, address: str) -> Caller | None:
    """Return whose session it is; None: nobody's.

    Args:
        session_key: As the cookie has it.
        address: The caller's, as the server knows it.
    """
    user = session_user(session_key)
    if user is None:
        return None
    return Caller(user, Standing(Means.SESSION, session_key, address))
