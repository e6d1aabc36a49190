"""Makes the tables in figures.md from the raw results beside it."""

import json
import math
import sys


def rows(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def by_trace(found, name):
    table = {}
    for row in found:
        table.setdefault(row["trace"], {})[name(row)] = row
    return table


def markdown(head, body):
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *body])


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def replay(found):
    def name(row):
        return row["heap"] + (f"@{row['slack']:g}" if row["arena"] else "")

    table = by_trace(found, name)
    heaps = list(dict.fromkeys(map(name, found)))
    peer = "talc@3"

    def cell(row):
        return f"{row['ns_per_event']:.2f}" if row["completed"] else "no room"

    body = [[trace, *(cell(cells[heap]) for heap in heaps)] for trace, cells in table.items()]
    ratios = ["times " + peer]
    for heap in heaps:
        done = [c for c in table.values() if c[heap]["completed"] and c[peer]["completed"]]
        ratio = mean([c[heap]["ns_per_event"] / c[peer]["ns_per_event"] for c in done]) if done else 0
        ratios.append(f"**{ratio:.2f}**" + ("" if len(done) == len(table) else f" ({len(done)})"))
    return markdown(["trace", *heaps], [*body, ratios])


def moved(found):
    body = []
    for row in found:
        if row["heap"] == "buflib" and row["completed"]:
            body.append([
                row["trace"], f"{row['slack']:g}", f"{row['arena']:,}", str(row["compactions"]),
                f"{row['moves']:,}", f"{row['bytes_moved'] / 1e6:.1f}",
                f"{row['longest_pause_ns'] / 1000:.0f}",
            ])
    head = ["trace", "slack", "arena, bytes", "compactions", "blocks moved", "MB moved", "longest pause, µs"]
    return markdown(head, body)


def fit(found):
    table = by_trace(found, lambda row: row["heap"])
    heaps = list(dict.fromkeys(row["heap"] for row in found))

    def cell(row):
        if row["ratio"] is None:
            return "timed out" if row.get("failure") == "timed_out" else "none"
        return ("at most " if row.get("timed_out") else "") + f"{row['ratio']:.3f}"

    body = []
    for trace, cells in table.items():
        first = next(iter(cells.values()))
        body.append([
            trace, f"{first['peak_payload']:,}", f"{first['need_ratio']:.3f}",
            *(cell(cells[heap]) for heap in heaps),
        ])
    return markdown(["trace", "peak payload", "need", *heaps], body)


def main(out, machine, compiler, date):
    replayed = rows(f"{out}/replay.jsonl")
    fitted = rows(f"{out}/fit.jsonl")
    with open(f"{out}/figures.md", "w") as page:
        page.write(f"""# Figures

- Command: `tools/figures.sh TRACE...`; raw results: `replay.jsonl`, `fit.jsonl`
- Machine: {machine}
- Versions: {compiler}; peers as `buflab heaps` lists them
- Date: {date}

## Speed

Nanoseconds per event (allocate, resize, free; the first and last word of each new block written), median of 11 runs
that alternate between the heaps. `@1.25` is an arena of 1.25 times what the trace needs at 12 bytes a block.
`system` and `mimalloc` have no fixed arena. The last row is the geometric mean of the ratios to `talc@3`, in brackets over how
many traces if not all.

{replay(replayed)}

## What compaction did

{moved(replayed)}

The longest pause is the longest single operation, the least of three runs.

## Memory

The smallest arena in which the whole trace completes, all state counted, over the peak of live bytes. *Need* is perfect compaction at
12 bytes a block.

{fit(fitted)}
""")


main(*sys.argv[1:])
