"""People for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from factory.declarations import Sequence
from factory.django import DjangoModelFactory

from apps.users.models import User

if TYPE_CHECKING:
    UserModelFactory = DjangoModelFactory[User]
else:
    UserModelFactory = DjangoModelFactory

PASSWORD = "correct-horse-battery-9"  # noqa: S105


class UserFactory(UserModelFactory):
    """A person who can sign in with `PASSWORD`."""

    class Meta:
        model = User

    username = Sequence(lambda number: f"person-{number}")  # type: ignore[no-untyped-call]
    password = PASSWORD

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(*args, **kwargs)
