#!/usr/bin/env bash
# Runs the trial of faults under AddressSanitizer, with debug assertions. Arguments go to the trial; needs a nightly toolchain.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
    echo "faults-sanitized: SKIPPED: $*"
    exit 0
}

cargo +nightly --version >/dev/null 2>&1 || rustup toolchain install nightly --profile minimal >/dev/null 2>&1 ||
    skip "there is no nightly toolchain"
host=$(rustc +nightly -vV | sed -n 's/^host: //p')
# With a target, build scripts are not instrumented. The arena ends where its allocation does.
RUSTFLAGS=-Zsanitizer=address CARGO_PROFILE_DEV_OPT_LEVEL=1 cargo +nightly run --quiet --locked --target "$host" \
    --target-dir target/sanitized --package buftrial -- faults --exact "$@"
