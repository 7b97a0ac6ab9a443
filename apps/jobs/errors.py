"""What can go wrong with jobs."""

from __future__ import annotations

from apps.core.errors import (
    ApplicationError,
    Conflict,
    Invalid,
    NotFound,
    RateLimited,
)


class JobNotFound(NotFound):
    """There is no such job for this user."""

    code = "job_not_found"


class JobNotCancellable(Conflict):
    """The job has ended already."""

    code = "job_not_cancellable"


class JobNotRetryable(Conflict):
    """Only a failed or cancelled job can be run again."""

    code = "job_not_retryable"


class JobLost(ApplicationError):
    """This run of the job was cancelled, or another worker has taken it over."""

    code = "job_lost"


class JobTimedOut(ApplicationError):
    """The job took longer than it may."""

    code = "job_timed_out"


class WorkerLost(ApplicationError):
    """The job's process died in every attempt that it had."""

    code = "worker_lost"


class JobKindUnknown(ApplicationError):
    """No handler is registered under this name."""

    code = "job_kind_unknown"


class TooManyStreams(RateLimited):
    """The user holds as many streams open as one may."""

    code = "too_many_streams"


# --- schedules


class ScheduleNotFound(NotFound):
    """There is no such schedule for this user."""

    code = "schedule_not_found"


class ScheduleKindUnknown(Invalid):
    """Work of this kind cannot be put on a schedule."""

    code = "schedule_kind_unknown"


class SchedulePeriodInvalid(Invalid):
    """Work cannot be due so often, or so seldom."""

    code = "schedule_period_invalid"


class ScheduleNameTaken(Conflict):
    """The user has a schedule of this name."""

    code = "schedule_name_taken"


class TooManySchedules(Conflict):
    """The user has as many schedules as one may."""

    code = "too_many_schedules"
