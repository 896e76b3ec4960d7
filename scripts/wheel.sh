#!/usr/bin/env bash
# The wheel, and a CycloneDX list of what the worker is installed with: the lock of the image, by hash.
# shellcheck source=scripts/linters.sh
source "$(dirname "${BASH_SOURCE[0]}")/linters.sh"

# The same commit gives the same bytes, so that anybody can verify a release by building it.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 315532800)
export SOURCE_DATE_EPOCH

rm -rf dist
.venv/bin/hatchling build --target wheel --directory dist
"$LINT/cyclonedx-py" requirements --pyproject pyproject.toml --output-reproducible --output-format JSON \
  --output-file dist/cis-worker.cdx.json requirements/run.lock
ls dist >&2
