"""Every read about people and their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.users.errors import ApiKeyNotFound, UserNotFound
from apps.users.models import ApiKey, User

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

MOST_NAMED = 10


def user_named(*, name: str | None) -> User:
    """Return the person of a name, or the only one there is.

    Args:
        name: The username; None: whoever is the only user.

    Raises:
        UserNotFound: None of this name, or no name and not exactly one user; says who
            there is.
    """
    users = User.objects.order_by("username")
    # From a terminal may come what is no text, and no database is asked for that.
    storable = name is None or name.isprintable()
    asked = users.filter(username=name) if name else users[:2]
    found = list(asked) if storable else []
    if len(found) == 1:
        return found[0]
    known = ", ".join(users.values_list("username", flat=True)[:MOST_NAMED])
    if name:
        msg = f"There is no user {name!r}; users are: {known or 'none yet'}."
    else:
        msg = f"Say whose it is with --user NAME; users are: {known or 'none yet'}."
    raise UserNotFound(msg, attr="user")


def api_key_list(*, actor: User) -> QuerySet[ApiKey]:
    """Return the actor's keys, newest first, also those that work no more."""
    return ApiKey.objects.filter(owner=actor).order_by("-created_at", "-id")


def api_key_get(*, actor: User, api_key_id: UUID, lock: bool = False) -> ApiKey:
    """Return one of the actor's keys.

    Args:
        actor: The owner.
        api_key_id: Which key.
        lock: Keep the row for the rest of the transaction.

    Raises:
        ApiKeyNotFound: There is none with this id for this actor.
    """
    keys = ApiKey.objects.filter(owner=actor, pk=api_key_id)
    key = (keys.select_for_update() if lock else keys).first()
    if key is None:
        msg = f"There is no API key {api_key_id}."
        raise ApiKeyNotFound(msg)
    return key
