#!/usr/bin/env bash
# cfn-lint, informational rules too, and checkov, whose exceptions are in infra/.checkov.yaml. checkov has hundreds of
# packages: uv keeps them in an environment of its own, apart from .venv and from .tools/lint.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly CHECKOV=checkov==3.3.30
uv=$(command -v uv || echo .tools/bin/uv)
[[ -x $uv ]] || {
  echo "lint-infra: uv is missing: python3 -m pip install uv, then run this again" >&2
  exit 1
}
export UV_PYTHON_DOWNLOADS=never

.venv/bin/cfn-lint --include-checks I -- infra/*.yaml
for template in infra/*.yaml; do set -- "$@" --file "$template"; done
"$uv" tool run --quiet --python "$PWD/.venv/bin/python" --from "$CHECKOV" checkov --config-file infra/.checkov.yaml \
  --skip-download --skip-resources-without-violations "$@"
echo "lint-infra: all clean" >&2
