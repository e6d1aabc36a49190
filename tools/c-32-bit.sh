#!/usr/bin/env bash
# Runs the C tests with types of 32 bits. The library for that is built with a target of the compiler in use if it has it;
# otherwise with the compiler of Debian that comes with the sources of the core library.
set -euo pipefail
cd "$(dirname "$0")/.."
target=i686-unknown-linux-gnu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
    echo "c-32-bit: SKIPPED: $*"
    exit 0
}

runs_32() {
    echo '#include <stdio.h>
int main(void) { return sizeof(void *) != 4 || puts("") < 0; }' >"$work/probe.c"
    "${CC:-cc}" -m32 "$work/probe.c" -o "$work/probe" >/dev/null 2>&1 && "$work/probe" >/dev/null
}

install() {
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
    apt-get update >/dev/null && apt-get install -y --no-install-recommends "$@" >/dev/null
}

# Not gcc-multilib itself: that excludes compilers for other machines.
if ! runs_32; then
    version=$("${CC:-cc}" -dumpversion | cut -d. -f1) || skip "there is no C compiler"
    install "gcc-$version-multilib" || true
    runs_32 || skip "the C compiler cannot make programs of 32 bits that run here (Debian: gcc-$version-multilib)"
fi

build=(rustc --quiet --locked --package buflib-c --lib --profile c --features freestanding
    --crate-type staticlib --target "$target" --target-dir "$work/target")
if [ -d "$("${RUSTC:-rustc}" --print target-libdir --target "$target")" ]; then
    cargo "${build[@]}"
else
    if [ ! -x /usr/bin/cargo ] || [ ! -d /usr/lib/rustlib/src/rust/library/core ]; then
        install rustc-web cargo-web rust-web-src || true
    fi
    [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library/core ] ||
        skip "no core library for $target, and no sources of it (Debian: rustc-web, cargo-web, rust-web-src)"
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo "${build[@]}" -Zbuild-std=core
fi
BUFLIB_C_LIBRARY_32="$work/target/$target/c/libbuflib_c.a" \
    cargo test --locked --package buflib-c --test c_suite -- 32_bits
