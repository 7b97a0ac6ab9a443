"""Writes about people, without HTTP."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from apps.users.actor import actor_of
from apps.users.errors import CredentialsWrong, PasswordRejected
from apps.users.services import (
    credentials_check,
    password_change,
    token_issue,
    token_revoke,
    user_update,
)
from apps.users.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def test_right_credentials_return_their_user() -> None:
    user = UserFactory.create()

    found = credentials_check(request=None, username=user.username, password=PASSWORD)

    assert found == user


@pytest.mark.parametrize("password", ["", " ", PASSWORD.upper(), f"{PASSWORD} "])
def test_a_password_is_compared_to_the_letter(password: str) -> None:
    user = UserFactory.create()

    with pytest.raises(CredentialsWrong):
        credentials_check(request=None, username=user.username, password=password)


def test_a_token_belongs_to_one_user() -> None:
    ada, bob = UserFactory.create_batch(2)
    tokens = token_issue(user=ada), token_issue(user=bob)

    token_revoke(user=ada)

    assert tokens[0] != tokens[1]
    assert token_issue(user=bob) == tokens[1]


def test_a_refused_password_leaves_the_token() -> None:
    user = UserFactory.create()
    token = token_issue(user=user)

    with pytest.raises(PasswordRejected):
        password_change(user=user, current=PASSWORD, new="short")

    assert token_issue(user=user) == token


def test_a_field_that_does_not_fit_is_not_stored() -> None:
    user = UserFactory.create(email="ada@example.org")

    with pytest.raises(ValidationError):
        user_update(user=user, first_name=None, last_name=None, email="nonsense")

    user.refresh_from_db()
    assert user.email == "ada@example.org"


def test_a_view_that_forgot_to_ask_hands_no_stranger_to_a_service() -> None:
    with pytest.raises(NotAuthenticated):
        actor_of(Request(APIRequestFactory().get("/")))
