//! One block in use: found by handle or position, checked, and what its metadata says.

use core::str;

use crate::arena::Arena;
use crate::check::Check;
use crate::error::{Corruption, Error, Fault, Found};
use crate::handle::Handle;
use crate::layout::{Encoding, Layout, Record};
use crate::units::{Index, Pos, Units};

/// A block in use whose header and table entry agree and whose length is possible.
#[derive(Clone, Copy)]
pub(crate) struct Live<L: Encoding> {
    pub(crate) pos: Pos,
    pub(crate) units: Units,
    pub(crate) record: Record<L>,
}

/// Bytes that a name takes of its block: filled up to the granule, with its length behind it.
///
/// ```text
/// | header | payload | pad | name, filled up to a granule | zeros, length of the name | trailer |
/// ```
pub(crate) fn extension_bytes<L: Encoding>(name: usize) -> usize {
    if name > 0 {
        L::GRANULE + name.next_multiple_of(L::GRANULE)
    } else {
        0
    }
}

impl<L: Layout> Live<L> {
    /// The block that a handle names. Constant time.
    #[inline(always)]
    pub(crate) fn find<C: Check>(
        arena: &Arena<'_, L, C>,
        handle: Handle<L>,
    ) -> Result<Self, Error> {
        match Self::find_any(arena, handle) {
            Some(live) => Ok(live),
            None => Err(not_live(arena, handle)),
        }
    }

    #[inline(always)]
    fn find_any<C: Check>(arena: &Arena<'_, L, C>, handle: Handle<L>) -> Option<Self> {
        let mut live = Self::read(arena, handle)?;
        if live.units == Units::ZERO || live.pos + live.units > arena.tail() {
            return None;
        }
        live.record.trailer = arena.trailer(live.pos, live.units)?;
        L::matches(handle.token(), &live.record).then_some(live)
    }

    /// The same for a block without extension or trailer that may move, and without a word about the
    /// reason if it is not; its length is not checked.
    #[inline(always)]
    pub(crate) fn find_plain<C: Check>(arena: &Arena<'_, L, C>, handle: Handle<L>) -> Option<Self> {
        let live = Self::read(arena, handle)
            .filter(|live| L::matches_plain(handle.token(), &live.record))?;
        let header = L::plain_header(live.record.header);
        Some(Self {
            units: L::units(header),
            record: Record {
                header,
                ..live.record
            },
            ..live
        })
    }

    /// What stands where a handle leads, but for the trailer.
    #[inline(always)]
    fn read<C: Check>(arena: &Arena<'_, L, C>, handle: Handle<L>) -> Option<Self> {
        let entry = arena
            .entry(handle.index())
            .filter(|&entry| !L::entry_is_vacant(entry))?;
        let pos = L::entry_pos(entry);
        let header = arena.header(pos)?;
        Some(Self {
            pos,
            units: L::units(header),
            record: Record {
                header,
                entry,
                trailer: L::Trailer::default(),
            },
        })
    }

    /// The block in use at `pos`, whose header has been read.
    #[inline(always)]
    pub(crate) fn at<C: Check>(
        arena: &Arena<'_, L, C>,
        pos: Pos,
        header: L::Header,
    ) -> Result<Self, Corruption> {
        let units = L::units(header);
        if units == Units::ZERO || pos + units > arena.tail() {
            return Err(bad_length(arena, pos, units));
        }
        let trailer = arena.trailer(pos, units).unwrap_or_default();
        match arena.entry(L::index(header, trailer)) {
            Some(entry) if !L::entry_is_vacant(entry) && L::entry_pos(entry) == pos => Ok(Self {
                pos,
                units,
                record: Record {
                    header,
                    entry,
                    trailer,
                },
            }),
            entry => {
                let live = entry.filter(|&entry| !L::entry_is_vacant(entry));
                Err(Corruption::new(
                    Fault::BackLink,
                    Arena::<L, C>::byte(pos),
                    live.map_or(0, |entry| L::entry_pos(entry).0 as u64),
                    pos.0 as u64,
                ))
            }
        }
    }

