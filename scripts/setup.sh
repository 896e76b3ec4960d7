#!/usr/bin/env bash
# Makes a fresh checkout ready: system programs, uv, .venv from the lock. Running it again is quick.
# `setup.sh servers` also makes what only tests meet: the servers, which need Java and Node, and LibreOffice.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly UV_VERSION=0.13.8
readonly STAMP=.venv/.setup-stamp
export UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# Behind a company proxy only the system's certificates work; a minimal container has none.
if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then
  export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1 # the second is the name of older versions
fi

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
  say "$@"
  exit 1
}

# The first Python that is new enough; $PYTHON goes before all.
find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    if [[ -n $candidate ]] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

has_module() { [[ -n $1 ]] && "$1" -c "import $2" 2>/dev/null; }
has_uv() { [[ -x .tools/bin/uv ]] || command -v uv >/dev/null; }
has_library() {
  local known
  known=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null) || return 0 # not Linux: nothing to ask
  [[ $known == *"$1"* ]]
}
# Each program of LibreOffice is a library: sw is Writer, sc Calc, sd Impress.
has_office() {
  command -v soffice >/dev/null && has_file "lib$1lo.so" /usr/lib/libreoffice /usr/lib64/libreoffice /opt
}
has_file() { [[ -n $(find "${@:2}" -name "$1" -print -quit 2>/dev/null) ]]; }

# What .venv was made from, and where: a copied .venv names another place in its scripts.
fingerprint() {
  cat requirements/all.lock pyproject.toml scripts/setup.sh | sha256sum | cut -d ' ' -f 1
  pwd
}
is_fresh() { [[ -x .venv/bin/python && $(fingerprint) == "$(cat "$STAMP" 2>/dev/null || true)" ]]; }

# The Debian packages of what is absent, one a line.
missing_packages() {
  local python languages language
  python=$(find_python || true)
  if [[ -z $python ]] && ! command -v python3 >/dev/null; then echo python3; fi
  is_fresh || has_uv || has_module "$python" pip || has_module "$python" ensurepip || echo python3-pip
  command -v make >/dev/null || echo make
  command -v tesseract >/dev/null || echo tesseract-ocr
  languages=$(tesseract --list-langs 2>&1 || true)
  for language in jpn jpn_vert eng osd; do
    [[ $'\n'$languages$'\n' == *$'\n'"$language"$'\n'* ]] || echo "tesseract-ocr-${language/_/-}"
  done
  { command -v pdftoppm && command -v pdfinfo; } >/dev/null || echo poppler-utils
  # Without its character maps a Japanese PDF that embeds no fonts is drawn without its text.
  has_file Adobe-Japan1-UCS2 /usr/share/poppler /usr/local/share/poppler /opt/homebrew/share/poppler ||
    echo poppler-data
  has_library libmagic.so.1 || echo libmagic1
  command -v bsdtar >/dev/null || echo libarchive-tools
  has_file ipag.ttf /usr/share/fonts /usr/local/share/fonts ~/.local/share/fonts ~/Library/Fonts ||
    echo fonts-ipafont
}

is_java_new_enough() {
  local version
  version=$(javac -version 2>/dev/null) || return 1
  version=${version#javac }
  [[ ${version%%.*} -ge 17 ]]
}

# The same for what only tests meet: LibreOffice, and what builds and runs the servers. A LocalStack needs a
# Python 3.13 besides, which Debian's stable has no package of: where none is, it is left out.
missing_test_packages() {
  { command -v java && is_java_new_enough; } >/dev/null || echo default-jdk-headless
  command -v mvn >/dev/null || echo maven
  command -v node >/dev/null || echo nodejs
  command -v npm >/dev/null || echo npm
  # The unit of infra/host is tested under a real one.
  { command -v systemctl && command -v systemd-analyze && command -v nsenter; } >/dev/null || echo systemd
  has_office sw || echo libreoffice-writer-nogui
  has_office sc || echo libreoffice-calc-nogui
  has_office sd || echo libreoffice-impress-nogui
}

# install_packages PACKAGE...: through apt, as root or with sudo that asks nothing.
install_packages() {
  local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
  local advice="install these packages, then run make setup again: $*"
  command -v apt-get >/dev/null || die "no apt-get here; $advice"
  if [[ $(id -u) -ne 0 ]]; then
    sudo -n true 2>/dev/null || die "apt-get needs root; $advice"
    apt=(sudo -n "${apt[@]}")
  fi
  say "installing $*"
  local attempt
  for attempt in 1 2; do
    if "${apt[@]}" update >&2 && "${apt[@]}" install -y --no-install-recommends "$@" >&2; then return; fi
    say "apt-get failed (try $attempt of 2)"
  done
  die "apt-get could not help; $advice"
}

# The path of uv: the one on PATH, else our own in .tools.
get_uv() {
  local python=$1
  if command -v uv; then return; fi
  if [[ ! -x .tools/bin/uv ]]; then
    say "fetching uv $UV_VERSION into .tools"
    if ! has_module "$python" pip; then
      "$python" -m venv .tools/pip
      python=.tools/pip/bin/python
    fi
    "$python" -m pip install --quiet --target .tools "uv==$UV_VERSION" >&2
  fi
  echo .tools/bin/uv
}

make_venv() {
  local python uv stamped_place
  python=$(find_python) || die "Python 3.11 or newer is needed: install it, or name it with PYTHON=/path/to/python3"
  uv=$(get_uv "$python")
  stamped_place=$(sed -n 2p "$STAMP" 2>/dev/null || pwd)
  if [[ $stamped_place != "$PWD" ]] ||
    ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    "$uv" venv --quiet --clear --python "$python" .venv
  fi
  rm -f "$STAMP"
  say "installing the locked packages into .venv"
  "$uv" pip sync --quiet --python .venv/bin/python --require-hashes requirements/all.lock
  "$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
  fingerprint >"$STAMP"
}

# install_missing FUNCTION: installs the packages that the function names.
install_missing() {
  local -a missing
  mapfile -t missing < <("$1")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  install_packages "${missing[@]}"
  mapfile -t missing < <("$1")
  [[ ${#missing[@]} -eq 0 ]] || die "installed, and still not found: ${missing[*]}"
}

wanted=${1:-}
[[ -z $wanted || $wanted == servers ]] || die "usage: setup.sh [servers]"
install_missing missing_packages
is_fresh || make_venv
if [[ $wanted == servers ]]; then
  install_missing missing_test_packages
  .venv/bin/python -m tests.servers build >&2
fi
