#!/bin/bash
# install.sh ENVIRONMENT WHEELS REQUIREMENTS: install adasweep and everything it needs; torch first, with its CUDA libraries.
set -euo pipefail
environment=$1 wheels=$2 requirements=$3
test -x "$environment/bin/python" || python3 -m venv "$environment"
pip=("$environment/bin/python" -m pip install -q --no-cache-dir)
"${pip[@]}" "$(grep '^torch==' "$requirements")"
"${pip[@]}" -r "$requirements"
"${pip[@]}" --no-deps "$wheels"/adasweep-*.whl
"$environment/bin/adasweep" --version