    #[inline(always)]
    pub(crate) fn index(&self) -> Index {
        L::index(self.record.header, self.record.trailer)
    }

    pub(crate) fn handle(&self) -> Option<Handle<L>> {
        L::token(self.index(), L::generation(&self.record)).map(Handle::from_token)
    }

    /// Bytes between header and trailer.
    #[inline(always)]
    pub(crate) fn capacity(&self) -> usize {
        self.units.bytes::<L>() - L::overhead(self.units)
    }

    /// Bytes at the end of those that are not payload.
    #[inline(always)]
    pub(crate) fn taken<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<usize, Corruption> {
        Ok(L::pad(&self.record)
            + if L::is_extended(&self.record) {
                self.extension(arena)?.len()
            } else {
                0
            })
    }

    /// The payload's length, as asked for.
    pub(crate) fn len<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<usize, Corruption> {
        self.capacity()
            .checked_sub(self.taken(arena)?)
            .ok_or_else(|| bad_length(arena, self.pos, self.units))
    }

    /// The alignment in granules.
    #[inline(always)]
    pub(crate) fn align(&self) -> usize {
        1 << L::align(&self.record)
    }

    /// The bytes of the extension; none if there is none.
    pub(crate) fn extension<'h, C: Check>(
        &self,
        arena: &'h Arena<'_, L, C>,
    ) -> Result<&'h [u8], Corruption> {
        if !L::is_extended(&self.record) {
            return Ok(&[]);
        }
        let behind = arena.payload(self.pos, self.units, 0).unwrap_or_default();
        let name = behind.last().map_or(0, |&length| length.into());
        let start = behind
            .len()
            .checked_sub(extension_bytes::<L>(name) + L::pad(&self.record));
        match start.and_then(|start| behind.get(start + L::pad(&self.record)..)) {
            Some(extension) if name > 0 => Ok(extension),
            _ => Err(self.bad_extension(arena, name)),
        }
    }

    #[cold]
    fn bad_extension<C: Check>(&self, _: &Arena<'_, L, C>, found: usize) -> Corruption {
        let at = Arena::<L, C>::byte(self.pos + self.units) - L::GRANULE;
        Corruption::new(Fault::Extension, at, found as u64, self.capacity() as u64)
    }

    pub(crate) fn name<'h, C: Check>(
        &self,
        arena: &'h Arena<'_, L, C>,
    ) -> Result<Option<&'h str>, Corruption> {
        let extension = self.extension(arena)?;
        let length = extension.last().map_or(0, |&length| length.into());
        match extension.get(..length).map(str::from_utf8) {
            Some(Ok("")) => Ok(None),
            Some(Ok(name)) => Ok(Some(name)),
            _ => Err(self.bad_extension(arena, length)),
        }
    }

    /// Writes the name of a block that is about to be where free granules are.
    pub(crate) fn put_name<C: Check>(
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        name: &str,
    ) {
        let behind = arena.payload_mut(pos, units, 0).unwrap_or_default();
        let start = behind
            .len()
            .saturating_sub(extension_bytes::<L>(name.len()));
        let extension = behind.get_mut(start..).unwrap_or_default();
        extension.fill(0);
        if let Some(to) = extension.get_mut(..name.len()) {
            to.copy_from_slice(name.as_bytes());
        }
        if let Some(length) = extension.last_mut() {
            *length = name.len() as u8;
        }
    }

    /// Copies the extension to where a block of `units` has it.
    pub(crate) fn copy_extension<C: Check>(
        &self,
        arena: &mut Arena<'_, L, C>,
        units: Units,
    ) -> Result<(), Corruption> {
        let mut copy = [0; u8::MAX as usize + 1 + 16];
        let extension = self.extension(arena)?;
        let Some(copy) = copy.get_mut(..extension.len()) else {
            return Ok(());
        };
        copy.copy_from_slice(extension);
        let behind = arena.payload_mut(self.pos, units, 0).unwrap_or_default();
        let start = behind.len().saturating_sub(copy.len());
        if let Some(to) = behind.get_mut(start..) {
            to.copy_from_slice(copy);
        }
        Ok(())
    }

    /// The check word that this block should have. Not for heaps without one.
    fn digest<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<u32, Corruption> {
        let mut digest = C::digest(L::protected(&self.record).as_ref());
        if L::is_extended(&self.record) {
            for chunk in self.extension(arena)?.chunks_exact(8) {
                let word = chunk.try_into().map_or(0, u64::from_ne_bytes);
                digest = C::digest(&[digest.into(), word]);
            }
        }
        Ok(digest)
    }

    /// Renews the check word.
    #[inline(always)]
    pub(crate) fn seal<C: Check>(&self, arena: &mut Arena<'_, L, C>) -> Result<(), Corruption> {
        if C::ENABLED {
            let digest = self.digest(arena)?;
            arena.put_seal(self.index(), digest);
        }
        Ok(())
    }

    /// Points the table entry at another place, for a block that is about to be moved there.
    #[inline(always)]
    pub(crate) fn put_moved<C: Check>(
        &self,
        arena: &mut Arena<'_, L, C>,
        to: Pos,
    ) -> Result<(), Corruption> {
        let entry = L::entry_at(self.record.entry, to);
        arena.put_entry(self.index(), entry);
        Self {
            record: Record {
                entry,
                ..self.record
            },
            ..*self
        }
        .seal(arena)
    }

    /// Compares the check word.
    #[inline(always)]
    pub(crate) fn verify<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<(), Corruption> {
        if C::ENABLED {
            let (stored, computed) = (arena.seal(self.index()).unwrap_or(0), self.digest(arena)?);
            if stored != computed {
                let at = Arena::<L, C>::byte(self.pos);
                return Err(Corruption::new(
                    Fault::CheckWord,
                    at,
                    stored.into(),
                    computed.into(),
                ));
            }
        }
        Ok(())
    }
}

