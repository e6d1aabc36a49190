#!/usr/bin/env python3
"""Turn the raw files of record.c into one trace in text form.

usage: convert.py [-p PROCESS] [-d TEXT] [-o OUT] RAW...

Of several raw files, the one with the most events is taken; -p looks only at
processes of that name (as the kernel has it: at most 15 bytes).  -d is the
description for the header.
"""

import argparse
import struct
import sys

SLOT = struct.Struct("=BB6xQQQ")
HEADER = struct.Struct("=8sII16s")
ALLOC, RESIZE, FREE, BROKEN = b"arfx"
DEFAULT_ALIGN = 8


class Raw:
    """One process's raw file."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as f:
            data = f.read()
        magic, self.pid, self.parent, name = HEADER.unpack_from(data)
        if magic != b"BUFRAW1\n":
            sys.exit(f"{path}: not a raw recording")
        self.name = name.split(b"\0")[0].decode("utf-8", "replace")
        # Zeros fill the file up to the end of its last window.
        self.count = len(data) // SLOT.size - 1
        while self.count and data[self.count * SLOT.size] == 0:
            self.count -= 1
        self.slots = memoryview(data)[SLOT.size : (self.count + 1) * SLOT.size]

    def events(self):
        return SLOT.iter_unpack(self.slots)


class Trace:
    """The events with addresses replaced by numbers, and their statistics."""

    def __init__(self):
        self.lines = []
        self.live = {}  # address -> (id, size, index of its allocation)
        self.ids = 0
        self.ops = {"a": 0, "r": 0, "f": 0}
        self.sizes = []
        self.lifetimes = []
        self.bytes = self.peak_bytes = self.peak_blocks = 0
        self.zero_size = 0
        self.unknown = 0  # frees and reallocs of addresses never seen
        self.unseen = 0  # addresses handed out again without a recorded free

    def emit(self, op, line):
        self.ops[op] += 1
        self.lines.append(line)
        self.peak_bytes = max(self.peak_bytes, self.bytes)
        self.peak_blocks = max(self.peak_blocks, len(self.live))

    def size(self, size):
        # C gives even a block of no bytes an address of its own.
        if size == 0:
            self.zero_size += 1
            size = 1
        self.sizes.append(size)
        return size

    def alloc(self, address, size, align):
        if address in self.live:
            self.unseen += 1
            self.free(address)
        size = self.size(size)
        ident, self.ids = self.ids, self.ids + 1
        self.live[address] = (ident, size, len(self.lines))
        self.bytes += size
        self.emit("a", f"a {ident} {size} {align}" if align > DEFAULT_ALIGN else f"a {ident} {size}")

    def resize(self, old, new, size):
        if old not in self.live:
            self.unknown += old != 0  # realloc(NULL, n) is malloc(n)
            self.alloc(new, size, 0)
            return
        if new != old and new in self.live:
            self.unseen += 1
            self.free(new)
        size = self.size(size)
        ident, had, born = self.live.pop(old)
        self.live[new] = (ident, size, born)
        self.bytes += size - had
        self.emit("r", f"r {ident} {size}")

    def free(self, address):
        if address not in self.live:
            self.unknown += 1
            return
        ident, had, born = self.live.pop(address)
        self.bytes -= had
        self.lifetimes.append(len(self.lines) - born)
        self.emit("f", f"f {ident}")

    def header(self, description, process):
        ops = " + ".join(f"{n} {op}" for op, n in self.ops.items())
        sizes = quantiles(self.sizes, (1, 10, 25, 50, 75, 90, 99, 100))
        lifetimes = quantiles(self.lifetimes, (10, 50, 90, 99, 100))
        return [
            "# buflib-trace 1",
            f"# program: {description} (process {process})",
            f"# events {len(self.lines)} = {ops} ; zero-size {self.zero_size}"
            f" ; unknown-pointer events dropped or turned into a: {self.unknown}",
            f"# peak live bytes {self.peak_bytes} ; peak live blocks {self.peak_blocks}"
            f" ; left at the end {len(self.live)} blocks {self.bytes} bytes",
            f"# size quantiles p1 p10 p25 p50 p75 p90 p99 max: {sizes}",
            f"# lifetime (events) p10 p50 p90 p99 max: {lifetimes} ; never freed {len(self.live)}",
        ]


def quantiles(values, percents):
    values = sorted(values) or [0]
    return " ".join(str(values[min(len(values) - 1, len(values) * p // 100)]) for p in percents)


def convert(raw):
    trace = Trace()
    for op, align_log2, size, old, new in raw.events():
        if op == ALLOC:
            trace.alloc(new, size, 1 << align_log2)
        elif op == RESIZE:
            trace.resize(old, new, size)
        elif op == FREE:
            trace.free(old)
        elif op == BROKEN:
            sys.exit(f"{raw.path}: the recording broke off; see the messages of the run")
        else:
            sys.exit(f"{raw.path}: damaged: unknown event {op}")
    return trace


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("-p", metavar="PROCESS", help="take only processes of this name")
    args.add_argument("-d", metavar="TEXT", help="what was run, for the header")
    args.add_argument("-o", metavar="OUT", help="output file, else standard output")
    args.add_argument("raw", nargs="+")
    args = args.parse_args()

    found = sorted(map(Raw, args.raw), key=lambda raw: -raw.count)
    for raw in found:
        print(f"convert: {raw.name} (pid {raw.pid}): {raw.count} events", file=sys.stderr)
    raw = next((raw for raw in found if args.p in (None, raw.name)), None)
    if raw is None or raw.count == 0:
        sys.exit("convert: no events" + (f" of a process named {args.p}" if args.p else ""))

    trace = convert(raw)
    print(f"convert: took {raw.name} (pid {raw.pid})", file=sys.stderr)
    if trace.unseen:
        print(f"convert: {trace.unseen} blocks were freed by ways not recorded", file=sys.stderr)
    out = open(args.o, "w", encoding="utf-8") if args.o else sys.stdout
    description = " ".join((args.d or "unnamed").split())
    for line in trace.header(description, raw.name):
        print(line, file=out)
    for line in trace.lines:
        print(line, file=out)
    out.close()


if __name__ == "__main__":
    main()
