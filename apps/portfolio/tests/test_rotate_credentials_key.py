"""All keys are sealed anew, each once, and nothing is said of what is in them."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from apps.portfolio.models import AccountPreflight, Credential
from apps.portfolio.sealing import (
    Keys,
    current_key_id,
    seal,
    seal_key_id,
    unseal,
)
from apps.portfolio.services import resealing
from apps.portfolio.tests.factories import (
    live_account_make,
    live_settings,
    master_key,
)

if TYPE_CHECKING:
    from pytest_django import Settings

    from apps.portfolio.models import Account

KEYS = Keys("canary-api-key", "canary-secret", "canary-password")

pytestmark = pytest.mark.django_db


@pytest.fixture
def accounts(settings: Settings) -> list[Account]:
    """Three accounts whose keys are sealed with a key that is now a former one."""
    live_settings(settings)
    made = [live_account_make(keys=KEYS) for _ in range(3)]
    settings.CREDENTIALS_KEYS_OLD = (master_key(),)
    settings.CREDENTIALS_KEY = master_key("n")
    return made


def rotate(*options: str) -> str:
    out = StringIO()
    call_command("rotate_credentials_key", *options, stdout=out)
    return out.getvalue()


def sealed_with_new() -> int:
    texts = Credential.objects.values_list("sealed", flat=True)
    return sum(seal_key_id(text) == current_key_id() for text in texts)


def test_all_keys_are_sealed_with_the_new_key_and_the_old_may_go(
    accounts: list[Account], settings: Settings
) -> None:
    looked = rotate("--dry-run")
    assert "3 would be sealed" in looked
    assert "still needed" in looked
    assert sealed_with_new() == 0
    done = rotate()
    assert "3 were sealed" in done
    assert "CREDENTIALS_KEYS_OLD is not needed any more" in done
    assert "0 were sealed" in rotate()
    assert sealed_with_new() == 3
    settings.CREDENTIALS_KEYS_OLD = ()
    for account in accounts:
        text = Credential.objects.get(account=account).sealed
        assert unseal(text, account_id=account.pk, owner_id=account.owner_id) == KEYS
    assert "canary" not in looked + done
    # The keys are what they were: what they were found to be still holds.
    assert not AccountPreflight.objects.filter(void_at__isnull=False).exists()


def test_an_interrupted_run_goes_on_where_it_was(
    accounts: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def dies(*args: object, **named: object) -> str:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return seal(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(resealing, "seal", dies)
    with pytest.raises(KeyboardInterrupt):
        rotate()
    assert sealed_with_new() == 1
    assert "2 were sealed" in rotate()
    assert sealed_with_new() == 3


def test_keys_that_do_not_open_are_named_by_account_and_fail_the_command(
    accounts: list[Account],
) -> None:
    first, second, third = accounts
    copied = Credential.objects.get(account=first).sealed
    Credential.objects.filter(account=second).update(sealed=copied)
    Credential.objects.filter(account=third).update(sealed=copied[:40])
    with pytest.raises(CommandError) as caught:
        rotate()
    told = str(caught.value)
    assert str(second.pk) in told
    assert str(third.pk) in told
    assert str(first.pk) not in told
    assert "Keep CREDENTIALS_KEYS_OLD" in told
    assert "canary" not in told
    assert Credential.objects.get(account=third).sealed == copied[:40]
    assert sealed_with_new() == 1


def test_without_a_key_it_says_what_to_set(settings: Settings) -> None:
    settings.CREDENTIALS_KEY = None
    with pytest.raises(CommandError, match="CREDENTIALS_KEY is not set"):
        rotate()
