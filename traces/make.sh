#!/bin/sh
# Record the traces of this directory anew.
#
#     ./make.sh [NAME...]      (default: all)
#
# For Debian 12.  Programs that are missing are installed with apt-get, for
# which it must run as root.  Environment, inputs, file names and (where the
# system allows) addresses are fixed, so that the same versions of the programs
# and of the C library repeat the same events, as far as the programs do;
# README.md says which do.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
all='gawk perl rsvg sqlite xsltproc'

if [ "${BUFLIB_CLEAN:-}" != 1 ]; then
    tmp=$(mktemp -d /tmp/buflib.XXXXXX)
    trap 'rm -rf "$tmp"' EXIT
    trap 'exit 1' HUP INT TERM
    env -i BUFLIB_CLEAN=1 PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C TZ=UTC \
        HOME="$tmp" TMPDIR="$tmp" PERL_HASH_SEED=0 PERL_PERTURB_KEYS=0 "$here/make.sh" "$@"
    exit
fi

# need COMMAND PACKAGE...
need() {
    command -v "$1" >/dev/null && return
    shift
    echo "make.sh: installing $*" >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 && return
    echo "make.sh: COULD NOT INSTALL $*; as root, run: apt-get update && apt-get install $*" >&2
    exit 1
}

version() {
    dpkg-query -W -f '${Version}' "$1"
}

# trace NAME TEXT COMMAND...
trace() {
    name=$1 text=$2
    shift 2
    "$here/../tools/record/record.sh" -o "$here/$name.trace.zst" -d "$text" -- "$@" >"$name.out"
    "$here/../tools/record/check.py" "$here/$name.trace.zst"
}

need cc gcc libc6-dev
need python3 python3-minimal
need zstd zstd

cd "$TMPDIR"
unset OLDPWD # some shells export it
cp "$here"/inputs/* .
python3 generate.py .

for name in ${*:-$all}; do
    case $name in
        gawk)
            need gawk gawk
            trace gawk "gawk $(version gawk): sort a mailbox into growing strings" \
                gawk -f mail.awk mail.txt
            ;;
        perl)
            need perl perl-base
            trace perl "perl $(version perl-base): follow and expire the sessions in a web server's log" \
                perl traffic.pl access.log
            ;;
        rsvg)
            need rsvg-convert librsvg2-bin
            trace rsvg "rsvg-convert $(version librsvg2-bin): draw long paths, gradients, blurs and clips" \
                rsvg-convert -o drawing.png drawing.svg
            ;;
        sqlite)
            need sqlite3 sqlite3
            trace sqlite "sqlite3 $(version sqlite3): insert, index, query, update, delete, vacuum" \
                sqlite3 -batch -init shop.sql shop.db .exit
            ;;
        xsltproc)
            need xsltproc xsltproc
            trace xsltproc "xsltproc $(version xsltproc): transform a catalog to HTML" \
                xsltproc -o catalog.html catalog.xsl catalog.xml
            ;;
        *)
            echo "make.sh: no trace named $name; there are: $all" >&2
            exit 2
            ;;
    esac
done
