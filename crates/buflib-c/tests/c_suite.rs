//! B12: the tests in C, compiled by the machine's compiler and run: as they are, with sanitizers, under valgrind, and
//! with types of 32 bits. What cannot be run for lack of a tool says so, and why.

#![cfg(not(miri))]

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use buflib_c::{Callbacks, Code, Context, Report, Stats};

/// All of these are programs that return 0 if all is well.
const TESTS: [&str; 10] = [
    "alloc",
    "callbacks",
    "core",
    "corruption",
    "inspect",
    "names",
    "no_names",
    "pin",
    "pool",
    "shrink",
];

const STRICT: [&str; 7] = [
    "-std=c99",
    "-g",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-pedantic",
    // The shared part has more than each test needs.
    "-Wno-unused-function",
];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn work() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned()
}

fn tool(variable: &str, default: &str) -> OsString {
    env::var_os(variable).unwrap_or_else(|| default.into())
}

/// Runs a command that must succeed.
fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn skipped(what: &str, why: &str) {
    // Past the test harness, which shows the output of failed tests only.
    let line = format!("SKIPPED {what}: {why}\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
}

/// Builds the library as it is installed, for this machine or another target.
fn build(target: Option<&str>) -> Result<PathBuf, String> {
    let folder = work().join("library");
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["rustc", "--quiet", "--locked", "--lib", "--profile", "c"])
        .args(["--features", "freestanding", "--crate-type", "staticlib"])
        .arg("--manifest-path")
        .arg(here("Cargo.toml"))
        .arg("--target-dir")
        .arg(&folder);
    let mut place = folder;
    if let Some(target) = target {
        command.args(["--target", target]);
        place.push(target);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(place.join("c").join("libbuflib_c.a"))
}

fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| build(None).unwrap_or_else(|error| panic!("{error}")))
}

/// Compiles a program, and tells where it is.
fn compile(
    compiler: &OsString,
    source: &str,
    flags: &[&str],
    kind: &str,
    library: &Path,
) -> PathBuf {
    let name = Path::new(source).file_stem().expect("a name");
    let program = work().join(format!("{}-{kind}", name.to_string_lossy()));
    run(Command::new(compiler)
        .args(flags)
        .arg("-I")
        .arg(here("include"))
        .arg(here(source))
        .arg(library)
        .arg("-o")
        .arg(&program));
    program
}

/// Compiles all tests and runs them.
fn suite(kind: &str, more: &[&str], library: &Path, prefix: &[&str]) {
    let compiler = tool("CC", "cc");
    for test in TESTS {
        let flags = [&STRICT[..], more].concat();
        let program = compile(
            &compiler,
            &format!("tests/c/{test}.c"),
            &flags,
            kind,
            library,
        );
        let mut words: Vec<OsString> = prefix.iter().map(OsString::from).collect();
        words.push(program.into());
        run(Command::new(&words[0]).args(&words[1..]));
    }
}

/// Whether the compiler can make programs that run with these flags.
fn compiles(flags: &[&str]) -> bool {
    let (source, program) = (
        work().join("probe.c"),
        work().join(format!("probe{}", flags.concat())),
    );
    fs::write(
        &source,
        "#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n",
    )
    .expect("a file");
    let compiled = succeeds(
        Command::new(tool("CC", "cc"))
            .args(flags)
            .arg(&source)
            .arg("-o")
            .arg(&program),
    );
    compiled && succeeds(&mut Command::new(&program))
}

#[test]
fn tests_in_c_pass() {
    suite("plain", &["-O2"], library(), &[]);
}

#[test]
fn tests_in_c_pass_with_sanitizers() {
    let flags = [
        "-O1",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
    ];
    if !compiles(&flags) {
        return skipped(
            "sanitizers",
            "the compiler has none, or they do not run here",
        );
    }
    suite("sanitized", &flags, library(), &[]);
}

#[test]
fn tests_in_c_pass_under_valgrind() {
    if !succeeds(Command::new("valgrind").arg("--version")) {
        return skipped(
            "valgrind",
            "it is missing (Debian: apt-get install valgrind)",
        );
    }
    let prefix = [
        "valgrind",
        "--quiet",
        "--error-exitcode=99",
        "--leak-check=full",
    ];
    suite("valgrind", &["-O1"], library(), &prefix);
}

