"""The service's settings, with one more address: a view that does nothing but insert."""

from __future__ import annotations

from config.settings import *  # noqa: F403 - all of them

ROOT_URLCONF = "tests.benchmarks.bare_urls"
