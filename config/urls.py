"""Where each operation is found."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from apps.core import views as core_views
from apps.stream import views as stream_views

handler400 = "apps.core.views.bad_request"
handler403 = "apps.core.views.permission_denied"
handler404 = "apps.core.views.page_not_found"
handler500 = "apps.core.views.server_error"

API_V1 = [
    # Looked through in this order; nothing is in such a hurry as an order.
    path("", include("apps.trading.urls")),
    path("", include("apps.users.urls")),
    path("", include("apps.jobs.urls")),
    path("", include("apps.stream.urls")),
    path("", include("apps.market.urls")),
    path("", include("apps.strategies.urls")),
    path("", include("apps.portfolio.urls")),
    path("", include("apps.analysis.urls")),
    path("", include("apps.risk.urls")),
]

urlpatterns = [
    path("", core_views.RootView.as_view(), name="root"),
    path("admin/", admin.site.urls),
    path("api/", include("apps.core.urls")),
    path("api/asyncapi/", stream_views.AsyncApiView.as_view(), name="asyncapi"),
    path("api/v1/", include(API_V1)),
    path("metrics", core_views.MetricsView.as_view(), name="metrics"),
]
