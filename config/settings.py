"""Django's settings, built from the typed environment."""

from __future__ import annotations

import os
from ipaddress import ip_network

from config.caches import (
    caches_in_process,
    caches_redis,
    layers_in_process,
    layers_redis,
)
from config.compiled import engine_environment
from config.databases import database_settings
from config.environment import BASE_DIR, environment_load, folder_ensure
from config.logs import logging_config
from config.process import PROCESS
from config.rest import STANDARDIZED_ERRORS, rest_settings
from config.spectacular import SPECTACULAR_SETTINGS  # noqa: F401 - a setting

ENVIRONMENT = environment_load()

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key.get_secret_value()
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
CSRF_TRUSTED_ORIGINS = list(ENVIRONMENT.csrf_trusted_origins)
DATA_DIR = ENVIRONMENT.data_dir
folder_ensure(DATA_DIR, "DATA_DIR")
CACHE_DIR = (ENVIRONMENT.cache_dir or DATA_DIR / "cache").resolve()

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_tasks_db",
    "apps.core",
    "apps.users",
    "apps.jobs",
    "apps.stream",
    "apps.market",
    "apps.strategies",
    "apps.portfolio",
    "apps.analysis",
    "apps.risk",
    "apps.trading",
]

MIDDLEWARE = [
    "apps.core.metrics.middleware.MetricsMiddleware",
    "apps.core.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- data at rest

DATABASES = {
    "default": database_settings(
        address=ENVIRONMENT.database_url,
        data_dir=DATA_DIR,
        role=PROCESS.role,
        pool_max=ENVIRONMENT.database_pool_max,
        statement_seconds=ENVIRONMENT.database_statement_seconds,
        lock_seconds=ENVIRONMENT.database_lock_seconds,
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = caches_in_process()
CHANNEL_LAYERS = layers_in_process()
# Where the latest prices are: in Redis, or in files.
LIVE_REDIS = bool(ENVIRONMENT.redis_url)
if ENVIRONMENT.redis_url:
    CACHES |= caches_redis(ENVIRONMENT.redis_url.get_secret_value())
    CHANNEL_LAYERS = layers_redis(ENVIRONMENT.redis_url.get_secret_value())
    SESSION_ENGINE = "apps.core.sessions"
    SESSION_CACHE_ALIAS = "sessions"

TASKS = {
    "default": {
        "BACKEND": "django_tasks_db.DatabaseBackend",
        "QUEUES": ["default", "backtest", "live"],
    }
}

# --- people

AUTH_USER_MODEL = "users.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator"},
    {
        "NAME": f"{_VALIDATORS}.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATORS}.NumericPasswordValidator"},
]

# --- language, time, files

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)
# The embedded server serves the finders' files itself; behind nginx they are collected.
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = DEBUG

DATA_UPLOAD_MAX_MEMORY_SIZE = ENVIRONMENT.body_max_bytes
FILE_UPLOAD_MAX_MEMORY_SIZE = ENVIRONMENT.body_max_bytes
BODY_MAX_BYTES = ENVIRONMENT.body_max_bytes
UPLOAD_MAX_BYTES = ENVIRONMENT.upload_max_bytes
SPOOL_DIR = DATA_DIR / "scratch" / "spool"
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

# --- security: on unless the installation says that it is not behind TLS

