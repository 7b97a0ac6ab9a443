from __future__ import annotations

from django.urls import path

from apps.trading.views import executions, order_groups, orders, reconciliations

urlpatterns = [
    # --- orders and their executions
    path("orders/", orders.OrderListPlaceView.as_view(), name="orders"),
    path("orders/bulk/", order_groups.OrdersBulkView.as_view(), name="orders_bulk"),
    path(
        "orders/bulk-cancel/",
        order_groups.OrdersBulkCancelView.as_view(),
        name="orders_bulk_cancel",
    ),
    path(
        "orders/cancel-all/",
        order_groups.OrdersCancelAllView.as_view(),
        name="orders_cancel_all",
    ),
    path(
        "orders/<uuid:order_id>/",
        orders.OrderDetailView.as_view(),
        name="order_detail",
    ),
    path(
        "orders/<uuid:order_id>/cancel/",
        orders.OrderCancelView.as_view(),
        name="order_cancel",
    ),
    path(
        "orders/<uuid:order_id>/replace/",
        orders.OrderReplaceView.as_view(),
        name="order_replace",
    ),
    path(
        "orders/<uuid:order_id>/executions/",
        executions.OrderExecutionsView.as_view(),
        name="order_executions",
    ),
    path(
        "accounts/<uuid:account_id>/orders/by-client-id/<str:client_order_id>/",
        orders.OrderByClientIdView.as_view(),
        name="order_by_client_id",
    ),
    path("executions/", executions.ExecutionListView.as_view(), name="execution_list"),
    # --- agreement with the venue
    path(
        "reconciliations/",
        reconciliations.ReconciliationListCreateView.as_view(),
        name="reconciliations",
    ),
    path(
        "reconciliations/<uuid:reconciliation_id>/",
        reconciliations.ReconciliationDetailView.as_view(),
        name="reconciliation_detail",
    ),
]
