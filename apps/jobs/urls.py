from __future__ import annotations

from django.urls import path

from apps.jobs import views

urlpatterns = [
    path("jobs/", views.JobListView.as_view(), name="job_list"),
    path("jobs/<uuid:job_id>/", views.JobDetailView.as_view(), name="job_detail"),
    path(
        "jobs/<uuid:job_id>/events/", views.JobEventsView.as_view(), name="job_events"
    ),
    path(
        "jobs/<uuid:job_id>/cancel/", views.JobCancelView.as_view(), name="job_cancel"
    ),
    path("jobs/<uuid:job_id>/retry/", views.JobRetryView.as_view(), name="job_retry"),
    path("jobs/<uuid:job_id>/log/", views.JobLogView.as_view(), name="job_log"),
    path("schedules/", views.ScheduleListCreateView.as_view(), name="schedule_list"),
    path(
        "schedules/<uuid:schedule_id>/",
        views.ScheduleDetailView.as_view(),
        name="schedule_detail",
    ),
]
