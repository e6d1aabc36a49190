//! Free granules kept behind the blocks that grew last, for them to grow again.
//!
//! A program that builds a string makes its block a little larger again and again, and often two in
//! turn. From a room that costs one header; from a bin it costs a list.

use super::broken_list;
use super::strip::Strip;
use crate::arena::{Arena, SpanMut};
use crate::check::Check;
use crate::error::Corruption;
use crate::layout::{Encoding, FreeKind};
use crate::units::{Pos, Units};

/// How long a room is at first.
pub(super) const LENGTH: Units = Units(128);

/// How long it may become, as its block shrinks again to what it was.
pub(super) const MOST: Units = Units(256);

const ROOMS: usize = 2;

#[derive(Clone, Hash, Debug)]
pub(super) struct Rooms {
    rooms: [Strip; ROOMS],
    /// The one that was used last; the other gives way to a new one.
    last: usize,
}

impl Rooms {
    pub(super) const EMPTY: Self = Self {
        rooms: [Strip::NONE; ROOMS],
        last: 0,
    };

    /// Takes `more` granules off the front of the room that starts at `pos`; false if there is no such
    /// room, or it is too short.
    #[inline(always)]
    pub(super) fn cut<L: Encoding, C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        pos: Pos,
        more: Units,
    ) -> bool {
        for (i, room) in self.rooms.iter_mut().enumerate() {
            if room.pos == pos && room.units >= more {
                let rest = Strip {
                    pos: pos + more,
                    units: room.units - more,
                };
                self.last = i;
                *room = Strip::NONE;
                if rest.units > Units::ZERO {
                    arena.put_free(rest.pos, FreeKind::Cached, rest.units, false, Pos::NIL);
                    *room = rest;
                }
                return true;
            }
        }
        false
    }

    /// Moves the front of a room to where the block in front of it is to end, if the room reaches as far and
    /// does not become too long. `block` is what stands from `pos` on: the block, and the room.
    #[inline(always)]
    pub(super) fn move_front<'s, L: Encoding, C: Check>(
        &mut self,
        arena: Arena<'s, L, C>,
        pos: Pos,
        old: Units,
        new: Units,
    ) -> Option<SpanMut<'s, L, C>> {
        for (i, room) in self.rooms.iter_mut().enumerate() {
            if room.pos != pos + old {
                continue;
            }
            let whole = old + room.units;
            let rest = whole - new;
            if new > whole || rest > MOST.max(room.units) {
                return None;
            }
            let mut span = arena.into_span(pos, whole)?;
            self.last = i;
            room.pos = Pos::NIL;
            room.units = rest;
            if rest > Units::ZERO {
                room.pos = pos + new;
                span.put_header_at(new, L::free_header(FreeKind::Cached, rest, Pos::NIL));
            }
            return Some(span);
        }
        None
    }

    /// Takes the room that starts at `pos` out, if there is one.
    #[inline(always)]
    pub(super) fn take_at(&mut self, pos: Pos) -> Option<Strip> {
        self.take(|room| room.pos == pos)
    }

    /// Takes the room that ends at `pos` out, if there is one.
    #[inline(always)]
    pub(super) fn take_before(&mut self, pos: Pos) -> Option<Strip> {
        self.take(|room| room.end() == pos)
    }

    #[inline(always)]
    fn take(&mut self, is_it: impl Fn(Strip) -> bool) -> Option<Strip> {
        for (i, room) in self.rooms.iter_mut().enumerate() {
            if is_it(*room) {
                self.last = i;
                return Some(core::mem::replace(room, Strip::NONE));
            }
        }
        None
    }

    /// Puts back what is left, which may be nothing, of the room that was taken last.
    #[inline(always)]
    pub(super) fn put_back<L: Encoding, C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        room: Strip,
    ) {
        if room.units > Units::ZERO {
            self.put_at(arena, self.last, room);
        }
    }

    /// Keeps a new room and returns the one that it displaces.
    #[inline(always)]
    pub(super) fn put<L: Encoding, C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        room: Strip,
    ) -> Option<Strip> {
        self.last = (self.last + 1) % ROOMS;
        self.put_at(arena, self.last, room)
            .filter(|old| old.units > Units::ZERO)
    }

    #[inline(always)]
    fn put_at<L: Encoding, C: Check>(
        &mut self,
        arena: &mut Arena<'_, L, C>,
        place: usize,
        room: Strip,
    ) -> Option<Strip> {
        arena.put_free(room.pos, FreeKind::Cached, room.units, false, Pos::NIL);
        self.rooms
            .get_mut(place)
            .map(|place| core::mem::replace(place, room))
    }

    /// Takes the rooms out one by one.
    pub(super) fn pop(&mut self) -> Option<Strip> {
        self.take(|room| room.units > Units::ZERO)
    }

    pub(super) fn check<L: Encoding, C: Check>(
        &self,
        arena: &Arena<'_, L, C>,
    ) -> Result<usize, Corruption> {
        let mut members = 0;
        for room in self.rooms.iter().filter(|room| room.units > Units::ZERO) {
            match arena.header(room.pos) {
                Some(header) if L::is_free_as(header, FreeKind::Cached, room.units) => members += 1,
                _ => return Err(broken_list(arena, room.pos, room.end())),
            }
        }
        Ok(members)
    }
}
