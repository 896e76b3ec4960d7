#!/usr/bin/env bash
# bandit over the worker, pip-audit over the locks. pip-audit needs the internet: --strict, or it passes unseen without.
# shellcheck source=scripts/linters.sh
source "$(dirname "${BASH_SOURCE[0]}")/linters.sh"

"$LINT/bandit" --quiet --recursive --configfile pyproject.toml worker
for lock in requirements/{run,build,all}.lock; do
  "$LINT/pip-audit" --strict --disable-pip --require-hashes --requirement "$lock"
done
