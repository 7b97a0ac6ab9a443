# One image for every role: app, worker, streams, migrate, certs and manage.
#
#   docker build -t parallax .
#   docker build -t parallax:small --build-arg ENGINES=vectorbt,nautilus .
#
# Both stages are Debian 13, so that what is linked in the one runs in the other.
ARG PYTHON_IMAGE=python:3.12.12-slim-trixie
ARG UV_IMAGE=ghcr.io/astral-sh/uv:0.13.8
ARG RUNTIME_IMAGE=gcr.io/distroless/python3-debian13:nonroot

FROM ${UV_IMAGE} AS uv

FROM ${PYTHON_IMAGE} AS builder
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_PYTHON=/usr/local/bin/python3.12 \
    UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/app/.venv \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=0 \
    UV_NO_CACHE=1 \
    PYTHONDONTWRITEBYTECODE=1
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app

# The engines, separated by commas; "none" leaves only the reference.
ARG ENGINES=vectorbt,nautilus,freqtrade,hftbacktest
COPY pyproject.toml requirements.lock .python-version ./
COPY docker/lock_subset.py docker/slim.py docker/
RUN python3.12 docker/lock_subset.py --engines "${ENGINES}" > /tmp/requirements.txt \
    && uv venv --quiet /app/.venv \
    && uv pip install --quiet --python /app/.venv --no-deps --require-hashes -r /tmp/requirements.txt \
    && python3.12 docker/slim.py /app/.venv /usr/local

# What does not meet the house's style is not built.
COPY . .
RUN ruff="$(sed -n 's/^ *"\(ruff==.*\)",$/\1/p' pyproject.toml)" \
    && uv tool run --quiet --from "$ruff" ruff check --no-fix --no-cache --quiet . \
    && uv tool run --quiet --from "$ruff" ruff format --check --no-cache --quiet .

ENV CACHE_DIR=/cache DATA_DIR=/data HOME=/tmp
RUN export SECRET_KEY="$(python3.12 -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    && /app/.venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && /app/.venv/bin/python -m compileall -q --invalidation-mode unchecked-hash apps config manage.py \
    && /app/.venv/bin/python manage.py warm_engines \
    && rm -rf /data/* docker/lock_subset.py docker/slim.py \
    && mkdir -p /edge /backups /tls \
    && chown -R 65532:65532 /cache /data /edge /backups /tls

FROM ${RUNTIME_IMAGE}
COPY --from=builder /usr/local/bin/python3.12 /usr/local/bin/
COPY --from=builder /usr/local/lib/libpython3.12.so.1.0 /usr/local/lib/
COPY --from=builder /usr/local/lib/python3.12 /usr/local/lib/python3.12
COPY --from=builder /app /app
COPY --from=builder --chown=65532:65532 /cache /cache
COPY --from=builder --chown=65532:65532 /data /data
COPY --from=builder --chown=65532:65532 /edge /edge
COPY --from=builder --chown=65532:65532 /backups /backups
COPY --from=builder --chown=65532:65532 /tls /tls
WORKDIR /app
USER 65532:65532
ENV PATH=/app/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    LD_LIBRARY_PATH=/usr/local/lib \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    CACHE_DIR=/cache \
    BACKUP_DIR=/backups \
    LOG_FORMAT=json
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/python3.12", "-S", "-E", "/app/docker/healthcheck.py"]
ENTRYPOINT ["/app/.venv/bin/gunicorn", "config.asgi:application", "-c", "/app/config/gunicorn.conf.py"]
