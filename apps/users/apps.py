from __future__ import annotations

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """People, and how they prove who they are."""

    name = "apps.users"
