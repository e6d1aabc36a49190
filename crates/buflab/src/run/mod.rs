//! One heap, one trace, one run: timed, with every event timed, or with its contents checked.

mod check;
mod deadline;
mod pattern;
mod pauses;
mod play;
mod slots;
mod stop;
mod time;
mod touch;

#[cfg(test)]
mod faulty;

pub(crate) use check::check;
pub(crate) use deadline::Deadline;
pub(crate) use pauses::pauses;
pub(crate) use stop::{Failure, Stop, Why};
pub(crate) use time::{Timed, time};
pub(crate) use touch::touch;

use crate::heap::{Kind, TraceHeap};

/// The part of the arena that a heap gets: what it keeps outside of it is taken off.
fn room<K: Kind>(arena: &mut [u8]) -> Result<&mut [u8], Stop> {
    if !K::FIXED_ARENA {
        return Ok(&mut []);
    }
    let state = <K::Heap<'_> as TraceHeap<'_>>::STATE;
    let room = arena.len().checked_sub(state);
    let room = room.ok_or_else(|| Stop::at_start("its own state takes more than the arena"))?;
    Ok(&mut arena[..room])
}

/// A fresh heap in the arena.
pub(crate) fn build<K: Kind>(arena: &mut [u8]) -> Result<K::Heap<'_>, Stop> {
    K::Heap::new(room::<K>(arena)?).map_err(Stop::at_start)
}
