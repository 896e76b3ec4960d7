# The worker's image (last stage), and the image that runs its tests (`--target tests`). See docs/containers.md.
# Pin the digest as well where you build for production: it was not at hand where this file was written.
FROM python:3.11-slim-bookworm AS python
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GLIBC_TUNABLES=glibc.malloc.tcache_count=0 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1


# The system packages that reading documents needs.
# poppler-data: without its character maps a Japanese PDF that embeds no fonts is drawn without its text.
# fontconfig: its cache is made here, once; a read-only root has no place for one.
# tini: see ENTRYPOINT.
FROM python AS system
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        fontconfig \
        fonts-ipafont \
        libarchive-tools \
        libmagic1 \
        poppler-data \
        poppler-utils \
        tesseract-ocr \
        tesseract-ocr-eng \
        tesseract-ocr-jpn \
        tesseract-ocr-jpn-vert \
        tesseract-ocr-osd \
        tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 worker \
    && useradd --uid 10001 --gid worker --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin worker


# The worker, what it imports and the extras `fast` and `japanese`, in a virtual environment.
FROM python AS build
WORKDIR /src
# `--build-arg LOCK=neural` adds the second pass over lines with a low confidence (OpenVINO, some 450 MB).
ARG LOCK=run
RUN python -m venv /opt/build && python -m venv --without-pip /opt/cis-worker
COPY requirements requirements
RUN /opt/build/bin/pip install --require-hashes --requirement requirements/build.lock \
    && /opt/build/bin/pip --python /opt/cis-worker/bin/python install --require-hashes --requirement "requirements/${LOCK}.lock"
COPY pyproject.toml README.md LICENSE ./
COPY infra/host infra/host
COPY worker worker
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/build/bin/pip --python /opt/cis-worker/bin/python install --no-deps --no-index /wheel/*.whl


# The tests with their own dependencies, on the same system programs as the worker.
FROM system AS tests
WORKDIR /src
COPY requirements/all.lock requirements/
RUN pip install --require-hashes --requirement requirements/all.lock
COPY . .
RUN pip install --no-deps --no-build-isolation --editable .
ENV HOME=/tmp
USER 10001:10001
CMD ["pytest", "-p", "no:cacheprovider", "-m", "integration"]


FROM system AS worker
LABEL org.opencontainers.image.title="cis-worker" \
      org.opencontainers.image.description="Document-ingestion worker" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/cis-worker /opt/cis-worker
# A fixed port, for the health check; it is listened on at 127.0.0.1 unless CIS_HTTP_HOST says otherwise.
# /tmp is the only place that is written: mount a tmpfs or a volume there, and the root may be read-only.
ENV PATH=/opt/cis-worker/bin:$PATH \
    CIS_HTTP_PORT=8080 \
    CIS_WORK_DIR=/tmp
USER 10001:10001
WORKDIR /tmp
STOPSIGNAL SIGTERM
# Not urllib: it would ask the proxy that the environment may name.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['CIS_HTTP_PORT']), timeout=3); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
# The kernel withholds from process 1 every signal without a handler, so that a stop in the first second would be
# lost; and process 1 must reap orphans. tini forwards SIGTERM to the worker only.
ENTRYPOINT ["tini", "--", "cis-worker"]
CMD ["run"]
