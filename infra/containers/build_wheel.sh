#!/bin/bash
# build_wheel.sh SOURCES WHEELS: build the wheel, with the operations that the compilers of this image can compile.
set -euo pipefail
sources=$1 wheels=$2
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/python" -m pip install -q "setuptools>=77"
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$sources
"$tools/bin/python" -m pip wheel -q --no-deps --no-build-isolation --wheel-dir "$wheels" "$sources"
ls "$wheels"/adasweep-*.whl
