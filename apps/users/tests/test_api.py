"""Signing in and out, tokens, and what people change of themselves, end to end."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from rest_framework.test import APIClient

from apps.core.tests.answers import client_of, error_of, findings_of
from apps.users.tests.factories import PASSWORD, UserFactory

if TYPE_CHECKING:
    from pytest_django import Settings

    from apps.users.models import User

AUTH = "/api/v1/auth/"
ME = "/api/v1/me/"
NEW_PASSWORD = "a-much-better-pass-7"  # noqa: S105
JSON = "application/json"

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory.create(username="ada", first_name="Ada")


@pytest.fixture
def browser() -> Client:
    """A client that is held to CSRF checks, as a browser is."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def csrf(browser: Client) -> dict[str, str]:
    """Fetch the CSRF cookie and return the header that goes with it."""
    return {"X-CSRFToken": browser.get(f"{AUTH}csrf/").json()["csrf_token"]}


def login(browser: Client, username: str = "ada", password: str = PASSWORD) -> Any:
    """Sign in as a page would."""
    body = {"username": username, "password": password}
    return browser.post(f"{AUTH}login/", body, JSON, headers=csrf(browser))


def program(token: str) -> APIClient:
    """Return a program that sends a token."""
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client


def token_of(username: str = "ada", password: str = PASSWORD) -> str:
    body = {"username": username, "password": password}
    return str(Client().post(f"{AUTH}token/", body, JSON).json()["token"])


# --- the CSRF cookie


def test_the_csrf_cookie_comes_with_its_token_and_is_not_cached() -> None:
    response = Client().get(f"{AUTH}csrf/")

    assert response.json()["csrf_token"]
    assert response.cookies["csrftoken"]["samesite"] == "Lax"
    assert "no-store" in response["Cache-Control"]


# --- signing in


@pytest.mark.usefixtures("user")
def test_signing_in_starts_a_session(browser: Client) -> None:
    response = login(browser)

    assert response.status_code == 200
    assert response.json()["username"] == "ada"
    assert response.cookies["sessionid"]["httponly"]
    assert browser.get(f"{AUTH}session/").json()["authenticated"] is True


@pytest.mark.usefixtures("user")
def test_signing_in_without_the_csrf_token_is_refused(browser: Client) -> None:
    body = {"username": "ada", "password": PASSWORD}

    response = browser.post(f"{AUTH}login/", body, JSON)

    assert error_of(response, 403).code == "csrf_failed"
    assert "sessionid" not in browser.cookies


@pytest.mark.parametrize("where", ["login", "token"])
@pytest.mark.usefixtures("user")
def test_a_wrong_password_and_an_unknown_user_are_told_alike(
    browser: Client, where: str
) -> None:
    tries = [("ada", "wrong"), ("nobody", PASSWORD)]

    findings = [
        error_of(
            browser.post(
                f"{AUTH}{where}/",
                {"username": name, "password": password},
                JSON,
                headers=csrf(browser),
            ),
            400,
        )
        for name, password in tries
    ]

    assert findings[0] == findings[1]
    assert findings[0].code == "credentials_wrong"


def test_who_was_deactivated_cannot_sign_in(browser: Client, user: User) -> None:
    user.is_active = False
    user.save()

    assert error_of(login(browser), 400).code == "credentials_wrong"


@pytest.mark.usefixtures("user")
def test_a_session_that_somebody_planted_gets_another_key(browser: Client) -> None:
    planted = SessionStore()
    planted["basket"] = "kept"
    planted.save()
    key = str(planted.session_key)
    browser.cookies["sessionid"] = key

    login(browser)

    assert browser.cookies["sessionid"].value != key
    assert not SessionStore().exists(key)


@pytest.mark.parametrize("where", ["login", "token"])
def test_guessing_is_slowed_down(
    browser: Client, settings: Settings, where: str
) -> None:
    framework = copy.deepcopy(settings.REST_FRAMEWORK)
    framework["DEFAULT_THROTTLE_RATES"]["login"] = "3/minute"
    settings.REST_FRAMEWORK = framework
    body = {"username": "ada", "password": "guess"}

    answers = [
        browser.post(f"{AUTH}{where}/", body, JSON, headers=csrf(browser))
        for _ in range(4)
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
    assert int(answers[3]["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("body", "attrs"),
    [
        ({}, {"username", "password"}),
        ({"username": "", "password": ""}, {"username", "password"}),
        ({"username": "ada", "password": "x", "admin": True}, {"admin"}),
        ({"username": "a\x00b", "password": "x"}, {"username"}),
        ({"username": "x" * 151, "password": "x"}, {"username"}),
    ],
)
def test_what_is_missing_or_odd_is_named(body: dict[str, Any], attrs: set[str]) -> None:
    findings = findings_of(Client().post(f"{AUTH}token/", body, JSON), 400)

    assert {one.attr for one in findings} == attrs


# --- signing out


def test_signing_out_ends_the_session(browser: Client, user: User) -> None:
    browser.force_login(user)

    response = browser.post(f"{AUTH}logout/", {}, JSON, headers=csrf(browser))

    assert response.status_code == 204
    assert browser.get(f"{AUTH}session/").json() == {
        "authenticated": False,
        "user": None,
    }


def test_a_session_cannot_write_without_the_csrf_token(
    browser: Client, user: User
) -> None:
    browser.force_login(user)

    error_of(browser.post(f"{AUTH}logout/", {}, JSON), 403)

    assert browser.get(f"{AUTH}session/").json()["authenticated"] is True


def test_whoever_asks_is_told_whether_they_are_signed_in(user: User) -> None:
    nobody, somebody = Client(), Client()
    somebody.force_login(user)

    assert nobody.get(f"{AUTH}session/").json()["authenticated"] is False
    assert somebody.get(f"{AUTH}session/").json()["user"]["username"] == "ada"


# --- tokens


@pytest.mark.usefixtures("user")
def test_a_token_opens_what_is_its_owners() -> None:
    response = program(token_of()).get(ME)

    assert (response.status_code, response.json()["username"]) == (200, "ada")


@pytest.mark.usefixtures("user")
def test_a_token_needs_no_csrf() -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token_of()}")

    assert client.patch(ME, {"first_name": "Grace"}).status_code == 200


@pytest.mark.usefixtures("user")
def test_the_same_token_is_given_until_it_is_revoked() -> None:
    first = token_of()
    assert token_of() == first

    assert program(first).post(f"{AUTH}token/revoke/").status_code == 204

    assert error_of(program(first).get(ME), 401).code == "authentication_failed"
    assert token_of() != first


def test_revoking_without_a_token_is_no_error(user: User) -> None:
    assert client_of(user).post(f"{AUTH}token/revoke/").status_code == 204


@pytest.mark.parametrize(
    "header", ["Token wrong", "Token", "Token a b", "Token \u00e9", "Bearer x"]
)
def test_a_token_that_is_none_is_401_with_its_challenge(header: str) -> None:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=header)

    response = client.get(ME)

    error_of(response, 401)
    assert response["WWW-Authenticate"]


