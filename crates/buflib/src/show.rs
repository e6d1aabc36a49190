//! What debug output is made of where the core library's own could panic, if only as far as a compiler can see: that of a
//! string, and that of structs with many fields.

use core::fmt::{self, Write};

/// A string in quotes, as it is shown in debug output: what would end it or cannot be seen is escaped. Unlike in the core
/// library's, that is no more than control characters, since for others it has tables.
pub(crate) struct Quoted<'s>(pub(crate) &'s str);

impl fmt::Debug for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            if matches!(character, '"' | '\\') || character.is_control() {
                character
                    .escape_default()
                    .try_for_each(|c| f.write_char(c))?;
            } else {
                f.write_char(character)?;
            }
        }
        f.write_char('"')
    }
}

/// All fields of a struct, as `derive` has them.
macro_rules! show_fields {
    ($self:ident, $f:ident, $name:literal: $($field:ident)*) => {{
        let Self { $($field),* } = $self;
        $f.debug_struct($name)$(.field(stringify!($field), $field))*.finish()
    }};
}
pub(crate) use show_fields;

#[cfg(test)]
mod tests {
    use super::Quoted;
    use std::format;
    use std::string::ToString;

    #[test]
    fn characters_are_shown_as_in_any_string_or_as_they_are() {
        for character in '\0'..='\u{ffff}' {
            let text = character.to_string();
            let shown = format!("{:?}", Quoted(&text));
            let as_is = format!("\"{character}\"");
            match character {
                '\0' => assert_eq!(shown, "\"\\u{0}\""),
                _ if shown == as_is => {
                    assert!(!character.is_control() && !"\"\\".contains(character))
                }
                _ => assert_eq!(shown, format!("{text:?}")),
            }
        }
        assert_eq!(
            format!("{:?}", Quoted("it's \"\u{301}\" \\ é\n")),
            "\"it's \\\"\u{301}\\\" \\\\ é\\n\""
        );
        assert_eq!(format!("{:#?}", Quoted("")), "\"\"");
    }
}
