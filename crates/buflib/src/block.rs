//! One block in use: found by handle or position, checked, and what its metadata says.

use core::str;

use crate::arena::{Arena, Place};
use crate::check::Check;
use crate::error::{Corruption, Error, Fault, Found};
use crate::extension::{self, Extension};
use crate::handle::Handle;
use crate::layout::{Encoding, Layout, OFF_GRANULE, Record, Traits};
use crate::units::{Index, Pos, Units};

/// In the byte between the header and a payload that starts off the granule: how many there are ...
const SKIPPED: u8 = 0x7f;
/// ... and whether the block has an extension.
const EXTENDED: u8 = 0x80;

/// A block in use whose header and table entry agree and whose length is possible.
#[derive(Clone, Copy)]
pub(crate) struct Live<L: Encoding> {
    pub(crate) index: Index,
    pub(crate) pos: Pos,
    pub(crate) units: Units,
    pub(crate) record: Record<L>,
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
        live.is_for(arena, handle).then_some(live)
    }

    /// The block that a handle names, with its check word compared.
    pub(crate) fn find_sound<C: Check>(
        arena: &Arena<'_, L, C>,
        handle: Handle<L>,
    ) -> Result<Self, Error> {
        let live = Self::find(arena, handle)?;
        live.verify(arena)?;
        Ok(live)
    }

    /// Whether header and entry are those that the handle was given out for. The header of a pinned
    /// block names its pin record instead.
    #[inline(always)]
    fn is_for<C: Check>(&self, arena: &Arena<'_, L, C>, handle: Handle<L>) -> bool {
        L::matches(handle.token(), &self.record)
            || (L::is_fixed(&self.record)
                && !L::is_free(self.record.header)
                && number_of(arena, self.named()).0 == handle.index()
                && L::generation(&self.record) == handle.generation())
    }

    /// The same for a block without extension or trailer that may move, and without a word about the
    /// reason if it is not; its length is not checked.
    #[inline(always)]
    pub(crate) fn find_plain<C: Check>(arena: &Arena<'_, L, C>, handle: Handle<L>) -> Option<Self> {
        Self::read(arena, handle)?.plain(handle)
    }

    /// The same, with its check word compared; none as well where that takes long.
    #[inline(always)]
    pub(crate) fn find_plain_sound<C: Check>(
        arena: &Arena<'_, L, C>,
        handle: Handle<L>,
    ) -> Option<Self> {
        if !arena.checks_quickly() {
            return None;
        }
        Self::find_plain(arena, handle).filter(|live| live.is_plain_sound(arena))
    }

    /// The same for a block without an alignment, and all granules from its first to the sentinel.
    #[inline(always)]
    pub(crate) fn find_unaligned<C: Check>(
        arena: &Arena<'_, L, C>,
        handle: Handle<L>,
    ) -> Option<(Self, Units)> {
        let entry = arena.entry(handle.index())?;
        let pos = L::unaligned_pos(entry);
        let (header, room) = arena.header_and_room(pos)?;
        let live = Self::of(handle, entry, pos, header).plain(handle)?;
        Some((live, room))
    }

    #[inline(always)]
    fn plain(self, handle: Handle<L>) -> Option<Self> {
        if !L::matches_plain(handle.token(), &self.record) {
            return None;
        }
        let header = L::plain_header(self.record.header);
        Some(Self {
            units: L::units(header),
            record: Record {
                header,
                ..self.record
            },
            ..self
        })
    }

    /// What stands where a handle leads, but for the trailer.
    #[inline(always)]
    fn read<C: Check>(arena: &Arena<'_, L, C>, handle: Handle<L>) -> Option<Self> {
        let entry = arena.entry(handle.index())?;
        let pos = L::live_pos(entry);
        let header = arena.span_from(pos)?.header();
        Some(Self::of(handle, entry, pos, header))
    }

    #[inline(always)]
    fn of(handle: Handle<L>, entry: L::Entry, pos: Pos, header: L::Header) -> Self {
        Self {
            index: handle.index(),
            pos,
            units: L::units(header),
            record: Record {
                header,
                entry,
                trailer: L::Trailer::default(),
            },
        }
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
        let named = L::index(header, trailer);
        let (index, entry) = number_of(arena, named);
        let record = entry
            .filter(|&entry| L::entry_is_live(entry))
            .map(|entry| Record {
                header,
                entry,
                trailer,
            })
            // Only the header of a block that is pinned names a pin record.
            .filter(|record| index == named || L::is_fixed(record));
        match record {
            Some(record) if L::entry_pos(record.entry) == pos => Ok(Self {
                index,
                pos,
                units,
                record,
            }),
            record => Err(Corruption::new(
                Fault::BackLink,
                Arena::<L, C>::byte(pos),
                record.map_or(0, |record| L::entry_pos(record.entry).0 as u64),
                pos.0 as u64,
            )),
        }
    }

    /// The number in the header: the block's own, or that of its pin record.
    #[inline(always)]
    pub(crate) fn named(&self) -> Index {
        L::index(self.record.header, self.record.trailer)
    }

    pub(crate) fn handle(&self) -> Option<Handle<L>> {
        L::token(self.index, L::generation(&self.record)).map(Handle::from_token)
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
                self.extension_bytes(arena)?.len()
            } else {
                0
            })
    }

    /// Bytes between the header and the payload: none, unless the block was shrunk from the front to
    /// a place within a granule. The first of them says how many there are.
    #[inline(always)]
    pub(crate) fn skipped<C: Check>(&self, arena: &Arena<'_, L, C>) -> usize {
        self.front_word(arena)
            .map_or(0, |word| usize::from(word & SKIPPED) % L::GRANULE)
    }

    /// The byte behind the header, if the payload does not start there.
    fn front_word<C: Check>(&self, arena: &Arena<'_, L, C>) -> Option<u8> {
        if L::align(&self.record) != OFF_GRANULE {
            return None;
        }
        arena
            .payload(Place::whole(self.pos, self.units))?
            .first()
            .copied()
    }

    /// Only the payload of an extended block may start elsewhere than behind the header, and then behind at least the byte that says
    /// where.
    pub(crate) fn verify_start<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<(), Corruption> {
        let Some(word) = self.front_word(arena) else {
            return Ok(());
        };
        let skipped = usize::from(word & SKIPPED);
        if L::is_extended(&self.record) && (1..L::GRANULE).contains(&skipped) {
            return Ok(());
        }
        Err(Corruption::new(
            Fault::Extension,
            Arena::<L, C>::byte(self.pos) + L::HEADER,
            word.into(),
            L::GRANULE as u64 - 1,
        ))
    }

    /// Writes the byte that [`skipped`](Self::skipped) reads.
    pub(crate) fn put_front_word<C: Check>(
        &self,
        arena: &mut Arena<'_, L, C>,
        skipped: usize,
        extended: bool,
    ) {
        let behind = arena.payload_mut(Place::whole(self.pos, self.units));
        if let Some(word) = behind.and_then(<[u8]>::first_mut) {
            *word = skipped as u8 | if extended { EXTENDED } else { 0 };
        }
    }

    /// Where the payload is.
    #[inline(always)]
    pub(crate) fn place<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<Place, Corruption> {
        Ok(Place {
            pos: self.pos,
            units: self.units,
            skipped: self.skipped(arena),
            taken: self.taken(arena)?,
        })
    }

    /// The same for a block without extension that may move.
    #[inline(always)]
    pub(crate) fn plain_place(&self) -> Place {
        Place {
            taken: L::pad(&self.record),
            ..Place::whole(self.pos, self.units)
        }
    }

    /// The payload's length, as asked for.
    pub(crate) fn len<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<usize, Corruption> {
        self.capacity()
            .checked_sub(self.taken(arena)? + self.skipped(arena))
            .ok_or_else(|| bad_length(arena, self.pos, self.units))
    }

    /// The alignment in granules.
    #[inline(always)]
    pub(crate) fn align(&self) -> usize {
        match L::align(&self.record) {
            OFF_GRANULE => 1,
            log => 1 << log,
        }
    }

    /// All that a new header and entry are made of.
    pub(crate) fn traits(&self) -> Traits {
        Traits {
            index: self.named(),
            generation: L::generation(&self.record),
            align: L::align(&self.record),
            fixed: L::is_fixed(&self.record),
            extended: L::is_extended(&self.record),
        }
    }

    /// Whether there is an extension at the block's end.
    pub(crate) fn has_extension<C: Check>(&self, arena: &Arena<'_, L, C>) -> bool {
        L::is_extended(&self.record)
            && self
                .front_word(arena)
                .is_none_or(|word| word & EXTENDED != 0)
    }

    /// The bytes of the extension; none if there is none.
    pub(crate) fn extension_bytes<'h, C: Check>(
        &self,
        arena: &'h Arena<'_, L, C>,
    ) -> Result<&'h [u8], Corruption> {
        if !self.has_extension(arena) {
            return Ok(&[]);
        }
        let behind = arena
            .payload(Place::whole(self.pos, self.units))
            .unwrap_or_default();
        Extension::find::<L>(behind, L::pad(&self.record))
            .map_err(|name| self.bad_extension(arena, name))
    }

    #[cold]
    fn bad_extension<C: Check>(&self, _: &Arena<'_, L, C>, found: usize) -> Corruption {
        let at = Arena::<L, C>::byte(self.pos + self.units) - L::GRANULE;
        Corruption::new(Fault::Extension, at, found as u64, self.capacity() as u64)
    }

    /// The name and the owner.
    pub(crate) fn extension<'h, C: Check>(
        &self,
        arena: &'h Arena<'_, L, C>,
    ) -> Result<Extension<'h>, Corruption> {
        if !L::is_extended(&self.record) {
            return Ok(Extension::NONE);
        }
        match self.extension_bytes(arena)? {
            [] => Ok(Extension::NONE),
            bytes => Extension::read(bytes).ok_or_else(|| self.bad_extension(arena, bytes.len())),
        }
    }

    pub(crate) fn name<'h, C: Check>(
        &self,
        arena: &'h Arena<'_, L, C>,
    ) -> Result<Option<&'h str>, Corruption> {
        let name = self.extension(arena)?.name;
        match str::from_utf8(name) {
            Ok("") => Ok(None),
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(self.bad_extension(arena, name.len())),
        }
    }

    /// Writes the extension of a block that is about to be where free granules are.
    pub(crate) fn put_extension<C: Check>(
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        units: Units,
        extension: &Extension<'_>,
    ) {
        extension.write::<L>(
            arena
                .payload_mut(Place::whole(pos, units))
                .unwrap_or_default(),
        );
    }

    /// Copies the extension, if there is one, to where a block of `units` at `to` has it.
    #[inline(always)]
    pub(crate) fn copy_extension<C: Check>(
        &self,
        arena: &mut Arena<'_, L, C>,
        to: Pos,
        units: Units,
    ) -> Result<(), Corruption> {
        if !L::is_extended(&self.record) {
            return Ok(());
        }
        self.copy_bytes_at_end(arena, to, units)
    }

    #[cold]
    #[inline(never)]
    fn copy_bytes_at_end<C: Check>(
        &self,
        arena: &mut Arena<'_, L, C>,
        to: Pos,
        units: Units,
    ) -> Result<(), Corruption> {
        let mut copy = [0; extension::MOST_BYTES];
        let bytes = self.extension_bytes(arena)?;
        let Some(copy) = copy.get_mut(..bytes.len()) else {
            return Ok(());
        };
        for (to, &from) in copy.iter_mut().zip(bytes) {
            *to = from;
        }
        let behind = arena
            .payload_mut(Place::whole(to, units))
            .unwrap_or_default();
        // Without a way to panic, which a plain copy between slices has here.
        if let Some((_, to)) = behind
            .len()
            .checked_sub(copy.len())
            .and_then(|start| behind.split_at_mut_checked(start))
        {
            to.iter_mut().zip(copy).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }

    /// The check word that this block should have. Not for heaps without one.
    #[inline(always)]
    fn digest<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<u32, Corruption> {
        let digest = arena.digest(&self.record);
        if L::is_fixed(&self.record) || L::is_extended(&self.record) {
            return self.digest_more(arena, digest);
        }
        Ok(digest)
    }

    /// Takes in what only some blocks have.
    #[inline(never)]
    fn digest_more<C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
        mut digest: u32,
    ) -> Result<u32, Corruption> {
        let named = self.named();
        if L::is_fixed(&self.record) && named != self.index {
            // Of a pinned block, the pins as well; any other bits of their record are damage.
            let pins = arena
                .entry(named)
                .filter(|&entry| entry == L::pin_record(self.index, L::pin_count(entry)))
                .map_or(u64::MAX, |entry| L::pin_count(entry).into());
            digest = arena.digest_with(digest, pins);
        }
        if L::is_extended(&self.record) {
            if let Some(word) = self.front_word(arena) {
                digest = arena.digest_with(digest, word.into());
            }
            for chunk in self.extension_bytes(arena)?.chunks_exact(8) {
                let word = chunk.try_into().map_or(0, u64::from_ne_bytes);
                digest = arena.digest_with(digest, word);
            }
        }
        Ok(digest)
    }

    /// Renews the check word.
    #[inline(always)]
    pub(crate) fn seal<C: Check>(&self, arena: &mut Arena<'_, L, C>) -> Result<(), Corruption> {
        if C::ENABLED {
            let digest = self.digest(arena)?;
            arena.put_seal(self.index, digest);
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
        arena.put_entry(self.index, entry);
        Self {
            record: Record {
                entry,
                ..self.record
            },
            ..*self
        }
        .seal(arena)
    }

    /// Makes the check word of a plain one, which was compared, that of one that rests.
    #[inline(always)]
    pub(crate) fn seal_rested<C: Check>(&self, arena: &mut Arena<'_, L, C>) {
        if let Some(seal) = arena.seal(self.index) {
            arena.put_seal(self.index, L::rested_seal(seal, L::pad(&self.record)));
        }
    }

    /// Compares the check word of a block that was [found to be plain](Self::find_plain).
    #[inline(always)]
    pub(crate) fn is_plain_sound<C: Check>(&self, arena: &Arena<'_, L, C>) -> bool {
        arena.is_sealed(self.index, &self.record)
    }

    /// Compares the check word.
    #[inline(always)]
    pub(crate) fn verify<C: Check>(&self, arena: &Arena<'_, L, C>) -> Result<(), Corruption> {
        if C::ENABLED {
            let (stored, computed) = (arena.seal(self.index).unwrap_or(0), self.digest(arena)?);
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

/// The number of the block whose header names `index`, and its entry: a pinned block's header names
/// its pin record, which names the number.
#[inline(always)]
fn number_of<L: Encoding, C: Check>(
    arena: &Arena<'_, L, C>,
    index: Index,
) -> (Index, Option<L::Entry>) {
    match arena.entry(index) {
        Some(entry) if L::is_pin_record(entry) => {
            let number = L::pinned_number(entry);
            (number, arena.entry(number))
        }
        entry => (index, entry),
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
    if !L::entry_is_live(entry) {
        return bad(Found::Vacant);
    }
    let pos = L::entry_pos(entry);
    let Some(header) = arena.header(pos).filter(|_| pos < arena.tail()) else {
        let at = arena.entry_byte(handle.index());
        return Corruption::new(Fault::Position, at, pos.0 as u64, arena.tail().0 as u64).into();
    };
    if L::is_resting(header) && L::resting_index(header) == handle.index() {
        return bad(Found::Vacant);
    }
    if L::is_free(header) {
        return Corruption::new(Fault::Kind, Arena::<L, C>::byte(pos), 1, 0).into();
    }
    match Live::at(arena, pos, header) {
        Err(corruption) => corruption.into(),
        Ok(live) if live.index != handle.index() => {
            let (found, expected) = (live.index.0 as u64, handle.index().0 as u64);
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
