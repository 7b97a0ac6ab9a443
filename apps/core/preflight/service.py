"""Checks of settings and secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from apps.core.preflight.contracts import go, no_go, warn

if TYPE_CHECKING:
    from apps.core.preflight.contracts import Finding

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
PLACEHOLDER = "change-me"
SECRET_KEY_LENGTH = 50


def settings_check() -> list[Finding]:
    """Look at what must be closed before strangers can reach the service."""
    return [_secret_key(), _debug(), _https(), _hosts()]


def credentials_check() -> list[Finding]:
    """Look at the key that encrypts the keys of exchanges; its form is checked at start."""
    if settings.CREDENTIALS_KEY:
        return [go("credentials key", "set")]
    return [
        warn(
            "credentials key",
            "not set: keys of exchanges cannot be stored",
            "set CREDENTIALS_KEY; make_env --stdout prints a fresh one",
        )
    ]


def _secret_key() -> Finding:
    key = settings.SECRET_KEY
    if len(key) < SECRET_KEY_LENGTH or PLACEHOLDER in key:
        return no_go(
            "secret key",
            "short, or the placeholder: sessions can be forged",
            "set SECRET_KEY; make_env --stdout prints a fresh one",
        )
    return go("secret key", f"{len(key)} characters")


def _debug() -> Finding:
    if settings.DEBUG:
        return no_go("debug", "on: errors show settings to anyone", "set DEBUG=false")
    return go("debug", "off")


def _https() -> Finding:
    if settings.SECURE_SSL_REDIRECT:
        return go("https", "redirect, HSTS and secure cookies are on")
    if LOOPBACK.issuperset(settings.ALLOWED_HOSTS):
        return warn(
            "https", "off, on this machine alone", "set HTTPS_ONLY=true to go further"
        )
    return no_go(
        "https",
        "off: passwords and tokens travel in the clear",
        "set HTTPS_ONLY=true and serve behind TLS",
    )


def _hosts() -> Finding:
    hosts = settings.ALLOWED_HOSTS
    if "*" in hosts:
        return no_go(
            "allowed hosts", "any name is answered", "name the hosts in ALLOWED_HOSTS"
        )
    if LOOPBACK.issuperset(hosts):
        return warn(
            "allowed hosts",
            "only this machine can use the service",
            "add its public name to ALLOWED_HOSTS",
        )
    return go("allowed hosts", ", ".join(hosts))
