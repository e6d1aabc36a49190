#!/usr/bin/env bash
# Compiles the library with the oldest compiler that its manifest promises. Takes that compiler from
# rustup, or else from Debian's packages, unpacked into a temporary directory.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() {
    "$@" --edition 2024 --crate-type rlib --crate-name buflib --out-dir "$work" crates/buflib/src/lib.rs
    "$@" --edition 2024 --crate-type rlib --crate-name buflib_c --out-dir "$work" --cfg 'feature="large"' \
        --extern "buflib=$work/libbuflib.rlib" crates/buflib-c/src/lib.rs
}

if rustup run "$version" rustc --version 2>/dev/null; then
    compile rustup run "$version" rustc
    echo "msrv: the library and its C interface compile with Rust $version"
    exit 0
fi
packages() { apt-cache madison "$1" 2>/dev/null | awk -v v="$version" '$3 ~ "^"v"\\." { print $3; exit }'; }
[ "$(id -u)" = 0 ] && apt-get update >/dev/null 2>&1 || true
if found=$(packages rustc-web) && [ -n "$found" ]; then
    (
        cd "$work"
        apt-get download "rustc-web=$found" "libstd-rust-web-$version=$found" "libstd-rust-web-dev=$found" libllvm19 >/dev/null 2>&1
        for package in *.deb; do dpkg -x "$package" root; done
    )
    export LD_LIBRARY_PATH="$work/root/usr/lib/x86_64-linux-gnu"
    "$work/root/usr/bin/rustc" --version
    compile "$work/root/usr/bin/rustc" --sysroot "$work/root/usr"
    echo "msrv: the library and its C interface compile with Rust $version"
    exit 0
fi
echo "msrv: SKIPPED: Rust $version is neither with rustup nor among this machine's packages"
