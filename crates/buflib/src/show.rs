//! What debug output is made of where the core library's own could panic, if only as far as a compiler can see: that of a
//! string, and that of structs with many fields.

use core::fmt::{self, Write};

/// A string in quotes, as it is shown in debug output.
pub(crate) struct Quoted<'s>(pub(crate) &'s str);

impl fmt::Debug for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '\'' => f.write_char(character)?,
                _ => character.escape_debug().try_for_each(|c| f.write_char(c))?,
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
    use std::string::String;

    #[test]
    fn every_character_is_shown_as_in_any_string() {
        let mut text = String::new();
        for character in '\0'..=char::MAX {
            text.push(character);
            if text.len() > 1000 || character == char::MAX {
                assert_eq!(format!("{:?}", Quoted(&text)), format!("{text:?}"));
                text.clear();
            }
        }
        assert_eq!(format!("{:#?}", Quoted("")), "\"\"");
    }
}
