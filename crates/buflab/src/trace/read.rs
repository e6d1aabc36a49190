//! From a file to a program.

use std::fs;
use std::path::Path;

use super::error::{Mistake, TraceError};
use super::parse::{self, RawEvent};
use super::program::{Builder, Program};
use super::zstd::decompress;

/// Reads a trace, plain or, by its suffix `.zst`, compressed.
pub(crate) fn read(path: &Path) -> Result<Program, TraceError> {
    let bytes = fs::read(path).map_err(|source| TraceError::Read {
        path: path.to_owned(),
        source,
    })?;
    from_bytes(bytes, path)
}

/// What the file of this path contains, made into a program.
pub(super) fn from_bytes(bytes: Vec<u8>, path: &Path) -> Result<Program, TraceError> {
    let text = if path.extension().is_some_and(|suffix| suffix == "zst") {
        decompress(&bytes).map_err(|reason| TraceError::Decompress {
            path: path.to_owned(),
            reason,
        })?
    } else {
        bytes
    };
    build(&text, name(path)).map_err(|(line, mistake)| TraceError::Line {
        path: path.to_owned(),
        line,
        mistake,
    })
}

/// The file's name without the suffixes that all traces have.
fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".zst").unwrap_or(&name);
    name.strip_suffix(".trace").unwrap_or(name).to_owned()
}

fn build(text: &[u8], name: String) -> Result<Program, (u32, Mistake)> {
    // A newline ends a line; it does not begin another one.
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let mut lines = (1u32..).zip(text.split(|&byte| byte == b'\n'));
    let mut builder = Builder::default();
    if let Some((number, first)) = lines.next() {
        parse::header(first).map_err(|mistake| (number, mistake))?;
    }
    for (number, line) in lines {
        parse::line(line)
            .and_then(|event: Option<RawEvent>| {
                event.map_or(Ok(()), |event| builder.push(number, event))
            })
            .map_err(|mistake| (number, mistake))?;
    }
    Ok(builder.finish(name))
}

/// A program from events without the header line, for tests.
#[cfg(test)]
pub(crate) fn from_text(events: &str) -> Result<Program, (u32, Mistake)> {
    build(
        format!("{}\n{events}", parse::HEADER).as_bytes(),
        "test".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::path::PathBuf;

    fn file(name: &str, contents: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::write(&path, contents).unwrap();
        (dir, path)
    }

    fn long_text() -> Vec<u8> {
        let mut text = b"# buflib-trace 1\n".to_vec();
        for id in 0..20_000 {
            text.extend(format!("a {id} {}\n", id * 7919 % 1000).bytes());
        }
        text
    }

    #[test]
    fn names_lose_the_suffixes() {
        for file in ["cc1.trace.zst", "cc1.trace", "cc1.zst", "cc1"] {
            assert_eq!(name(Path::new("/a/b").join(file).as_path()), "cc1");
        }
    }

    #[test]
    fn mistakes_name_their_line() {
        let cases = [
            ("a 0 1\nq 0\n", 3),
            ("a 0 1\n\nf 0\n", 3),
            ("a 0 1\n# x\nf 1\n", 4),
            ("a 0 1\nf 0\nf 0", 4),
            ("a 0 1\nf 0\na 0 1\n", 4),
        ];
        for (text, line) in cases {
            assert_eq!(from_text(text).unwrap_err().0, line, "{text:?}");
        }
    }

    #[test]
    fn ids_are_never_used_again() {
        let live = from_text("a 5 1\na 5 1\n").unwrap_err().1;
        let freed = from_text("a 5 1\nf 5\na 5 1\n").unwrap_err().1;
        assert_eq!(live, Mistake::ReusedId { id: 5 });
        assert_eq!(freed, Mistake::ReusedId { id: 5 });
    }

    #[test]
    fn only_live_ids_are_resized_and_freed() {
        for op in ["r 5 1", "f 5"] {
            let unknown = from_text(op).unwrap_err().1;
            let freed = from_text(&format!("a 5 1\nf 5\n{op}")).unwrap_err().1;
            assert_eq!(unknown, Mistake::UnknownId { id: 5 });
            assert_eq!(freed, Mistake::FreedId { id: 5 });
        }
    }

    #[test]
    fn a_file_without_a_header_is_refused() {
        for contents in ["", "a 0 1\n", "\n# buflib-trace 1\n"] {
            let (_dir, path) = file("x.trace", contents.as_bytes());
            let message = read(&path).unwrap_err().to_string();
            assert!(message.contains("x.trace:1: found"), "{message}");
            assert!(message.contains("# buflib-trace 1"), "{message}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let message = read(Path::new("/no/such.trace")).unwrap_err().to_string();
        assert!(message.starts_with("/no/such.trace: "), "{message}");
    }

    #[test]
    fn compressed_and_plain_are_the_same() {
        let text = long_text();
        let packed = compress_to_vec(text.as_slice(), CompressionLevel::Fastest);
        let (_plain, plain) = file("x.trace", &text);
        let (_packed, packed) = file("x.trace.zst", &packed);
        assert_eq!(
            read(&plain).unwrap().events(),
            read(&packed).unwrap().events()
        );
    }

    #[test]
    fn all_frames_are_read() {
        let mut stream = compress_to_vec(&b"# buflib-trace 1\n"[..], CompressionLevel::Fastest);
        stream.extend([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
        stream.extend(compress_to_vec(&b"a 0 1\n"[..], CompressionLevel::Fastest));
        let (_dir, path) = file("x.trace.zst", &stream);
        assert_eq!(read(&path).unwrap().events().len(), 1);
    }

    #[test]
    fn a_truncated_stream_is_refused_wherever_it_ends() {
        let packed = compress_to_vec(long_text().as_slice(), CompressionLevel::Fastest);
        for keep in (0..packed.len()).step_by(97).chain([packed.len() - 1]) {
            let (_dir, path) = file("x.trace.zst", &packed[..keep]);
            let error = read(&path).unwrap_err();
            assert!(
                matches!(error, TraceError::Decompress { .. }),
                "{keep}: {error}"
            );
        }
    }

    #[test]
    fn a_changed_stream_is_refused() {
        let mut packed = compress_to_vec(&b"# buflib-trace 1\n"[..], CompressionLevel::Fastest);
        let last = packed.len() - 1;
        packed[last] ^= 1;
        let (_dir, path) = file("x.trace.zst", &packed);
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains("checksum"), "{message}");
    }
}
