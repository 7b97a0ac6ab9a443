from __future__ import annotations

from django.urls import path

from apps.stream import views

urlpatterns = [
    path("events/", views.EventsView.as_view(), name="events"),
]
