//! All the heaps, by name.

mod buddy;
mod buflib;
mod buflib_c;
mod dlmalloc;
mod global;
mod good_memory;
mod linked_list;
mod raw;
mod rlsf;
mod slotmap;
mod talc;

use crate::heap::{Counters, Kind, TraceHeap};
use crate::ops::{self, Round};
use crate::run::{self, Deadline, Stop, Timed};
use crate::trace::Program;
use crate::turnover::{self, Turnover};

/// A heap behind function pointers: one indirect call per run, none per event.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) fixed_arena: bool,
    /// The largest arena it can be given, its own state included.
    pub(crate) limit: usize,
    pub(crate) step_budget: Option<u64>,
    pub(crate) check: Run<Counters>,
    pub(crate) time: Run<Timed>,
    pub(crate) pauses: Run<Vec<u32>>,
    pub(crate) ops: Round,
    pub(crate) turnover: Turnover,
}

/// A run of a program on a fresh heap in an arena.
pub(crate) type Run<T> = fn(&Program, &mut [u8], Deadline) -> Result<T, Stop>;

const fn entry<K: Kind>() -> Entry {
    let limit = <K::Heap<'static> as TraceHeap<'static>>::LIMIT;
    let state = <K::Heap<'static> as TraceHeap<'static>>::STATE;
    Entry {
        name: K::NAME,
        about: K::ABOUT,
        fixed_arena: K::FIXED_ARENA,
        limit: limit.saturating_add(state),
        step_budget: <K::Heap<'static> as TraceHeap<'static>>::STEP_BUDGET,
        check: run::check::<K>,
        time: run::time::<K>,
        pauses: run::pauses::<K>,
        ops: ops::round::<K>,
        turnover: turnover::turnover::<K>,
    }
}

/// In the order in which `buflab heaps` shows them.
pub(crate) static ALL: &[Entry] = &[
    entry::<buflib::Plain>(),
    entry::<buflib::Crc>(),
    entry::<buflib::Paced>(),
    entry::<buflib::InOrder>(),
    entry::<buflib::SmallState>(),
    entry::<buflib_c::FromC>(),
    entry::<buflib::Wide>(),
    entry::<buflib::WideCrc>(),
    entry::<buflib::Narrow>(),
    entry::<buflib::NarrowCrc>(),
    entry::<talc::TalcKind>(),
    entry::<rlsf::RlsfKind>(),
    entry::<dlmalloc::DlmallocKind>(),
    entry::<good_memory::GoodMemoryKind>(),
    entry::<linked_list::LinkedListKind>(),
    entry::<buddy::BuddyKind>(),
    entry::<global::SystemKind>(),
    entry::<global::MimallocKind>(),
    entry::<slotmap::SlotMapKind>(),
];

pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (index, entry) in ALL.iter().enumerate() {
            assert!(ALL[..index].iter().all(|other| other.name != entry.name));
            assert!(std::ptr::eq(find(entry.name).unwrap(), entry));
        }
    }

    #[test]
    fn versions_are_those_of_the_dependencies() {
        let manifest = include_str!("../../Cargo.toml");
        let peers = ALL
            .iter()
            .filter(|entry| entry.name != "system" && !entry.name.starts_with("buflib"));
        for entry in peers {
            let line = manifest.lines().find(|line| line.starts_with(entry.name));
            let (_, version) = line.unwrap().split_once('"').unwrap();
            let minor: Vec<_> = version.split('.').take(2).collect();
            let expected = format!("{} {}", entry.name, minor.join("."));
            assert!(
                entry.about.starts_with(&expected),
                "{expected}: {}",
                entry.about
            );
        }
    }
}
