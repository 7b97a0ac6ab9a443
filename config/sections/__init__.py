"""The settings, by what they are about; `config.environment` puts them together."""

from __future__ import annotations
