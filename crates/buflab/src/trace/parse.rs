//! The text form of a trace, line by line.

use super::error::{Field, Mistake};

pub(crate) const HEADER: &str = "# buflib-trace 1";

/// The alignment of a block whose event does not name one.
const DEFAULT_ALIGN: u32 = 8;

/// One event as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawEvent {
    Alloc { id: u64, size: u32, align: u32 },
    Resize { id: u64, size: u32 },
    Free { id: u64 },
}

/// Checks the first line.
pub(crate) fn header(line: &[u8]) -> Result<(), Mistake> {
    if line.trim_ascii_end() == HEADER.as_bytes() {
        Ok(())
    } else {
        Err(Mistake::Header { found: shown(line) })
    }
}

/// Reads one further line; `None` for a comment.
pub(crate) fn line(line: &[u8]) -> Result<Option<RawEvent>, Mistake> {
    if line.first() == Some(&b'#') {
        return Ok(None);
    }
    let mut fields = Fields { rest: line };
    let event = match fields.next() {
        Some(b"a") => {
            let (id, size) = (fields.id()?, fields.small(Field::Size)?);
            RawEvent::Alloc {
                id,
                size,
                align: fields.align()?,
            }
        }
        Some(b"r") => RawEvent::Resize {
            id: fields.id()?,
            size: fields.small(Field::Size)?,
        },
        Some(b"f") => RawEvent::Free { id: fields.id()? },
        found => {
            let found = shown(found.unwrap_or_default());
            return Err(Mistake::Op { found });
        }
    };
    match fields.next() {
        None => Ok(Some(event)),
        Some(found) => Err(Mistake::Trailing {
            found: shown(found),
        }),
    }
}

/// The fields of a line, by blanks.
struct Fields<'t> {
    rest: &'t [u8],
}

impl<'t> Fields<'t> {
    fn next(&mut self) -> Option<&'t [u8]> {
        let text = self.rest.trim_ascii_start();
        let end = text
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(text.len());
        let (field, rest) = text.split_at(end);
        self.rest = rest;
        (!field.is_empty()).then_some(field)
    }

    fn id(&mut self) -> Result<u64, Mistake> {
        let text = self.next().ok_or(Mistake::Missing { field: Field::Id })?;
        number(text, Field::Id)
    }

    fn small(&mut self, field: Field) -> Result<u32, Mistake> {
        let text = self.next().ok_or(Mistake::Missing { field })?;
        small(text, field)
    }

    fn align(&mut self) -> Result<u32, Mistake> {
        let Some(text) = self.next() else {
            return Ok(DEFAULT_ALIGN);
        };
        let align = small(text, Field::Align)?;
        if align.is_power_of_two() {
            Ok(align)
        } else {
            Err(Mistake::Align { found: align })
        }
    }
}

fn small(text: &[u8], field: Field) -> Result<u32, Mistake> {
    u32::try_from(number(text, field)?).map_err(|_| not_a_number(text, field))
}

// By hand, because `str::parse` takes a sign and wants the text checked for UTF-8 first.
fn number(text: &[u8], field: Field) -> Result<u64, Mistake> {
    let mut value = 0u64;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        value = (digit < 10)
            .then(|| value.checked_mul(10)?.checked_add(u64::from(digit)))
            .flatten()
            .ok_or_else(|| not_a_number(text, field))?;
    }
    Ok(value)
}

fn not_a_number(text: &[u8], field: Field) -> Mistake {
    Mistake::Number {
        field,
        found: shown(text),
    }
}

/// Foreign text for a message: printable and not endless.
fn shown(text: &[u8]) -> String {
    const MOST: usize = 60;
    let mut shown = text[..text.len().min(MOST)].escape_ascii().to_string();
    if text.len() > MOST {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> Mistake {
        line(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn events_are_read() {
        let events = [
            (
                "a 1 16",
                RawEvent::Alloc {
                    id: 1,
                    size: 16,
                    align: 8,
                },
            ),
            (
                "a 2 0 64",
                RawEvent::Alloc {
                    id: 2,
                    size: 0,
                    align: 64,
                },
            ),
            (
                "r 1 4294967295\r",
                RawEvent::Resize {
                    id: 1,
                    size: u32::MAX,
                },
            ),
            ("f  18446744073709551615 ", RawEvent::Free { id: u64::MAX }),
        ];
        for (text, event) in events {
            assert_eq!(line(text.as_bytes()), Ok(Some(event)), "{text}");
        }
        assert_eq!(line(b"# a comment"), Ok(None));
    }

    #[test]
    fn the_header_is_asked_for() {
        assert_eq!(header(b"# buflib-trace 1\r"), Ok(()));
        let found = "# buflib-trace 2".to_owned();
        assert_eq!(header(found.as_bytes()), Err(Mistake::Header { found }));
    }

    #[test]
    fn an_unknown_op_is_shown() {
        for text in ["x 1 2", "alloc 1 2", "A 1 2"] {
            let found = text.split(' ').next().unwrap().to_owned();
            assert_eq!(mistake(text), Mistake::Op { found });
        }
        assert_eq!(
            mistake(""),
            Mistake::Op {
                found: String::new()
            }
        );
    }

    #[test]
    fn a_missing_number_is_named() {
        assert_eq!(mistake("a"), Mistake::Missing { field: Field::Id });
        assert_eq!(mistake("a 1"), Mistake::Missing { field: Field::Size });
        assert_eq!(mistake("r 1 "), Mistake::Missing { field: Field::Size });
        assert_eq!(mistake("f"), Mistake::Missing { field: Field::Id });
    }

    #[test]
    fn a_bad_number_is_shown() {
        let cases = [
            ("a x 1", Field::Id, "x"),
            ("a 1 -1", Field::Size, "-1"),
            ("a 1 +1", Field::Size, "+1"),
            ("r 1 4294967296", Field::Size, "4294967296"),
            ("f 18446744073709551616", Field::Id, "18446744073709551616"),
            ("a 1 1 8k", Field::Align, "8k"),
        ];
        for (text, field, found) in cases {
            let found = found.to_owned();
            assert_eq!(mistake(text), Mistake::Number { field, found }, "{text}");
        }
    }

    #[test]
    fn an_alignment_is_a_power_of_two() {
        assert_eq!(mistake("a 1 1 0"), Mistake::Align { found: 0 });
        assert_eq!(mistake("a 1 1 24"), Mistake::Align { found: 24 });
    }

    #[test]
    fn nothing_may_follow() {
        for text in ["a 1 2 8 9", "r 1 2 9", "f 1 9"] {
            assert_eq!(mistake(text), Mistake::Trailing { found: "9".into() });
        }
    }

    #[test]
    fn foreign_bytes_are_made_printable_and_short() {
        assert_eq!(
            mistake("\u{1b}[2J"),
            Mistake::Op {
                found: "\\x1b[2J".into()
            }
        );
        let Mistake::Op { found } = mistake(&"x".repeat(1000)) else {
            panic!("another mistake");
        };
        assert_eq!(found.len(), 63);
    }
}
