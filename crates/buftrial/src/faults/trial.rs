//! One arena, and all of its faults.

use std::panic::{AssertUnwindSafe, catch_unwind};

use buflib::{Check, Heap, Layout};
use fastrand::Rng;

use super::damage::Damage;
use super::map::Map;
use super::memory::{Bytes, Memory};
use super::outcome::{Key, Outcome, Table};
use super::program::{First, Program};
use super::run::Plan;
use super::watch::Pulse;

/// Which heap a trial is about.
#[derive(Clone, Copy)]
pub(crate) struct Which {
    pub(crate) layout: &'static str,
    pub(crate) checked: bool,
    pub(crate) seed: u64,
}

/// What a fault came to, and the words of a panic or the line that has noticed.
struct Fate {
    outcome: Outcome,
    later: bool,
    foreseen: bool,
    says: String,
}

/// The size of an arena and the length of the program that fills it.
fn size(random: &mut Rng) -> (usize, u32) {
    match random.u8(..8) {
        0 => (random.usize(200..600), random.u32(10..30)),
        1 => (random.usize(40_000..60_000), random.u32(20..60)),
        _ => (random.usize(600..2400), random.u32(30..90)),
    }
}

/// Makes an arena by a random program, finds its metadata, and damages that in every way.
pub(crate) fn run<L: Layout, C: Check>(
    which: Which,
    plan: &Plan,
    pulse: &Pulse,
    table: &mut Table,
) {
    let mut random = Rng::with_seed(which.seed);
    let (len, filling) = size(&mut random);
    let mut memory = Memory::new::<L>(len, plan.exact);
    let mut image = Memory::new::<L>(len + 256, plan.exact);
    let mut build = |memory: &mut Memory, fault: Option<&Damage>, seed| {
        one::<L, C>(
            memory,
            image.arena(),
            (which.seed, filling, plan.steps),
            fault,
            seed,
        )
    };
    table.arenas += 1;
    let Some(map) = mapped::<L, C>(&mut memory, which.seed, filling) else {
        table.unsound += 1;
        println!(
            "{} seed {}: not as its description says",
            Key::heap(which.layout, which.checked),
            which.seed
        );
        return;
    };
    // Without a fault nothing may be wrong.
    let sound = attempt(|| build(&mut memory, None, which.seed));
    if sound.outcome != Outcome::Harmless || !memory.is_untouched() {
        table.unsound += 1;
        let heap = Key::heap(which.layout, which.checked);
        let (outcome, says) = (sound.outcome.name(), sound.says);
        println!(
            "{heap} seed {}: {outcome} without a fault, {says}",
            which.seed
        );
        return;
    }
    let faults = Damage::of_all(&map, &mut random);
    for (nth, fault) in faults.iter().enumerate() {
        if plan.fault.is_some_and(|only| only != nth as u64) {
            continue;
        }
        pulse.beat(which, nth as u64);
        let seed = which.seed ^ (nth as u64) << 32;
        let mut fate = attempt(|| build(&mut memory, Some(fault), seed));
        if !memory.is_untouched() {
            memory.repair();
            fate.outcome = Outcome::Outside;
        }
        let key = Key {
            layout: which.layout,
            checked: which.checked,
            kind: fault.kind,
            region: fault.region,
        };
        let counts = table.rows.entry(key).or_default();
        counts.outcomes[fate.outcome as usize] += 1;
        counts.later += u64::from(fate.later);
        counts.foreseen += u64::from(fate.foreseen);
        table.operations += u64::from(plan.steps);
        if !fate.outcome.is_allowed(which.checked, fault.kind) && pulse.may_tell(plan.tell) {
            println!(
                "{} seed {}, fault {nth}, {} of {} {:x?}: {} {}",
                Key::heap(which.layout, which.checked),
                which.seed,
                fault.kind.name(),
                fault.region.name(),
                fault.masks,
                fate.outcome.name(),
                fate.says,
            );
        }
    }
    pulse.rest();
}

fn attempt(run: impl FnOnce() -> Fate) -> Fate {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Fate {
        outcome: Outcome::Panicked,
        later: false,
        foreseen: false,
        says: words(&*panic),
    })
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("?")
        .to_owned()
}

/// A heap that was filled, and the program that has filled it.
fn made<'a, L: Layout, C: Check>(
    memory: &'a mut Memory,
    seed: u64,
    filling: u32,
) -> Option<(Heap<'a, L, C>, Program<L>)> {
    let arena = memory.arena();
    let len = arena.len();
    // New bytes may be anything: the same each time, so that each arena is.
    arena.fill(0x5a);
    let mut heap = Heap::<L, C>::from_bytes(arena).ok()?;
    let bytes = Bytes::of(&heap, len);
    let mut program = Program::new(seed, bytes);
    for _ in 0..filling {
        program.fill_up(&mut heap);
    }
    Some((heap, program))
}

fn mapped<L: Layout, C: Check>(memory: &mut Memory, seed: u64, filling: u32) -> Option<Map> {
    let (heap, program) = made::<L, C>(memory, seed, filling)?;
    heap.check().ok()?;
    Map::of(&heap, &program.bytes)
}

/// Makes the arena anew, damages it, and goes on using it.
fn one<L: Layout, C: Check>(
    memory: &mut Memory,
    image: &mut [u8],
    (seed, filling, steps): (u64, u32, u32),
    fault: Option<&Damage>,
    further: u64,
) -> Fate {
    let mut fate = Fate {
        outcome: Outcome::Checked,
        later: false,
        foreseen: false,
        says: String::new(),
    };
    let Some((mut heap, mut program)) = made::<L, C>(memory, seed, filling) else {
        return fate;
    };
    if let Some(fault) = fault {
        let bytes = program.bytes;
        fault.strike(&mut heap, &bytes);
    }
    let found = heap.check().is_err();
    program.random.seed(further);
    for _ in 0..steps {
        program.step(&mut heap);
    }
    program.finish(&mut heap, image);
    let silent = |outcome| (outcome, found);
    (fate.outcome, fate.foreseen) = match program.first {
        First::Description => silent(Outcome::Description),
        First::View => silent(Outcome::View),
        First::Damaged => silent(Outcome::Damaged),
        First::Reported => (Outcome::Reported, false),
        First::Nothing if found || heap.check().is_err() => (Outcome::Checked, false),
        First::Nothing => (Outcome::Harmless, false),
    };
    fate.later = program.later;
    fate.says = program.noticed.map_or(String::new(), |line| {
        format!("in {}, line {}", line.file(), line.line())
    });
    fate
}
