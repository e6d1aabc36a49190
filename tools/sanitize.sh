#!/usr/bin/env bash
# Runs the tests of the library and the programs on its C interface where wrong uses of memory are found:
# sanitize.sh [address|memory|valgrind|layout|provenance]...
#
#   address     AddressSanitizer, with leaks. Needs a nightly toolchain, as the last two do.
#   memory      MemorySanitizer, with a standard library that is instrumented too: built by the compiler of Debian that comes
#               with the sources, with the run-time part of a nightly toolchain
#   valgrind    memcheck, without leaks
#   layout      structs laid out at random, with two seeds
#   provenance  no pointer is made of a number, nor a number of one that loses where it came from
#
# Before the tests, each that looks for errors must find those of a program that has them.
#
#   PROPTEST_CASES=N, BUFLIB_C_PROGRAMS=N  how many programs each model runs (default: 256 and 800)
#   TESTS='PROGRAM…'                       which test programs of the library (default: `together`, which has all tests)
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- address memory valgrind layout provenance
tests=()
for program in ${TESTS:-together}; do tests+=(--test "$program"); done
target=$(rustc -vV | sed -n 's/^host: //p')
folder=$(pwd)/target/sanitize
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=()

# Ends the shell of one kind.
skip() {
    echo "sanitize: SKIPPED $kind: $*" >&2
    exit 3
}

install() {
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
    apt-get update >/dev/null && apt-get install -y --no-install-recommends "$@" >/dev/null
}

nightly() {
    rustc +nightly --version >/dev/null 2>&1 || rustup toolchain install nightly --profile minimal >/dev/null 2>&1 ||
        skip "there is no nightly toolchain (rustup toolchain install nightly)"
}

# A program with one error: the kind of it is its argument.
control() {
    mkdir -p "$work/control/src"
    printf '[package]\nname = "control"\nedition = "2024"\n' >"$work/control/Cargo.toml"
    cat >"$work/control/src/main.rs" <<'RUST'
use std::hint::black_box;
use std::mem::MaybeUninit;

fn main() {
    let kind = std::env::args().nth(1).unwrap_or_default();
    let mut bytes: Box<[MaybeUninit<u8>]> = Box::new_uninit_slice(black_box(16));
    let first = bytes.as_mut_ptr().cast::<u8>();
    match &*kind {
        // SAFETY: none: that is to be found.
        "uninitialised" if unsafe { black_box(first).add(3).read() } == 7 => println!("seven"),
        // SAFETY: none, likewise.
        "outside" => println!("{}", unsafe { black_box(first).wrapping_add(16).read() }),
        "leak" => drop(black_box(Box::leak(bytes)).len()),
        _ => {}
    }
}
RUST
    "$@" build --quiet --manifest-path "$work/control/Cargo.toml" --target "$target" --target-dir "$folder/$kind" "${build[@]}"
}

# Whether the errors of that program are found, and it is let pass without one.
finds() {
    local program=("$@") error
    "${program[@]}" none >/dev/null || { echo "sanitize: $kind objects to a program without an error" >&2; return 1; }
    for error in "${errors[@]}"; do
        if "${program[@]}" "$error" >/dev/null 2>&1; then
            echo "sanitize: $kind does not find the error \"$error\"" >&2
            return 1
        fi
    done
}

# All tests with the Cargo that is given.
run() {
    local common=(test --quiet --locked --target "$target" --target-dir "$folder/$kind" "${build[@]}")
    "$@" "${common[@]}" --package buflib --lib "${tests[@]}" &&
        "$@" "${common[@]}" --package buflib-c --test programs
}

address() {
    nightly
    # Tests in which a value is forgotten on purpose.
    printf 'leak:%s\n' forgotten_stores_drop_nothing uninitialised_space_is_never_dropped \
        default_heap_serves_the_whole_program >"$work/leaks"
    export RUSTFLAGS=-Zsanitizer=address ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS="suppressions=$work/leaks"
    build=() errors=(outside leak)
    control cargo +nightly && finds "$folder/$kind/$target/debug/control" && run cargo +nightly
}

memory() {
    nightly
    local libraries=/usr/lib/rustlib/src/rust/library runtime
    runtime=$(rustc +nightly --print target-libdir)/librustc-nightly_rt.msan.a
    if [ ! -x /usr/bin/cargo ] || [ ! -d $libraries/std ]; then
        install rustc-web cargo-web rust-web-src || true
    fi
    [ -x /usr/bin/cargo ] && [ -d $libraries/std ] ||
        skip "no sources of the standard library (Debian: rustc-web, cargo-web, rust-web-src)"
    [ -f "$runtime" ] || skip "the nightly toolchain has no MemorySanitizer for $target"
    # All of the run-time part, since it is called by what the linker puts in later; and the linker of that toolchain,
    # since that of GNU does not find the versions of names that it has.
    export RUSTFLAGS="-Zsanitizer=memory -Zsanitizer-memory-track-origins -Zexternal-clangrt -Clink-arg=-Wl,--whole-archive \
-Clink-arg=$runtime -Clink-arg=-Wl,--no-whole-archive -Clink-arg=-Wl,--export-dynamic -Clink-arg=-lm \
-Clink-arg=-lpthread -Clink-arg=-lc -Clink-arg=-B${runtime%/lib/*}/bin/gcc-ld -Clink-arg=-fuse-ld=lld"
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    build=(-Zbuild-std=std,panic_unwind,test) errors=(uninitialised)
    control /usr/bin/cargo && finds "$folder/$kind/$target/debug/control" && run /usr/bin/cargo
}

valgrind() {
    command -v valgrind >/dev/null || install valgrind || true
    command -v valgrind >/dev/null || skip "there is no valgrind (Debian: valgrind)"
    # Leaks are looked for by AddressSanitizer, which can be told of those that are wanted.
    local check=(env valgrind --quiet --error-exitcode=9)
    build=() errors=(uninitialised outside)
    control cargo && finds "${check[@]}" "$folder/$kind/$target/debug/control" || return 1
    local name
    name=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$target")_RUNNER
    export "$name=${check[*]}"
    run cargo
}

layout() {
    nightly
    build=()
    local seed
    for seed in 1 2; do
        RUSTFLAGS="-Zrandomize-layout -Zlayout-seed=$seed" run cargo +nightly || return 1
    done
}

provenance() {
    nightly
    local package
    for package in buflib buflib-c; do
        cargo +nightly rustc --quiet --locked --package $package --lib --profile check --target-dir "$folder/$kind" -- \
            -Zcrate-attr='feature(strict_provenance_lints)' -Dfuzzy_provenance_casts -Dlossy_provenance_casts || return 1
    done
}

export CARGO_PROFILE_DEV_DEBUG=line-tables-only CARGO_PROFILE_DEV_INCREMENTAL=false
for kind; do
    case $kind in
        address | memory | valgrind | layout | provenance) ;;
        *)
            echo "sanitize: there is no $kind" >&2
            exit 2
            ;;
    esac
    started=$SECONDS
    # In a shell of its own: what is exported is for one kind.
    ("$kind") && status=0 || status=$?
    case $status in
        0) echo "sanitize: $kind: all pass, $((SECONDS - started)) s" ;;
        3) ;;
        *) failed+=("$kind") ;;
    esac
done
[ ${#failed[@]} -eq 0 ] || {
    echo "sanitize: failed: ${failed[*]}" >&2
    exit 1
}
