//! `buflab replay`: every heap on one trace.

mod candidate;
mod row;

use std::time::Duration;

use crate::arena::Arena;
use crate::choice::{HeapChoice, Slack};
use crate::error::Error;
use crate::progress::Progress;
use crate::trace::Program;

use candidate::{Candidate, PAUSE_RUNS};
pub(crate) use row::Row;

/// How the arena of a heap without its own slack is sized.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Size {
    Slack(Slack),
    Bytes(u64),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) size: Size,
    pub(crate) runs: usize,
    pub(crate) timeout: Duration,
}

/// Replays a program on each heap: first with all contents checked, then with a clock around every
/// event, then in turns, timed.
pub(crate) fn replay(
    program: &Program,
    choices: &[HeapChoice],
    settings: Settings,
    arena: &mut Arena,
    progress: &Progress,
) -> Result<Vec<Row>, Error> {
    let steps = 1 + PAUSE_RUNS + 1 + settings.runs;
    progress.expect(steps * choices.len());
    let mut candidates: Vec<_> = choices
        .iter()
        .map(|&choice| Candidate::new(choice, settings.size, program))
        .collect();
    // The largest first, so that all of them, and all runs, share one piece of memory.
    let most = candidates.iter().filter_map(|one| one.arena).max();
    arena.bytes(most.unwrap_or(0))?;
    for one in &mut candidates {
        let label = format!("{}: {}", program.name, one.choice.entry.name);
        progress.show(format!("{label}, checking contents"));
        one.check(program, arena, settings)?;
        progress.show(format!("{label}, measuring pauses"));
        one.pauses(program, arena, settings)?;
        progress.done(1 + PAUSE_RUNS);
    }
    // Each round in another order: what ran before decides what the processor's caches hold. Round 0
    // is the warm-up.
    let mut random = fastrand::Rng::with_seed(0);
    let mut order: Vec<_> = (0..candidates.len()).collect();
    for round in 0..=settings.runs {
        random.shuffle(&mut order);
        for &which in &order {
            let one = &mut candidates[which];
            let name = one.choice.entry.name;
            progress.show(format!("{}: {name}, round {round}", program.name));
            one.time(program, arena, settings, round > 0)?;
            progress.done(1);
        }
    }
    Ok(candidates.into_iter().map(|one| one.row(program)).collect())
}
