"""Every read about people."""

from __future__ import annotations

from apps.users.errors import UserNotFound
from apps.users.models import User

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
    found = list(users.filter(username=name) if name else users[:2])
    if len(found) == 1:
        return found[0]
    known = ", ".join(users.values_list("username", flat=True)[:MOST_NAMED])
    if name:
        msg = f"There is no user {name!r}; users are: {known or 'none yet'}."
    else:
        msg = f"Say whose it is with --user NAME; users are: {known or 'none yet'}."
    raise UserNotFound(msg, attr="user")
