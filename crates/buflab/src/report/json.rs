//! One JSON object per line.

use std::io::Write;

use serde::Serialize;

use crate::error::Error;

pub(crate) fn json<T: Serialize>(out: &mut dyn Write, rows: &[T]) -> Result<(), Error> {
    for row in rows {
        serde_json::to_writer(&mut *out, row)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}
