from __future__ import annotations

from django.urls import path

from apps.strategies.views import exports, indicators, strategies

urlpatterns = [
    path("indicators/", indicators.IndicatorListView.as_view(), name="indicator_list"),
    path(
        "indicators/<slug:name>/",
        indicators.IndicatorDetailView.as_view(),
        name="indicator_detail",
    ),
    path(
        "strategies/", strategies.StrategyListCreateView.as_view(), name="strategy_list"
    ),
    path(
        "strategies/templates/",
        strategies.StrategyTemplateListView.as_view(),
        name="strategy_template_list",
    ),
    path(
        "strategies/validate/",
        strategies.StrategyValidateView.as_view(),
        name="strategy_validate",
    ),
    path(
        "strategies/<uuid:strategy_id>/",
        strategies.StrategyDetailView.as_view(),
        name="strategy_detail",
    ),
    path(
        "strategies/<uuid:strategy_id>/versions/",
        strategies.StrategyVersionListView.as_view(),
        name="strategy_version_list",
    ),
    path(
        "strategies/<uuid:strategy_id>/versions/<int:number>/",
        strategies.StrategyVersionView.as_view(),
        name="strategy_version_detail",
    ),
    path(
        "strategies/<uuid:strategy_id>/export/",
        exports.StrategyExportView.as_view(),
        name="strategy_export",
    ),
]
