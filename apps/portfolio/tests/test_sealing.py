"""Keys open for their own account, with their own master key, and for nothing else."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings as bounded, strategies as st

from apps.portfolio.errors.credentials import (
    CredentialsKeyMissing,
    CredentialsSealBroken,
)
from apps.portfolio.sealing import Keys, current_key_id, seal, seal_key_id, unseal
from apps.portfolio.tests.factories import master_key

if TYPE_CHECKING:
    from pytest_django import Settings

ACCOUNT, OWNER, OTHER = (UUID(int=number) for number in (1, 2, 3))
KEYS = Keys("an-api-key-canary", "a-secret-canary", "a-password-canary")


@pytest.fixture(autouse=True)
def _key(settings: Settings) -> None:
    settings.CREDENTIALS_KEY = master_key()
    settings.CREDENTIALS_KEYS_OLD = ()


def sealed() -> str:
    return seal(KEYS, account_id=ACCOUNT, owner_id=OWNER)


def opened(text: str, account: UUID = ACCOUNT, owner: UUID = OWNER) -> Keys:
    return unseal(text, account_id=account, owner_id=owner)


@given(st.text(max_size=200), st.text(max_size=200), st.none() | st.text(max_size=60))
@bounded(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_sealed_opens_as_it_was(
    api_key: str, secret: str, password: str | None
) -> None:
    keys = Keys(api_key, secret, password)
    assert opened(seal(keys, account_id=ACCOUNT, owner_id=OWNER)) == keys


def test_a_sealed_text_names_its_key_holds_nothing_readable_and_is_never_the_same() -> (
    None
):
    first, second = sealed(), sealed()
    assert first != second
    assert seal_key_id(first) == current_key_id()
    raw = base64.urlsafe_b64decode(first.rpartition(".")[2])
    for part in ("canary", "api", "secret"):
        assert part not in first
        assert part.encode() not in raw
    assert "canary" not in repr(KEYS)


@pytest.mark.parametrize("whose", [(OTHER, OWNER), (ACCOUNT, OTHER)])
def test_keys_that_are_copied_to_another_account_or_owner_do_not_open(
    whose: tuple[UUID, UUID],
) -> None:
    with pytest.raises(CredentialsSealBroken, match="sealed for another account"):
        opened(sealed(), *whose)


@given(st.data())
@bounded(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_was_cut_or_changed_does_not_open_and_says_nothing_of_it(
    data: st.DataObject,
) -> None:
    whole = sealed()
    place = data.draw(st.integers(0, len(whole) - 1))
    letter = data.draw(st.sampled_from("Aa0_-.=é"))
    changed = data.draw(
        st.sampled_from([whole[:place], whole[:place] + letter + whole[place + 1 :]])
    )
    if changed == whole:
        return
    with pytest.raises(CredentialsSealBroken) as caught:
        opened(changed)
    assert caught.value.__cause__ is None
    assert "canary" not in caught.value.message


def test_a_former_key_opens_until_it_is_dropped(settings: Settings) -> None:
    before = sealed()
    settings.CREDENTIALS_KEYS_OLD = (master_key(),)
    settings.CREDENTIALS_KEY = master_key("n")
    assert opened(before) == KEYS
    assert seal_key_id(before) != seal_key_id(sealed())
    settings.CREDENTIALS_KEYS_OLD = ()
    with pytest.raises(CredentialsSealBroken, match="CREDENTIALS_KEYS_OLD"):
        opened(before)


def test_a_master_key_may_be_written_in_either_alphabet(settings: Settings) -> None:
    settings.CREDENTIALS_KEY = type(master_key())(
        base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode()
    )
    text = sealed()
    settings.CREDENTIALS_KEY = type(master_key())(
        base64.b64encode(b"\xfb\xff" * 16).decode()
    )
    assert opened(text) == KEYS


def test_without_a_master_key_it_is_told_what_to_set(settings: Settings) -> None:
    text = sealed()
    settings.CREDENTIALS_KEY = None
    for act in (sealed, lambda: opened(text), current_key_id):
        with pytest.raises(CredentialsKeyMissing, match="CREDENTIALS_KEY is not set"):
            act()
