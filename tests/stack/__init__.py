"""The containers, built and run for real; `python -m tests.stack` shows them working."""

from __future__ import annotations
