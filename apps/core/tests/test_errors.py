"""Errors of the domain: kinds, codes and findings, without HTTP."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from apps.core import errors
from apps.core.errors import ApplicationError, ErrorDetail, ErrorKind

ROOT = Path(__file__).resolve().parents[3]


def test_an_error_is_its_own_first_finding() -> None:
    error = errors.Conflict("Already done.", attr="state")

    assert error.details == (ErrorDetail("conflict", "Already done.", "state"),)
    assert str(error) == "Already done."


def test_a_code_given_to_one_error_does_not_change_its_class() -> None:
    error = errors.Unavailable("The venue sleeps.", code="venue_asleep")

    assert (error.code, error.details[0].code) == ("venue_asleep", "venue_asleep")
    assert errors.Unavailable("Down.").code == "unavailable"


def test_several_findings_are_kept_in_their_order() -> None:
    found = (ErrorDetail("a", "First.", "x"), ErrorDetail("b", "Second.", "y"))

    assert errors.Invalid("First.", details=found).details == found


def test_an_error_of_no_kind_is_ours_and_not_the_callers() -> None:
    assert ApplicationError("Broken.").kind is ErrorKind.INTERNAL


def test_each_kind_that_a_caller_can_act_on_has_one_class() -> None:
    kinds = [kind.kind for kind in ApplicationError.__subclasses__()]

    bases = [kind for kind in kinds if kind is not ErrorKind.INTERNAL]
    assert sorted(bases) == sorted(set(ErrorKind) - {ErrorKind.INTERNAL})


def test_codes_of_classes_below_a_kind_are_listed() -> None:
    class TidesWrong(errors.Unprocessable):
        code = "tides_wrong_in_this_test"

    assert TidesWrong.code in errors.error_codes()
    assert {"conflict", "internal_error"} <= set(errors.error_codes())


def test_pure_rooms_can_use_errors_without_loading_django() -> None:
    program = "import sys, apps.core.errors; sys.exit('django' in sys.modules)"

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], cwd=ROOT, check=False
    )

    assert done.returncode == 0


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_each_kind_has_a_status(kind: ErrorKind) -> None:
    from apps.core.exceptions import STATUS_BY_KIND  # noqa: PLC0415 - needs Django

    assert 400 <= STATUS_BY_KIND[kind] < 600
