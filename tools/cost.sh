#!/bin/sh
# Measure what single operations cost in instructions, for few and for many live blocks.
set -eu

usage() {
    cat >&2 <<'END'
usage: cost.sh [-o DIR] [-n COUNT] [HEAP]...

  -o  where cost.csv and cost.md are written (default: docs/results)
  -n  how many of each operation (default: 10000); up to 125 it is one batch on every heap

HEAP is a name from `buflab heaps`.
END
    exit 2
}

die() {
    echo "cost.sh: $*" >&2
    exit 1
}

root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/docs/results
invocation="tools/cost.sh${*:+ $*}"
count=10000
while getopts o:n: opt; do
    case $opt in
        o) out=$OPTARG ;;
        n) count=$OPTARG ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- buflib buflib-crc slotmap talc rlsf dlmalloc
lives='1000 100000 1000000'

if ! command -v valgrind >/dev/null && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo 'cost.sh: installing valgrind' >&2
    apt-get install -y valgrind >/dev/null || true
fi
missing=''
command -v valgrind >/dev/null || missing="$missing valgrind (Debian: apt-get install valgrind)"
command -v python3 >/dev/null || missing="$missing python3 (Debian: apt-get install python3)"
[ -z "$missing" ] || die "MISSING:$missing"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/cost.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

(cd "$root" && cargo build --release --quiet -p buflab)
target=${CARGO_TARGET_DIR:-target}
lab=$(cd "$root" && cd "$target/release" && pwd)/buflab

# The same simulated caches on every machine: 32 KiB and 8 MiB.
for heap in "$@"; do
    for live in $lives; do
        echo "cost.sh: $heap, $live live blocks" >&2
        valgrind --quiet --tool=callgrind --toggle-collect='*::measure_*' \
            --cache-sim=yes --I1=32768,8,64 --D1=32768,8,64 --LL=8388608,16,64 \
            --compress-strings=no --compress-pos=no \
            --callgrind-out-file="$tmp/$heap.$live.profile" \
            "$lab" ops --json --heap "$heap" --live "$live" --count "$count" \
            >"$tmp/$heap.$live.json" 2>"$tmp/errors" || {
            cat "$tmp/errors" >&2
            die "$heap did not complete with $live live blocks"
        }
    done
done

mkdir -p "$out"
COMMAND=$invocation RUSTC=$(rustc --version) MACHINE=$(uname -m) DATE=$(date -u +%F) \
    VALGRIND=$(valgrind --version) \
    python3 - "$tmp" "$out" "$lives" "$@" <<'END'
import json
import os
import re
import sys

tmp, out, lives, *heaps = sys.argv[1:]
lives = [int(live) for live in lives.split()]
EVENTS = ["Ir", "Dr", "Dw", "I1mr", "D1mr", "D1mw", "ILmr", "DLmr", "DLmw"]
OPERATIONS = {
    "get": "resolve a block and read a word",
    "resize_within": "change the size, not the space",
    "free_small": "free a small block",
    "alloc_again": "allocate a size that was just freed",
    "free_merge": "free a large block between two free ones",
    "alloc_cut": "allocate a size of which there is no free block",
}


def profile(path):
    """The cost of all calls of each `measure_` function, callees included."""
    costs, total, callee, is_call = {}, None, None, False
    for line in open(path):
        if line.startswith("events:"):
            assert line.split()[1:] == EVENTS, line
        elif line.startswith("cfn="):
            callee = re.search(r"::measure_(\w+)", line)
        elif line.startswith("calls="):
            is_call = True
        elif line.startswith(("totals:", "summary:")):
            total = int(line.split()[1])
        elif is_call:
            is_call = False
            if callee:
                sums = costs.setdefault(callee[1], [0] * len(EVENTS))
                for event, cost in enumerate(line.split()[1:]):
                    sums[event] += int(cost)
    # Nothing else was collected, so nothing may be missing.
    assert total == sum(sums[0] for sums in costs.values()), f"{path}: {total}, {costs}"
    return costs


def measured(heap, live):
    """Per operation: instructions, accesses to data, and misses, less those of the loop."""
    costs = profile(f"{tmp}/{heap}.{live}.profile")
    for line in open(f"{tmp}/{heap}.{live}.json"):
        row = json.loads(line)
        name, count = row["operation"], row["count"]
        if name not in OPERATIONS or not count:
            continue
        net = [max(cost - loop, 0) for cost, loop in zip(costs[name], costs["nothing"])]
        net = {event: cost / count for event, cost in zip(EVENTS, net)}
        yield name, {
            "heap": heap,
            "live": live,
            "operation": name,
            "count": count,
            "instructions": net["Ir"],
            "data_accesses": net["Dr"] + net["Dw"],
            "l1_misses": net["D1mr"] + net["D1mw"],
            "ll_misses": net["DLmr"] + net["DLmw"],
            "compactions": row["compactions"],
        }


def cpu():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


rows = {(heap, live): dict(measured(heap, live)) for heap in heaps for live in lives}

with open(f"{out}/cost.csv", "w") as csv:
    every = [row for found in rows.values() for row in found.values()]
    print(*every[0], sep=",", file=csv)
    for row in every:
        cells = (f"{cell:.3f}" if isinstance(cell, float) else cell for cell in row.values())
        print(*cells, sep=",", file=csv)

env = os.environ
with open(f"{out}/cost.md", "w") as md:
    print(f"""# The cost of single operations

Counted by callgrind, not timed: the average of {every[0]["count"]:,} of each operation at random places
of a fragmented heap, through the lab's adapters, less the loop around them. Misses are accesses to data
that a simulated cache of 8 MiB did not have. On a heap of pointers `get` is the read alone.

Operations are done in batches, and a batch takes up to an eighth of the live blocks: 125 of 1,000, where
lists of free blocks are short and often have no neighbour to be linked. With `tools/cost.sh -n 125`,
batches and lists have the same length on all heaps.

- Command: `{env["COMMAND"]}`
- Machine: {env["MACHINE"]}, {cpu()}
- Versions: {env["RUSTC"]}; {env["VALGRIND"]}
- Date: {env["DATE"]}
""", file=md)
    titles = [f"{unit}, {live:,} live" for unit in ("instructions", "misses") for live in lives]
    print("|", " | ".join(["operation", "heap", *titles]), "|", file=md)
    print("|---|---|" + "---:|" * len(titles), file=md)
    for name, about in OPERATIONS.items():
        for heap in heaps:
            found = [rows[heap, live].get(name) for live in lives]
            if None in found:
                continue
            cells = [f"{row['instructions']:.1f}" for row in found]
            cells += [f"{row['ll_misses']:.2f}" for row in found]
            print("|", " | ".join([f"`{name}`", f"`{heap}`", *cells]), "|", file=md)
    print(file=md)
    for name, about in OPERATIONS.items():
        print(f"- `{name}`: {about}", file=md)
END
