#!/usr/bin/env bash
# Looks for ways from public operations to a panic in the linked library, and in the one for C: no-panic.sh [PROFILE]...
#
# PROFILE is `release` (if none is given), `size` or `least`: optimised for speed, for size, for the least size.
# What the public operations are, crates/buflib/tests/operations.rs reads from the sources.
set -euo pipefail
cd "$(dirname "$0")/../no-panic"
target=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $(rustc -vV | sed -n 's/^host: //p') in
    *-linux-*) ;;
    *) echo "no-panic: SKIPPED: what is linked here is not in the format that is searched" && exit 0 ;;
esac

cargo build --quiet --locked --package no-panic-search
search() { "$target/debug/no-panic-search" "$@"; }

# What C can call or read, each `no_mangle` in the sources.
awk '/no_mangle/ { do getline; while (!/ (fn|static) /); sub(/.* (fn|static) /, ""); sub(/[^a-z0-9_].*/, ""); print }' \
    $(grep -rl no_mangle ../crates/buflib-c/src) >"$work/exported"
echo control_that_panics >>"$work/exported"

failed=0
for profile in "${@:-release}"; do
    cargo build --quiet --locked --profile "$profile" --package no-panic-operations
    echo "no-panic: the library, $profile"
    search "$target/$profile/libno_panic_operations.a" operations ../crates/buflib/tests/operations.txt || failed=1
    for features in "" large; do
        cargo build --quiet --locked --profile "$profile" --package no-panic-c --features "$features"
        echo "no-panic: the library for C, $profile${features:+, $features}"
        search "$target/$profile/libno_panic_c.a" exported "$work/exported" || failed=1
    done
done
exit "$failed"
