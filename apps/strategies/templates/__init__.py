"""Strategies to begin with: those that people know, each with when it works and fails.

A template is a JSON file in `definitions/`; its definition can be posted as it is.
"""

from apps.strategies.templates.catalogue import (
    StrategyTemplate,
    template_get,
    template_list,
)

__all__ = ["StrategyTemplate", "template_get", "template_list"]
