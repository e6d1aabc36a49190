#!/usr/bin/env bash
# Runs the tests of the library where pointers are shorter and bytes the other way round: everywhere.sh [TARGET]...
# The standard library for that is the one of the toolchain in use if it has the target; otherwise it is built with the
# compiler of Debian that comes with the sources. What is not of this machine runs under emulation.
#
#   PROPTEST_CASES=N, BUFLIB_C_PROGRAMS=N  how many programs each model runs (default: 256 and 800)
#   TESTS='PROGRAM…'    which test programs (default: `together`, which has all tests, and programs of calls from C)
#   IMAGES=write        writes the images in tests/snapshots again, before anything is tested
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- i686-unknown-linux-gnu powerpc-unknown-linux-gnu s390x-unknown-linux-gnu
tests=()
for program in ${TESTS:-together}; do tests+=(--test "$program"); done
failed=()
skipped=()

skip() {
    echo "everywhere: SKIPPED $target: $*" >&2
    skipped+=("$target")
    return 1
}

install() {
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
    apt-get update >/dev/null && apt-get install -y --no-install-recommends "$@" >/dev/null
}

# Whether a program with types of another machine can be made and run.
runs() {
    local work result=0
    work=$(mktemp -d)
    echo '#include <stdio.h>
int main(void) { return puts("") < 0; }' >"$work/probe.c"
    { "${linker[@]}" "$work/probe.c" -o "$work/probe" && "${runner[@]}" "$work/probe"; } >/dev/null 2>&1 || result=1
    rm -rf "$work"
    return $result
}

# What makes programs for the target and what runs them: `linker` and `runner`, and the packages that have both.
tools_for() {
    local machine=${target%%-*}
    case $machine in
        i686)
            local version
            version=$(cc -dumpversion 2>/dev/null | cut -d. -f1) || true
            # Not gcc-multilib itself: that excludes compilers for other machines.
            linker=(cc -m32) runner=(env) packages=("gcc-${version:-12}-multilib" gcc)
            ;;
        powerpc)
            linker=(powerpc-linux-gnu-gcc) runner=(qemu-ppc -L /usr/powerpc-linux-gnu)
            packages=(gcc-powerpc-linux-gnu libc6-dev-powerpc-cross qemu-user)
            ;;
        s390x)
            linker=(s390x-linux-gnu-gcc) runner=(qemu-s390x -L /usr/s390x-linux-gnu)
            packages=(gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user)
            ;;
        *) skip "this script does not know what runs it" || return 1 ;;
    esac
    runs || install "${packages[@]}" || true
    runs || skip "programs for it cannot be made or run here (Debian: ${packages[*]})"
}

# What builds the library for the target: `cargo`, and `build` for what it must be told.
compiler_for() {
    cargo=(cargo) build=()
    [ ! -d "$("${RUSTC:-rustc}" --print target-libdir --target "$target")" ] || return 0
    if [ ! -x /usr/bin/cargo ] || [ ! -d /usr/lib/rustlib/src/rust/library/std ]; then
        install rustc-web cargo-web rust-web-src || true
    fi
    [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library/std ] ||
        skip "no standard library for it, and no sources of one (Debian: rustc-web, cargo-web, rust-web-src)" || return 1
    cargo=(env RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo) build=(-Zbuild-std=std,panic_unwind,test)
}

# Most of the time goes into compiling: less of it without what debuggers need.
export CARGO_PROFILE_DEV_DEBUG=none CARGO_PROFILE_DEV_INCREMENTAL=false
# All tests run so long under emulation that it pays to optimise them.
[ -n "${TESTS:-}" ] || export CARGO_PROFILE_DEV_OPT_LEVEL=1

for target; do
    tools_for && compiler_for || continue
    name=$(tr 'a-z-' 'A-Z_' <<<"$target")
    # A linker is one word for Cargo.
    export "CARGO_TARGET_${name}_LINKER=${linker[0]}" "CARGO_TARGET_${name}_RUNNER=${runner[*]}"
    [ ${#linker[@]} -eq 1 ] || export "CARGO_TARGET_${name}_RUSTFLAGS=-Clink-arg=${linker[1]}"
    all=(test --quiet --locked --target "$target" --target-dir "${CARGO_TARGET_DIR:-target}/everywhere/$target")
    all+=("${build[@]}")
    if [ "${IMAGES:-}" = write ]; then
        "${cargo[@]}" "${all[@]}" --package buflib --test b09_snapshots_elsewhere -- --ignored
    fi
    started=$SECONDS
    if "${cargo[@]}" "${all[@]}" --package buflib --no-fail-fast --lib "${tests[@]}" &&
        { [ -n "${TESTS:-}" ] || "${cargo[@]}" "${all[@]}" --package buflib-c --test programs; }; then
        echo "everywhere: $target: all pass, $((SECONDS - started)) s"
    else
        failed+=("$target")
    fi
done
[ ${#skipped[@]} -eq 0 ] || echo "everywhere: SKIPPED: ${skipped[*]}" >&2
[ ${#failed[@]} -eq 0 ] || {
    echo "everywhere: failed on ${failed[*]}" >&2
    exit 1
}