#[test]
fn tests_in_c_pass_with_types_of_32_bits() {
    if !compiles(&["-m32"]) {
        return skipped(
            "32 bits",
            "the compiler cannot make such programs (tools/c-32-bit.sh installs what it takes)",
        );
    }
    let library = match env::var_os("BUFLIB_C_LIBRARY_32") {
        Some(path) => path.into(),
        None => match build(Some("i686-unknown-linux-gnu")) {
            Ok(path) => path,
            Err(error) => {
                let why = error.lines().next().unwrap_or_default();
                return skipped(
                    "32 bits",
                    &format!("no library for i686 (tools/c-32-bit.sh builds one): {why}"),
                );
            }
        },
    };
    suite("32", &["-m32", "-O2"], &library, &[]);
}

#[test]
fn headers_compile_as_c_plus_plus() {
    let compiler = tool("CXX", "c++");
    if !succeeds(Command::new(&compiler).arg("--version")) {
        return skipped("C++", "there is no compiler (Debian: apt-get install g++)");
    }
    let flags = ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-pedantic"];
    let program = compile(&compiler, "tests/c/cpp.cpp", &flags, "cpp", library());
    run(&mut Command::new(program));
}

#[test]
fn headers_compile_with_clang() {
    if !succeeds(Command::new("clang").arg("--version")) {
        return skipped("clang", "it is missing (Debian: apt-get install clang)");
    }
    for test in TESTS {
        let source = format!("tests/c/{test}.c");
        let program = compile(&"clang".into(), &source, &STRICT, "clang", library());
        run(&mut Command::new(program));
    }
}

#[test]
fn headers_stand_alone() {
    for header in ["buflib.h", "core_alloc.h"] {
        for names in ["-UBUFLIB_NO_NAMES", "-DBUFLIB_NO_NAMES"] {
            let source = work().join(format!("alone{names}.c"));
            let text = format!("#include \"{header}\"\n#include \"{header}\"\nint nothing;\n");
            fs::write(&source, text).expect("a file");
            run(Command::new(tool("CC", "cc"))
                .args(STRICT)
                .args([names, "-fsyntax-only", "-I"])
                .arg(here("include"))
                .arg(&source));
        }
    }
}

#[test]
fn both_sides_agree_about_sizes_places_and_constants() {
    let program = compile(
        &tool("CC", "cc"),
        "tests/c/layout.c",
        &STRICT,
        "layout",
        library(),
    );
    let output = run(&mut Command::new(program));
    let text = String::from_utf8(output.stdout).expect("text");
    let mut found: BTreeMap<_, usize> = text
        .lines()
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, value)| (name, value.parse().expect("a number")))
        .collect();
    let mut agree = |name: &str, value: usize| {
        assert_eq!(found.remove(name), Some(value), "{name}");
    };
    macro_rules! structure {
        ($name:literal, $type:ident: $($field:ident),*) => {
            $(agree(concat!($name, ".", stringify!($field)), offset_of!($type, $field));)*
            agree(concat!("sizeof(struct ", $name, ")"), size_of::<$type>());
        };
    }
    structure!("buflib_callbacks", Callbacks: move_callback, shrink_callback, sync_callback);
    structure!("buflib_error", Report: code, handle, offset, found, expected, message);
    structure!("buflib_stats", Stats: live, used_bytes, free_bytes, largest_free_bytes, peak_bytes, immovable,
        owned, table_entries, compactions, moves, bytes_moved, refused_moves, refused_shrinks, fragmentation);
    let context = 16 * size_of::<*mut u8>();
    agree("sizeof(struct buflib_context)", context);
    assert!(size_of::<Context>() <= context);
    agree("buflib_context.buflib_table_end", Context::TABLE_END_AT);
    agree("buflib_context.buflib_origin", Context::ORIGIN_AT);
    agree("BUFLIB_CB_OK", 0);
    agree("BUFLIB_CB_CANNOT_MOVE", 1);
    agree("BUFLIB_CB_CANNOT_SHRINK", 1);
    agree(
        "BUFLIB_SHRINK_POS_FRONT",
        buflib_c::SHRINK_POS_FRONT as usize,
    );
    agree("BUFLIB_SHRINK_POS_BACK", buflib_c::SHRINK_POS_BACK as usize);
    agree("BUFLIB_SHRINK_POS_MASK", 0xc000_0000);
    agree(
        "BUFLIB_SHRINK_SIZE_MASK",
        buflib_c::SHRINK_SIZE_MASK as usize,
    );
    agree("BUFLIB_NAME_RESERVE", buflib_c::NAME_RESERVE);
    for (name, code) in [
        ("BAD_HANDLE", Code::BadHandle),
        ("CORRUPT", Code::Corrupt),
        ("BUSY", Code::Busy),
        ("OUTSIDE", Code::Outside),
        ("PINNED", Code::Pinned),
        ("NOT_PINNED", Code::NotPinned),
        ("PIN_FAILED", Code::PinFailed),
        ("BAD_ALIGNMENT", Code::BadAlignment),
        ("NOT_TAKEN", Code::NotTaken),
        ("CANNOT_MOVE", Code::CannotMove),
    ] {
        agree(&format!("BUFLIB_ERROR_{name}"), code as usize);
    }
    assert!(found.is_empty(), "{found:?}");
}

