#!/usr/bin/env python3
"""Check allocation traces.

usage: check.py TRACE...      (plain text, or compressed, with a name in .zst)

Every event must be well formed; `a` must bring an ID not seen before; `r` and
`f` must name a live one; and the numbers in the header must be those of the
events.  Shares no code with the converter.  Exits with 1 if a trace is wrong.
"""

import re
import subprocess
import sys

EVENT = re.compile(r"a (\d+) (\d+)(?: (\d+))?|r (\d+) (\d+)|f (\d+)")


class Wrong(Exception):
    pass


def read(path):
    """The lines of a trace."""
    if path.endswith(".zst"):
        run = subprocess.run(["zstd", "-dc", path], stdout=subprocess.PIPE, check=True)
        return run.stdout.decode("utf-8").splitlines()
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


def rank(ordered, percent):
    """The value below which `percent` of a sorted list lie; 0 for an empty one."""
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] if ordered else 0


def replay(lines):
    """Check the events; return the facts a header should state."""
    seen, size_of, born = set(), {}, {}
    counts = dict.fromkeys("arf", 0)
    sizes, lifetimes = [], []
    total = peak_bytes = peak_blocks = now = 0
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        event = EVENT.fullmatch(line)
        if not event:
            raise Wrong(f"line {number}: not an event: {line!r}")
        op = line[0]
        counts[op] += 1
        if op == "a":
            ident, size, align = event[1], int(event[2]), int(event[3] or 8)
            if ident in seen:
                raise Wrong(f"line {number}: ID {ident} used again")
            if align == 0 or align & (align - 1):
                raise Wrong(f"line {number}: alignment {align}")
            seen.add(ident)
            born[ident] = now
        else:
            ident = event[4] or event[6]
            if ident not in size_of:
                raise Wrong(f"line {number}: ID {ident} is not live")
            total -= size_of.pop(ident)
            if op == "r":
                size = int(event[5])
            else:
                lifetimes.append(now - born.pop(ident))
        if op != "f":
            if size == 0:
                raise Wrong(f"line {number}: size 0")
            size_of[ident] = size
            sizes.append(size)
            total += size
        peak_bytes = max(peak_bytes, total)
        peak_blocks = max(peak_blocks, len(size_of))
        now += 1
    sizes.sort()
    lifetimes.sort()
    return {
        "events": [now, counts["a"], counts["r"], counts["f"]],
        "peaks": [peak_bytes, peak_blocks, len(size_of), total],
        "sizes": [rank(sizes, p) for p in (1, 10, 25, 50, 75, 90, 99, 100)],
        "lifetimes": [rank(lifetimes, p) for p in (10, 50, 90, 99, 100)] + [len(size_of)],
    }


HEADER = {
    "events": r"# events (\d+) = (\d+) a \+ (\d+) r \+ (\d+) f ;.*",
    "peaks": r"# peak live bytes (\d+) ; peak live blocks (\d+)"
    r" ; left at the end (\d+) blocks (\d+) bytes",
    "sizes": r"# size quantiles p1 p10 p25 p50 p75 p90 p99 max:" + r" (\d+)" * 8,
    "lifetimes": r"# lifetime \(events\) p10 p50 p90 p99 max:" + r" (\d+)" * 5 + r" ; never freed (\d+)",
}


def check(path):
    lines = read(path)
    if not lines or lines[0] != "# buflib-trace 1":
        raise Wrong("the first line is not '# buflib-trace 1'")
    if not any(line.startswith("# program: ") for line in lines[:10]):
        raise Wrong("no program in the header")
    facts = replay(lines)
    for name, pattern in HEADER.items():
        stated = [m for m in (re.fullmatch(pattern, line) for line in lines[:10]) if m]
        if len(stated) != 1:
            raise Wrong(f"header: {name}: found {len(stated)} times")
        stated = [int(n) for n in stated[0].groups()]
        if stated != facts[name]:
            raise Wrong(f"header: {name}: says {stated}, found {facts[name]}")
    return facts


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: check.py TRACE...")
    wrong = 0
    for path in sys.argv[1:]:
        try:
            facts = check(path)
            peak_bytes, peak_blocks = facts["peaks"][:2]
            print(f"ok    {path}: {facts['events'][0]} events, peak {peak_bytes} bytes, {peak_blocks} blocks")
        except (Wrong, OSError, UnicodeError, subprocess.CalledProcessError) as error:
            print(f"WRONG {path}: {error}")
            wrong = 1
    sys.exit(wrong)


if __name__ == "__main__":
    main()
