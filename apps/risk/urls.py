from __future__ import annotations

from django.urls import path

from apps.risk.views import limits, measures, states, verdicts

urlpatterns = [
    # --- sizing, value at risk, correlations
    path(
        "risk/position-size/",
        measures.PositionSizeView.as_view(),
        name="risk_position_size",
    ),
    path(
        "risk/value-at-risk/",
        measures.ValueAtRiskView.as_view(),
        name="risk_value_at_risk",
    ),
    path(
        "risk/correlations/",
        measures.CorrelationListView.as_view(),
        name="risk_correlations",
    ),
    # --- limits
    path("risk/limits/", limits.UserLimitsView.as_view(), name="risk_limits"),
    path(
        "risk/limits/history/",
        limits.UserLimitsHistoryView.as_view(),
        name="risk_limits_history",
    ),
    path(
        "accounts/<uuid:account_id>/risk/limits/",
        limits.AccountLimitsView.as_view(),
        name="account_risk_limits",
    ),
    path(
        "accounts/<uuid:account_id>/risk/limits/history/",
        limits.AccountLimitsHistoryView.as_view(),
        name="account_risk_limits_history",
    ),
    # --- verdicts and events
    path(
        "risk/verdicts/",
        verdicts.VerdictListCreateView.as_view(),
        name="risk_verdicts",
    ),
    path(
        "risk/verdicts/<uuid:verdict_id>/",
        verdicts.VerdictDetailView.as_view(),
        name="risk_verdict",
    ),
    path("risk/events/", verdicts.EventListView.as_view(), name="risk_events"),
    # --- states, the kill switch and locks
    path("risk/status/", states.RiskStatusView.as_view(), name="risk_status"),
    path("risk/state/", states.RiskStateView.as_view(), name="risk_state"),
    path(
        "risk/kill-switch/engage/",
        states.KillSwitchEngageView.as_view(),
        name="risk_kill_switch_engage",
    ),
    path(
        "risk/kill-switch/release/",
        states.KillSwitchReleaseView.as_view(),
        name="risk_kill_switch_release",
    ),
    path(
        "accounts/<uuid:account_id>/risk/locks/",
        states.LockListCreateView.as_view(),
        name="account_risk_locks",
    ),
    path(
        "accounts/<uuid:account_id>/risk/locks/<uuid:lock_id>/",
        states.LockDetailView.as_view(),
        name="account_risk_lock",
    ),
]
