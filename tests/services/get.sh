#!/usr/bin/env bash
# What `make test-services` needs beside Python packages of [dev]. What cannot be had is said in a sentence, and the
# tests that need it are skipped. Nothing that is a service gets started: Prometheus is unpacked, not installed.
#   get.sh PYTHON   the Python to install into
set -uo pipefail
cd "$(dirname "$0")/../.."
export DEBIAN_FRONTEND=noninteractive

updated=
update() {
    [ -n "$updated" ] || [ "$(id -u)" != 0 ] || apt-get update -qq || true
    updated=yes
}

packages() {
    "$1" -m pip --disable-pip-version-check install --quiet --requirement tests/services/requirements.txt ||
        echo "== the packages of tests/services/requirements.txt cannot be installed: tests without them are skipped"
}

prometheus() {
    command -v prometheus >/dev/null && command -v promtool >/dev/null && return
    [ -x .services/usr/bin/promtool ] && return
    echo "== getting Prometheus from Debian's package, into .services"
    mkdir -p .services
    update
    (cd .services && apt-get download -qq prometheus && dpkg-deb --extract prometheus_*.deb . && rm prometheus_*.deb) ||
        echo "== Prometheus cannot be had here (Debian's package prometheus): tests without it are skipped"
}

chromium() {
    command -v chromium >/dev/null && return
    if [ "$(id -u)" != 0 ]; then
        echo "== there is no Chromium, and only root can install it: tests without it are skipped"
        return
    fi
    echo "== installing Chromium"
    update
    apt-get install -y -qq --no-install-recommends chromium >/dev/null ||
        echo "== Chromium cannot be installed (Debian's package chromium): tests without it are skipped"
}

packages "$1"
prometheus
chromium
