"""What the OpenAPI document says about the service as a whole."""

from __future__ import annotations

from typing import Any

from apps.exchanges.account_port import OrderKind
from apps.market.enums import Timeframe

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Parallax",
    "DESCRIPTION": (
        "One strategy, written once as data, judged by independent engines.\n\n"
        "Decimal values are strings, times are ISO 8601 in UTC. Every error has the "
        'shape `{"type", "errors": [{"code", "detail", "attr"}]}`, and every answer '
        "carries `X-Request-ID`. Long work answers 202 with a job. A list refuses "
        "parameters that it does not have."
    ),
    "VERSION": "1.0.0",
    # Its JSON Schema is the one that pydantic writes.
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "Apache-2.0"},
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "persistAuthorization": True,
        "displayRequestDuration": True,
        "defaultModelsExpandDepth": 0,
        "filter": True,
    },
    # Redoc would otherwise fetch fonts from the web.
    "REDOC_UI_SETTINGS": {"theme": {"typography": {"fontFamily": "sans-serif"}}},
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    # Fields of one name with other choices, each named once.
    "ENUM_NAME_OVERRIDES": {
        "RunModeEnum": "apps.analysis.enums.RunMode",
        "ParticipantModeEnum": "apps.analysis.enums.ParticipantMode",
        "ParityVerdictEnum": "apps.analysis.enums.ParityVerdict",
        "FillSideEnum": "apps.analysis.enums.FillSide",
        "SideEnum": ["long", "short"],
        "QualityVerdictEnum": ["good", "doubtful", "bad"],
        "QualityTriggerEnum": ["import", "backfill", "check", "schedule"],
        "BreakKindEnum": ["rescaled", "relisted", "halted"],
        "KindEnum": ["int", "float"],
        "TimeframeEnum": [(one.value, one.value) for one in Timeframe],
        "MarketKindEnum": ["spot", "swap", "future", "option"],
        "TakerSideEnum": ["buy", "sell"],
        "AccountModeEnum": "apps.portfolio.enums.AccountMode",
        "PreflightVerdictEnum": ["GO", "WARN", "NO-GO"],
        "ApiKeyScopeEnum": "apps.users.enums.ApiKeyScope",
        "ApiKeyStateEnum": "apps.users.enums.ApiKeyState",
        "TradingStateEnum": "apps.risk.enums.TradingState",
        "TradingStateWantedEnum": [("active", "Active"), ("reducing", "Reducing")],
        "LockKindEnum": "apps.risk.enums.LockKind",
        "LedgerKindEnum": "apps.portfolio.enums.TransactionKind",
        "LedgerPlaceEnum": "apps.portfolio.enums.LedgerPlace",
        "OrderStateEnum": "apps.trading.enums.OrderState",
        "OrderKindEnum": [(one.value, one.value) for one in OrderKind],
        "ReconciliationStateEnum": "apps.trading.enums.ReconciliationState",
    },
    "SORT_OPERATION_PARAMETERS": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "apps.core.schema.errors_document",
        "apps.core.schema.summaries_document",
    ],
    "TAGS": [
        {"name": "health", "description": "Is the service alive, and ready."},
        {"name": "auth", "description": "Sessions, tokens, API keys, and who I am."},
        {"name": "jobs", "description": "Long work: state, progress, cancel, retry."},
        {"name": "streams", "description": "What happens, told as it happens."},
        {"name": "market", "description": "Candle series: import, check, read."},
        {"name": "exchanges", "description": "How exchanges are, what they list."},
        {"name": "live", "description": "Prices held fresh, and watchlists of them."},
        {"name": "indicators", "description": "The catalogue of indicators."},
        {"name": "strategies", "description": "Strategies as data, with versions."},
        {"name": "engines", "description": "The backtest engines and what they can."},
        {"name": "backtests", "description": "A strategy on a series, by engines."},
        {"name": "parity", "description": "Do engines agree, and where do they part."},
        {
            "name": "portfolio",
            "description": "Accounts, their keys, and what they hold.",
        },
        {
            "name": "risk",
            "description": "Limits, verdicts, halts and locks, and how much to risk.",
        },
        {
            "name": "trading",
            "description": "Orders, their executions, and agreement with the venue.",
        },
        {
            "name": "market making",
            "description": "Quotes on a captured order book, with queue and latency.",
        },
    ],
}