def test_a_token_of_somebody_deactivated_opens_nothing(user: User) -> None:
    token = token_of()
    user.is_active = False
    user.save()

    error_of(program(token).get(ME), 401)


@pytest.mark.parametrize(
    ("method", "where"),
    [
        ("get", ME),
        ("patch", ME),
        ("post", f"{ME}password/"),
        ("post", f"{AUTH}logout/"),
        ("post", f"{AUTH}token/revoke/"),
    ],
)
def test_what_is_personal_is_closed_to_nobody_in_particular(
    method: str, where: str
) -> None:
    response = getattr(Client(), method)(where)

    assert error_of(response, 401).code == "not_authenticated"


# --- the caller's own record


def test_a_person_sees_themselves_and_no_secret(user: User) -> None:
    body = client_of(user).get(ME).json()

    assert (body["id"], body["username"]) == (str(user.pk), "ada")
    assert "password" not in body


def test_a_person_changes_only_what_they_send(user: User) -> None:
    body = client_of(user).patch(ME, {"last_name": "Lovelace"}).json()

    user.refresh_from_db()
    assert (body["first_name"], body["last_name"]) == ("Ada", "Lovelace")
    assert (user.first_name, user.last_name) == ("Ada", "Lovelace")


def test_a_person_may_empty_a_field(user: User) -> None:
    assert client_of(user).patch(ME, {"first_name": ""}).json()["first_name"] == ""


@pytest.mark.parametrize("name", ["is_staff", "is_superuser", "username", "id"])
def test_a_person_cannot_promote_themselves(user: User, name: str) -> None:
    finding = error_of(client_of(user).patch(ME, {name: "x"}), 400)

    assert finding.attr == name
    assert "Known fields" in finding.detail


def test_an_address_that_is_none_is_refused(user: User) -> None:
    assert error_of(client_of(user).patch(ME, {"email": "ada@"}), 400).attr == "email"


# --- the password


def password_post(client: Any, current: str, new: str, **headers: str) -> Any:
    body = {"current_password": current, "new_password": new}
    return client.generic(
        "POST", f"{ME}password/", json.dumps(body), JSON, headers=headers
    )


@pytest.mark.usefixtures("user")
def test_a_changed_password_is_the_only_one_that_works(browser: Client) -> None:
    login(browser)

    response = password_post(browser, PASSWORD, NEW_PASSWORD, **csrf(browser))

    assert response.status_code == 204
    assert login(Client(), password=NEW_PASSWORD).status_code == 200
    assert login(Client(), password=PASSWORD).status_code == 400


@pytest.mark.usefixtures("user")
def test_the_session_that_changes_the_password_lives_on_and_others_end(
    browser: Client,
) -> None:
    elsewhere = Client()
    login(browser)
    login(elsewhere)

    password_post(browser, PASSWORD, NEW_PASSWORD, **csrf(browser))

    assert browser.get(ME).status_code == 200
    assert elsewhere.get(ME).status_code == 401


@pytest.mark.usefixtures("user")
def test_a_changed_password_revokes_the_token_of_the_old_one() -> None:
    token = token_of()

    assert password_post(program(token), PASSWORD, NEW_PASSWORD).status_code == 204

    assert program(token).get(ME).status_code == 401


def test_a_wrong_current_password_changes_nothing(user: User) -> None:
    finding = error_of(password_post(client_of(user), "wrong", NEW_PASSWORD), 400)

    user.refresh_from_db()
    assert (finding.code, finding.attr) == ("password_rejected", "current_password")
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize(
    "weak", ["short-1", "123456789012345", "password1234", "ada-the-user-ada"]
)
def test_a_weak_password_is_refused_with_its_reason(weak: str) -> None:
    user = UserFactory.create(username="ada-the-user")

    findings = findings_of(password_post(client_of(user), PASSWORD, weak), 400)

    user.refresh_from_db()
    assert {(one.code, one.attr) for one in findings} == {
        ("password_rejected", "new_password")
    }
    assert user.check_password(PASSWORD)


def test_every_weakness_is_told_at_once(user: User) -> None:
    findings = findings_of(password_post(client_of(user), PASSWORD, "1234"), 400)

    assert len(findings) == 3
