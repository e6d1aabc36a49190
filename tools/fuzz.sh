#!/usr/bin/env bash
# Runs a fuzz target with AddressSanitizer, debug assertions and overflow checks: fuzz.sh TARGET [RUNS]. It goes on from
# what is in fuzz/corpus and from what earlier runs have left in fuzz/found. `fuzz.sh TARGET keep` makes the corpus anew,
# of the fewest inputs that reach all that both reach. Needs a nightly toolchain; brings cargo-fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=$(cd fuzz/fuzz_targets && ls | sed 's/\.rs$//' | tr '\n' ' ')
target=${1:?a target: $targets}
runs=${2:-10000000}
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked

# Nothing in a program is to be found by what it is compared with, and taking note of that takes half of the time; with a
# large corpus, so does a choice by how rare what an input reaches is.
case $target in
ops) build=(--no-trace-compares) run=(-max_len=96) ;;
attach) build=() run=(-max_len=400) ;;
c_interface) build=(--no-trace-compares) run=(-max_len=48) ;;
trace) build=() run=(-max_len=128 -dict=fuzz/trace.dict) ;;
*) echo "fuzz: found $target, expected one of $targets" >&2 && exit 2 ;;
esac
fuzz() { cargo +nightly fuzz run "${build[@]}" "$target" "$@" "${run[@]}"; }
corpus() { cargo run --quiet --release --manifest-path fuzz/Cargo.toml --bin corpus -- "$@"; }

kept=$(mktemp -d) found=fuzz/found/$target
trap 'rm -rf "$kept"' EXIT
mkdir -p "$found"
corpus unpack "fuzz/corpus/$target.txt" "$kept/before"
if [ "$runs" = keep ]; then
    mkdir "$kept/after"
    fuzz "$kept/after" "$kept/before" "$found" -- -merge=1
    corpus pack "$kept/after" "fuzz/corpus/$target.txt"
else
    fuzz "$found" "$kept/before" -- -entropic=0 -reload=0 -print_final_stats=1 -runs="$runs"
fi