/// Why a handle does not lead to a block.
#[cold]
#[inline(never)]
fn not_live<L: Layout, C: Check>(arena: &Arena<'_, L, C>, handle: Handle<L>) -> Error {
    let bad = |found| Error::BadHandle {
        number: handle.number(),
        generation: handle.generation(),
        found,
    };
    let Some(entry) = arena.entry(handle.index()) else {
        return bad(Found::OutsideTable {
            entries: arena.entries(),
        });
    };
    if L::entry_is_vacant(entry) {
        return bad(Found::Vacant);
    }
    let pos = L::entry_pos(entry);
    let Some(header) = arena.header(pos).filter(|_| pos < arena.tail()) else {
        let at = arena.entry_byte(handle.index());
        return Corruption::new(Fault::Position, at, pos.0 as u64, arena.tail().0 as u64).into();
    };
    if L::is_free(header) {
        return Corruption::new(Fault::Kind, Arena::<L, C>::byte(pos), 1, 0).into();
    }
    match Live::at(arena, pos, header) {
        Err(corruption) => corruption.into(),
        Ok(live) if live.index() != handle.index() => {
            let (found, expected) = (live.index().0 as u64, handle.index().0 as u64);
            Corruption::new(Fault::BackLink, Arena::<L, C>::byte(pos), found, expected).into()
        }
        Ok(live) => bad(Found::Generation(L::generation(&live.record))),
    }
}

#[cold]
fn bad_length<L: Encoding, C: Check>(
    arena: &Arena<'_, L, C>,
    pos: Pos,
    units: Units,
) -> Corruption {
    let most = arena.tail() - pos;
    Corruption::new(
        Fault::Length,
        Arena::<L, C>::byte(pos),
        units.0 as u64,
        most.0 as u64,
    )
}
