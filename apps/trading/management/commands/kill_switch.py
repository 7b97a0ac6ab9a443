"""The kill switch, for whoever runs the service."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from apps.core.database import database_require
from apps.core.errors import ApplicationError
from apps.portfolio.models import Account
from apps.risk.enums import TradingState
from apps.risk.models import RiskScope
from apps.risk.services.halts import kill_switch_engage, kill_switch_release

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from apps.users.models import User

_EXAMPLE = """examples:
  manage.py kill_switch engage --user alice --reason "the venue behaves oddly"
  manage.py kill_switch status
  manage.py kill_switch release --user alice --reason "looked at, all well"
"""


class Command(BaseCommand):
    """`manage.py kill_switch engage|release|status`."""

    help = (
        "Stop trading of an account or of all of a user's, and let it go on again. "
        "What is open is cancelled; run_trading goes on until the venue confirms it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _EXAMPLE
        parser.add_argument("do", choices=("engage", "release", "status"))
        parser.add_argument("--account", type=UUID, help="this account")
        parser.add_argument("--user", help="all accounts of this user: name or email")
        parser.add_argument("--reason", default="", help="why, for who looks later")
        parser.add_argument(
            "--force",
            action="store_true",
            help="release it though the venue has not confirmed that nothing is open",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what is asked, and print how it stands."""
        database_require()
        if options["do"] == "status":
            self._status()
            return
        if (options["account"] is None) == (options["user"] is None):
            msg = "Name --account or --user, one of them."
            raise CommandError(msg)
        if not options["reason"]:
            msg = "Say --reason: somebody will want to know."
            raise CommandError(msg)
        actor = _actor(options["account"], options["user"])
        named = {"actor": actor, "account_id": options["account"]}
        told = {"reason": options["reason"], "now": timezone.now()}
        try:
            if options["do"] == "engage":
                scope = kill_switch_engage(**named, **told)
            else:
                force = options["force"]
                scope = kill_switch_release(**named, **told, force=force)
        except ApplicationError as error:
            raise CommandError(error.message) from error
        self._tell(scope)

    def _status(self) -> None:
        scopes = list(
            RiskScope.objects.exclude(state=TradingState.ACTIVE.value).order_by("scope")
        )
        if not scopes:
            self.stdout.write("every account may trade")
        for scope in scopes:
            self._tell(scope)

    def _tell(self, scope: RiskScope) -> None:
        self.stdout.write(f"{scope.scope}: {scope.state} ({scope.reason})")
        if scope.state == TradingState.HALTED.value:
            for name in ("halted_at", "quiet_at", "cleared_at"):
                self.stdout.write(f"  {name}: {getattr(scope, name) or 'not yet'}")


def _actor(account_id: UUID | None, name: str | None) -> User:
    """Return whose accounts they are."""
    if account_id is not None:
        account = Account.objects.select_related("owner").filter(pk=account_id).first()
        if account is None:
            msg = f"There is no account {account_id}."
            raise CommandError(msg)
        return account.owner
    users = get_user_model()
    found = users.objects.filter(Q(username=name) | Q(email__iexact=name or "")).first()
    if found is None:
        msg = f"There is no user {name!r}."
        raise CommandError(msg)
    return found
