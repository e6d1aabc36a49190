#!/usr/bin/env bash
# Installs what the C tests use beside a C compiler, where that can be done: a second compiler and a memory checker.
# The tests say what they had to leave out.
set -euo pipefail

missing=()
for tool in clang valgrind; do
    command -v "$tool" >/dev/null || missing+=("$tool")
done
[ "${#missing[@]}" -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "c-tools: SKIPPED: not installed: ${missing[*]}"
    exit 0
fi
apt-get update >/dev/null && apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null ||
    echo "c-tools: SKIPPED: could not install ${missing[*]}"
