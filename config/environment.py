"""Every setting that the environment may give, typed, with its default and its reason.

This is the only module that reads the environment. A value that does not fit ends the
start with a list of the variables at fault and what would be right for each.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from pydantic import ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from config.sections.edge import EdgeSection
from config.sections.exchanges import ExchangesSection, StreamSection
from config.sections.kinds import BASE_DIR
from config.sections.market import MarketSection
from config.sections.service import ServiceSection
from config.sections.trading import TradingSection
from config.sections.work import FilesSection, WorkSection

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ("BASE_DIR", "Environment", "environment_load", "folder_ensure")


class Environment(
    TradingSection,
    StreamSection,
    ExchangesSection,
    MarketSection,
    FilesSection,
    WorkSection,
    EdgeSection,
    ServiceSection,
):
    """The settings of one installation; field names are the variables, in lower case."""

    model_config = SettingsConfigDict(
        env_file=BASE_DIR / ".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    @model_validator(mode="after")
    def _check_carrier(self) -> Self:
        if self.jobs_backend == "celery" and not (
            self.jobs_redis_url or self.redis_url
        ):
            msg = "JOBS_BACKEND=celery needs REDIS_URL or JOBS_REDIS_URL"
            raise ValueError(msg)
        return self


def environment_load() -> Environment:
    """Read the environment, or end the start with what is wrong in it.

    Raises:
        SystemExit: A variable is missing or does not fit; each is named.
    """
    try:
        return Environment()  # values come from the environment
    except ValidationError as error:
        print(_explain(error), file=sys.stderr)
        raise SystemExit(2) from None


def folder_ensure(folder: Path, name: str) -> None:
    """Make a folder that a setting names, or end the start and say why not.

    Raises:
        SystemExit: It is not there and cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"{name}: {folder} cannot be made: {error.strerror}", file=sys.stderr)
        raise SystemExit(2) from None


def _explain(error: ValidationError) -> str:
    lines = ["The environment does not fit (see .env.example):"]
    for finding in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in finding["loc"]).upper() or "SETTINGS"
        field = Environment.model_fields.get(name.lower())
        hint = f" ({field.description})" if field and field.description else ""
        lines.append(f"  {name}: {finding['msg']}{hint}")
    return "\n".join(lines)