SECURE_SSL_REDIRECT = ENVIRONMENT.https_only and not DEBUG
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_SSL_REDIRECT
SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT
# Probes inside a container, and Prometheus, speak plain HTTP to the process itself.
SECURE_REDIRECT_EXEMPT = [r"^api/health/", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = SECURE_SSL_REDIRECT
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "apps.core.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": ["'self'"],
    # Swagger UI and Redoc draw their icons from data URIs and style inline.
    "img-src": ["'self'", "data:"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "script-src": ["'self'"],
    "worker-src": ["'self'", "blob:"],
    "object-src": ["'none'"],
    "base-uri": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}

# --- the API

REST_FRAMEWORK = rest_settings(
    anon=ENVIRONMENT.throttle_anon,
    user=ENVIRONMENT.throttle_user,
    login=ENVIRONMENT.throttle_login,
    orders=ENVIRONMENT.throttle_orders,
)
DRF_STANDARDIZED_ERRORS = STANDARDIZED_ERRORS

# --- what the rooms are told

HTTPS_PORT = ENVIRONMENT.https_port
EDGE_ADMIN_ALLOW = list(ENVIRONMENT.edge_admin_allow)
EDGE_METRICS_ALLOW = list(ENVIRONMENT.edge_metrics_allow)
EDGE_REQUESTS_PER_SECOND = ENVIRONMENT.edge_requests_per_second

JOB_LEASE_SECONDS = ENVIRONMENT.job_lease_seconds
JOB_MAX_ATTEMPTS = ENVIRONMENT.job_max_attempts
JOB_POLL_SECONDS = ENVIRONMENT.job_poll_seconds
JOBS_BACKEND = ENVIRONMENT.jobs_backend
JOBS_REDIS_URL = ENVIRONMENT.jobs_redis_url or ENVIRONMENT.redis_url
# In front of every key of the queues, which may share a database with the cache.
JOBS_REDIS_PREFIX = "parallax:"
JOB_WALL_SECONDS = ENVIRONMENT.job_wall_seconds
JOB_MEMORY_BYTES = ENVIRONMENT.job_memory_bytes
ENGINE_WALL_SECONDS = ENVIRONMENT.engine_wall_seconds
ENGINE_MEMORY_BYTES = ENVIRONMENT.engine_memory_bytes
ENGINE_IDLE_SECONDS = ENVIRONMENT.engine_idle_seconds
ENGINE_PROCESS_ENVIRONMENT = engine_environment(CACHE_DIR, BASE_DIR)
IMPORT_MAX_ROWS = ENVIRONMENT.import_max_rows
IMPORT_MAX_UNPACKED_BYTES = ENVIRONMENT.import_max_unpacked_bytes
QUALITY_LIMITS = {
    "gaps": ENVIRONMENT.quality_max_gap_fraction,
    "duplicates": ENVIRONMENT.quality_max_duplicate_fraction,
    "impossible": ENVIRONMENT.quality_max_impossible_fraction,
    "nan": ENVIRONMENT.quality_max_nan_fraction,
    "outliers": ENVIRONMENT.quality_max_outlier_fraction,
}
QUALITY_GATE = ENVIRONMENT.quality_gate()

EXCHANGES_ALLOWED = ENVIRONMENT.exchanges_allowed
EXCHANGE_ENDPOINTS = ENVIRONMENT.exchange_endpoints
EXCHANGE_TIMEOUT_SECONDS = ENVIRONMENT.exchange_timeout_seconds
EXCHANGE_RATE_LIMITS = ENVIRONMENT.exchange_rate_limits
LIVE_STALE_SECONDS = ENVIRONMENT.live_stale_seconds
LIVE_SYMBOLS_PER_EXCHANGE = ENVIRONMENT.live_symbols_per_exchange
LIVE_EXCHANGES = ENVIRONMENT.live_exchanges
RECORDINGS_PER_USER = ENVIRONMENT.recordings_per_user
RECORDING_MAX_SECONDS = ENVIRONMENT.recording_max_seconds
STREAM_CONNECTIONS_PER_USER = ENVIRONMENT.stream_connections_per_user
STREAM_TOPICS_PER_CONNECTION = ENVIRONMENT.stream_topics_per_connection
STREAM_TOPICS_PER_USER = ENVIRONMENT.stream_topics_per_user
STREAM_BUFFER_BYTES = ENVIRONMENT.stream_buffer_bytes
STREAM_HEARTBEAT_SECONDS = ENVIRONMENT.stream_heartbeat_seconds
OUTBOX_KEEP_SECONDS = ENVIRONMENT.outbox_keep_seconds
SCHEDULER_GRACE_SECONDS = ENVIRONMENT.scheduler_grace_seconds

S3_BUCKET = ENVIRONMENT.s3_bucket
S3_PREFIX = ENVIRONMENT.s3_prefix
S3_ENDPOINT_URL = ENVIRONMENT.s3_endpoint_url
S3_REGION = ENVIRONMENT.s3_region
S3_ACCESS_KEY_ID = ENVIRONMENT.s3_access_key_id
S3_SECRET_ACCESS_KEY = ENVIRONMENT.s3_secret_access_key
S3_LINK_SECONDS = ENVIRONMENT.s3_link_seconds
CREDENTIALS_KEY = ENVIRONMENT.credentials_key
CREDENTIALS_KEYS_OLD = ENVIRONMENT.credentials_keys_old
LIVE_TRADING = ENVIRONMENT.live_trading
RECONCILE_GRACE_SECONDS = ENVIRONMENT.reconcile_grace_seconds
RECONCILE_EVERY_SECONDS = ENVIRONMENT.reconcile_every_seconds
PREFLIGHT_VALID_SECONDS = ENVIRONMENT.preflight_valid_seconds
EQUITY_EVERY_SECONDS = ENVIRONMENT.equity_every_seconds
METRICS_ALLOW = [ip_network(one) for one in ENVIRONMENT.metrics_allow]
# Where gunicorn's workers count, see config.metrics_files; elsewhere there is none.
METRICS_DIR = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
BACKUP_DIR = ENVIRONMENT.backup_dir or DATA_DIR / "backups"
BACKUP_MAX_AGE_SECONDS = ENVIRONMENT.backup_max_age_seconds

LOGGING = logging_config(
    level=ENVIRONMENT.log_level,
    style=ENVIRONMENT.log_format or ("console" if DEBUG else "json"),
)
