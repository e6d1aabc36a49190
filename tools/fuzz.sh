#!/usr/bin/env bash
# Runs a fuzz target with AddressSanitizer: fuzz.sh TARGET [RUNS]. Needs a nightly toolchain; brings cargo-fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:?a target: $(ls fuzz/fuzz_targets | sed 's/\.rs$//' | tr '\n' ' ')}
runs=${2:-10000000}
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked
cargo +nightly fuzz run "$target" -- -runs="$runs" -max_len=400 -print_final_stats=1
