#!/bin/sh
# Record the allocations of a program as a trace.
set -eu

usage() {
    cat >&2 <<'EOF'
usage: record.sh -o OUT.trace.zst [-d TEXT] [-p PROCESS] [-i] -- PROGRAM ARGS...

  -o  the trace to write
  -d  description for the header (default: the command line)
  -p  record the process of this name (default: the one with the most events)
  -i  write the trace even if the program fails
EOF
    exit 2
}

die() {
    echo "record.sh: $*" >&2
    exit 1
}

out='' text='' process='' ignore=''
while getopts o:d:p:i opt; do
    case $opt in
        o) out=$OPTARG ;;
        d) text=$OPTARG ;;
        p) process=$OPTARG ;;
        i) ignore=1 ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ -n "$out" ] && [ $# -gt 0 ] || usage
: "${text:=$*}"

missing=''
command -v cc >/dev/null || missing="$missing cc (Debian: apt-get install gcc libc6-dev)"
command -v python3 >/dev/null || missing="$missing python3 (Debian: apt-get install python3)"
command -v zstd >/dev/null || missing="$missing zstd (Debian: apt-get install zstd)"
[ -z "$missing" ] || die "MISSING:$missing"
command -v "$1" >/dev/null || die "no such program: $1"

here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/record.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

cc -O2 -Wall -Wextra -fno-builtin -fPIC -shared -fvisibility=hidden -o "$tmp/record.so" "$here/record.c"

# Addresses steer some programs (hashes of pointers), so keep them the same from
# run to run where the system lets us.
fixed=''
if command -v setarch >/dev/null && setarch -R true 2>/dev/null; then
    fixed='setarch -R'
fi

status=0
# shellcheck disable=SC2086
$fixed env BUFLIB_RECORD="$tmp/raw" LD_PRELOAD="$tmp/record.so" "$@" || status=$?
if [ $status -ne 0 ]; then
    [ -n "$ignore" ] || die "the program failed with status $status; no trace written (-i to ignore)"
    echo "record.sh: the program ended with status $status" >&2
fi

set -- "$tmp"/raw.*.raw
[ -e "$1" ] || die "nothing recorded: is the program statically linked, or setuid?"
python3 "$here/convert.py" -d "$text" ${process:+-p "$process"} -o "$tmp/trace" "$@"
zstd -19 -q -f -o "$tmp/trace.zst" "$tmp/trace"
mv "$tmp/trace.zst" "$out"
echo "record.sh: wrote $out, $(wc -c <"$out") bytes" >&2
