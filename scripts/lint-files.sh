#!/usr/bin/env bash
# Dockerfiles, compose files, workflows and shell scripts, each before the linter that knows it.
# shellcheck source=scripts/linters.sh
source "$(dirname "${BASH_SOURCE[0]}")/linters.sh"

readonly ACTIONLINT=github.com/rhysd/actionlint/cmd/actionlint@v1.7.7
readonly COMPOSE=github.com/compose-spec/compose-go/v2/cmd@v2.16.2

# go_tool NAME PACKAGE: the path of a Go program, built into .tools/go when it is not there yet.
go_tool() {
  local folder=.tools/go/${2##*@}
  if [[ ! -x $folder/$1 ]]; then
    command -v go >/dev/null || return 1
    GOBIN=$PWD/$folder go install "$2" >&2
  fi
  echo "$folder/$1"
}

# At home a missing Go only leaves two checks out; in CI all are made.
without_go() {
  echo "lint-files: no Go here: actionlint and the compose parser are left out" >&2
  [[ -z ${CI:-} ]]
}

"$LINT/hadolint" Dockerfile docker/*.Dockerfile
"$LINT/shellcheck" --external-sources scripts/*.sh scripts/test scripts/words infra/deploy infra/destroy .ci/run
"$LINT/yamllint" --strict --config-file .yamllint.yml .github .pre-commit-config.yaml .yamllint.yml compose.yml docker-compose.test.yml
"$LINT/zizmor" --offline --quiet --no-progress .github
if actionlint=$(go_tool actionlint "$ACTIONLINT") && compose=$(go_tool cmd "$COMPOSE"); then
  "$actionlint" -shellcheck "$LINT/shellcheck"
  "$compose" docker-compose.test.yml >/dev/null
  "$compose" compose.yml >/dev/null
else
  without_go
fi
echo "lint-files: all clean" >&2
