# shellcheck shell=bash
# Sourced by the scripts that check: makes .tools/lint when it is absent or old, and `LINT`, where its programs are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

LINT=$PWD/.tools/lint/bin
if ! cmp -s scripts/lint-requirements.txt .tools/lint/made-from; then
  echo "fetching linters into .tools/lint" >&2
  .venv/bin/python -m venv --clear .tools/lint
  "$LINT/python" -m pip install --quiet --disable-pip-version-check --requirement scripts/lint-requirements.txt
  cp scripts/lint-requirements.txt .tools/lint/made-from
fi
