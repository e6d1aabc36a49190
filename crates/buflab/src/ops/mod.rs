//! `buflab ops`: what single operations cost on a fragmented heap, depending on how many blocks it
//! has.

mod costs;
mod measure;
mod operation;
mod plan;
mod round;
mod row;

use crate::arena::Arena;
use crate::choice::HeapChoice;
use crate::error::Error;
use crate::progress::Progress;
use crate::run::Why;

use costs::Costs;
pub(crate) use operation::Operation;
pub(crate) use plan::{LEAST_LIVE, MOST_LIVE, Plan};
pub(crate) use round::round;
pub(crate) use row::Row;

/// A round on a fresh heap in an arena.
pub(crate) type Round = fn(&Plan, &mut [u8], &mut Costs) -> Result<(), Why>;

/// Every run measures the same.
const SEED: u64 = 0x6275_666c_6962;

/// Measures `count` of each operation on each heap with `live` blocks. A small heap has not enough
/// places for all of them: then there are rounds, each on a fresh heap with blocks of its own.
pub(crate) fn ops(
    choices: &[HeapChoice],
    live: u32,
    count: u32,
    arena: &mut Arena,
    progress: &Progress,
) -> Result<Vec<Row>, Error> {
    let batch = plan::batch(live, count);
    let rounds = count.div_ceil(batch);
    progress.expect(rounds as usize * choices.len());
    let mut results: Vec<_> = choices.iter().map(|_| Ok(Costs::default())).collect();
    let mut largest = 0;
    for round in 0..rounds {
        let plan = Plan::new(live, batch, SEED + u64::from(round));
        let bytes = plan.arena();
        largest = bytes.max(largest);
        for (choice, result) in choices.iter().zip(&mut results) {
            let name = choice.entry.name;
            progress.show(format!("{live} live blocks: {name}, round {round}"));
            let bytes = if choice.entry.fixed_arena { bytes } else { 0 };
            let arena = arena.bytes(bytes)?;
            let done = result
                .as_mut()
                .map(|costs| (choice.entry.ops)(&plan, arena, costs));
            if let Ok(Err(why)) = done {
                *result = Err(why);
            }
            progress.done(1);
        }
    }
    let rows = choices.iter().zip(&results).flat_map(|(choice, result)| {
        Operation::ALL.map(|operation| Row::new(choice.entry, live, largest, operation, result))
    });
    Ok(rows.collect())
}
