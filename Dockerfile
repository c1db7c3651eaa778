# Built and tried by .ci/image. BASE is a Debian 12 (Python 3.11), slim or bootstrapped.
ARG BASE=debian:12-slim

FROM ${BASE} AS build
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements.lock ./
# Everything is checked against the lock's hashes here; below, pip may only choose among these files.
RUN python3 -m venv /build \
    && /build/bin/pip wheel --quiet --no-cache-dir --require-hashes --wheel-dir /wheels -r requirements.lock
COPY pyproject.toml README.md ./
COPY rules ./rules
COPY gateway ./gateway
RUN /build/bin/pip install --quiet --no-cache-dir --no-index --find-links /wheels hatchling \
    && /build/bin/pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /dist .
RUN python3 -m venv /opt/gateway \
    && /opt/gateway/bin/pip install --quiet --no-cache-dir --no-index --find-links /wheels /dist/*.whl \
    && /opt/gateway/bin/pip uninstall --quiet --yes setuptools pip

FROM ${BASE}
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        ca-certificates fonts-dejavu-core fonts-liberation libmagic1 libseccomp2 python3 tesseract-ocr-fra tesseract-ocr-osd \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 gateway \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/gateway --shell /usr/sbin/nologin gateway \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/gateway \
    && install -d -o 0 -g 10001 -m 0750 /etc/gateway
# The program belongs to root: the account that runs it cannot change it.
COPY --from=build --chown=0:0 /opt/gateway /opt/gateway
ENV PATH=/opt/gateway/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/gateway
# /etc/gateway: gateway.toml, certificates and secrets, mounted read-only. /var/lib/gateway: ledger, vault, quarantine.
VOLUME ["/etc/gateway", "/var/lib/gateway"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["gateway", "status", "-c", "/etc/gateway/gateway.toml"]
ENTRYPOINT ["gateway"]
CMD ["run", "-c", "/etc/gateway/gateway.toml"]
