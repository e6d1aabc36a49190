#!/usr/bin/env bash
# Links the library into a program that has neither std nor alloc, and looks for either in the result.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rustc=${RUSTC:-rustc}

"$rustc" --edition 2024 --crate-name buflib --crate-type rlib -O -C panic=abort \
    crates/buflib/src/lib.rs --out-dir "$work"
cat >"$work/firmware.rs" <<'RUST'
#![no_std]
#![no_main]

use buflib::{Crc32, Heap, Narrow};

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[unsafe(no_mangle)]
pub extern "C" fn firmware(memory: &'static mut [u8; 4096], size: usize) -> usize {
    let Ok(mut heap) = Heap::<Narrow, Crc32>::from_bytes(memory) else { return 0 };
    let Ok(handle) = heap.alloc(size) else { return 0 };
    let _ = heap.resize(handle, size / 2);
    let _ = heap.compact();
    heap.get(handle).map_or(0, <[u8]>::len)
}
RUST
"$rustc" --edition 2024 --crate-type staticlib -O -C panic=abort --extern "buflib=$work/libbuflib.rlib" \
    "$work/firmware.rs" -o "$work/libfirmware.a"
if ! command -v nm >/dev/null; then
    echo "no-std: SKIPPED the look at the symbols: nm is missing (Debian: binutils)"
    exit 0
fi
if nm "$work/libfirmware.a" 2>/dev/null | grep -E ' U .*(__rust_alloc|malloc$|_ZN3std|_ZN5alloc)'; then
    echo "no-std: the library needs one of the symbols above" >&2
    exit 1
fi
echo "no-std: links without std and without an allocator"
