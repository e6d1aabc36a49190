//! Sections without their types: what can be listed.

use std::io::ErrorKind;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use super::section::{Lab, Report, Section};
use crate::error::Error;

/// A [`Section`] that measures into its file and reports from it.
pub(super) trait Part: Sync {
    fn name(&self) -> &'static str;

    fn measure(&self, lab: &mut Lab<'_>, results: &Path) -> Result<(), Error>;

    /// None if there is no file.
    fn report(&self, results: &Path) -> Result<Option<Report>, Error>;
}

/// The part that is a section.
pub(super) struct Of<S>(PhantomData<fn() -> S>);

impl<S> Of<S> {
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<S: Section> Part for Of<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn measure(&self, lab: &mut Lab<'_>, results: &Path) -> Result<(), Error> {
        let rows = S::measure(lab)?;
        let path = file(results, S::NAME);
        write(&path, &rows).map_err(|source| Error::Csv { path, source })
    }

    fn report(&self, results: &Path) -> Result<Option<Report>, Error> {
        Ok(read::<S>(results)?.map(|rows| S::report(&rows)))
    }
}

/// Where a section's rows are.
pub(super) fn file(results: &Path, name: &str) -> PathBuf {
    results.join(name).with_extension("csv")
}

fn write<R: serde::Serialize>(path: &Path, rows: &[R]) -> Result<(), csv::Error> {
    let mut file = csv::Writer::from_path(path)?;
    for row in rows {
        file.serialize(row)?;
    }
    Ok(file.flush()?)
}

/// The rows of a section; none if there is no file.
pub(super) fn read<S: Section>(results: &Path) -> Result<Option<Vec<S::Row>>, Error> {
    let path = file(results, S::NAME);
    let rows = csv::Reader::from_path(&path).and_then(|file| file.into_deserialize().collect());
    match rows {
        Ok(rows) => Ok(Some(rows)),
        Err(source) => match source.kind() {
            csv::ErrorKind::Io(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            _ => Err(Error::Csv { path, source }),
        },
    }
}
