#!/usr/bin/env bash
# Measures the heap beside its peers on traces, and writes the raw results and the tables that
# README.md quotes:
#
#     tools/figures.sh [TRACE...]          (default: the traces that the repository ships)
#
# Speeds are medians of runs that alternate between the heaps. It takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# = 0 ]; then set -- traces/*.trace.zst; fi
out=docs/results
mkdir -p "$out"
cargo build --release --locked --package buflab
lab=target/release/buflab

# Exit status 1 only says that some heap had no room: the rows say so, too.
"$lab" replay "$@" --runs 11 --json --heap buflib@1.25 --heap buflib@1.05 --heap buflib-crc@1.25 \
    --heap buflib-wide@1.5 --heap talc@3 --heap rlsf@3 --heap dlmalloc@3 --heap system --heap mimalloc \
    >"$out/replay.jsonl" || [ $? = 1 ]
"$lab" fit "$@" --json --heap buflib --heap buflib-crc --heap talc --heap rlsf --heap dlmalloc \
    >"$out/fit.jsonl" || [ $? = 1 ]
python3 tools/figures.py "$out" "$(uname -m), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" \
    "$(rustc --version)" "$(date -u +%Y-%m-%d)"