/// The library needs nothing of its host but four functions, and no panic is in it.
#[test]
fn library_needs_memory_functions_and_nothing_else() {
    if !succeeds(Command::new("nm").arg("--version")) {
        return skipped(
            "the look at symbols",
            "nm is missing (Debian: apt-get install binutils)",
        );
    }
    let output = run(Command::new("nm").arg(library()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // What comes along for arithmetic that the machine may lack is linked only if it is needed.
    let own: Vec<_> = text
        .split("\n\n")
        .filter(|object| object.trim_start().starts_with("buflib_c"))
        .flat_map(str::lines)
        .collect();
    assert!(
        own.iter().any(|line| line.ends_with(" T buflib_alloc")),
        "{text}"
    );
    for line in own {
        assert!(!line.contains("panic"), "{line}");
        if let Some((_, symbol)) = line.split_once(" U ") {
            let known = ["memcpy", "memmove", "memset", "memcmp"];
            assert!(known.contains(&symbol), "{symbol}");
        }
    }
}

/// Installed as documented, found by pkg-config, and used by the example: the static library and the shared one.
#[test]
fn installed_library_is_found_and_used() {
    for needed in ["make", "pkg-config"] {
        if !succeeds(Command::new(needed).arg("--version")) {
            return skipped(
                "installation",
                &format!("{needed} is missing (Debian: apt-get install {needed})"),
            );
        }
    }
    let prefix = work().join("installed");
    let _ = fs::remove_dir_all(&prefix);
    run(Command::new("make")
        .arg("-C")
        .arg(here(""))
        .arg("install")
        .arg(format!("CARGO={}", env!("CARGO")))
        .arg(format!("PREFIX={}", prefix.display()))
        .arg(format!("TARGET_DIR={}", work().join("library").display()))
        .env_remove("MAKEFLAGS"));
    let flags = run(Command::new("pkg-config")
        .args(["--cflags", "--libs", "buflib"])
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")));
    let flags = String::from_utf8(flags.stdout).expect("text");
    let mut outputs = Vec::new();
    for linking in ["-Wl,-Bdynamic", "-static"] {
        let program = work().join(format!("player{linking}"));
        run(Command::new(tool("CC", "cc"))
            .args(["-std=c99", "-Wall", "-Wextra", "-Werror", linking])
            .arg(here("examples/player.c"))
            .args(flags.split_whitespace())
            .arg("-o")
            .arg(&program));
        let output = run(Command::new(&program).env("LD_LIBRARY_PATH", prefix.join("lib")));
        outputs.push(String::from_utf8(output.stdout).expect("text"));
    }
    for text in [
        "played up to byte",
        "/music/another/track.flac",
        "error 1, handle 5",
    ] {
        assert!(outputs[0].contains(text), "{}", outputs[0]);
    }
    // But for addresses, which are not the same in both.
    let lines = |text: &str| {
        text.lines()
            .filter(|line| !line.contains("0x"))
            .map(String::from)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&outputs[0]), lines(&outputs[1]));
}
