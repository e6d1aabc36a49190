//! All tests of the library in one program, which is linked once. For machines that are emulated and for checkers of
//! memory: `cargo test --package buflib --test together`. Not among the tests that a plain `cargo test` runs.

#[path = "../b01_borrowing.rs"]
mod b01_borrowing;
#[path = "../b01_hostile_bytes.rs"]
mod b01_hostile_bytes;
#[path = "../b01_several_payloads.rs"]
mod b01_several_payloads;
#[path = "../b02_generations.rs"]
mod b02_generations;
#[path = "../b03_destructors.rs"]
mod b03_destructors;
#[path = "../b03_growing.rs"]
mod b03_growing;
#[path = "../b03_model.rs"]
mod b03_model;
#[path = "../b03_slices.rs"]
mod b03_slices;
#[path = "../b03_values.rs"]
mod b03_values;
#[path = "../b03_wrong_handles.rs"]
mod b03_wrong_handles;
#[path = "../b04_alignment.rs"]
mod b04_alignment;
#[path = "../b05_pins.rs"]
mod b05_pins;
#[path = "../b06_resizing.rs"]
mod b06_resizing;
#[path = "../b07_constant_time.rs"]
mod b07_constant_time;
#[path = "../b08_steps.rs"]
mod b08_steps;
#[path = "../b09_hostile_snapshots.rs"]
mod b09_hostile_snapshots;
#[path = "../b09_no_addresses.rs"]
mod b09_no_addresses;
#[path = "../b09_snapshots.rs"]
mod b09_snapshots;
#[path = "../b09_snapshots_elsewhere.rs"]
mod b09_snapshots_elsewhere;
#[path = "../b11_events.rs"]
mod b11_events;
#[path = "../b12_foreign_code.rs"]
mod b12_foreign_code;
#[path = "../conformance.rs"]
mod conformance;
#[path = "../fuzz_corpus.rs"]
mod fuzz_corpus;
#[path = "../limits.rs"]
mod limits;
#[path = "../model.rs"]
mod model;
#[path = "../model_every.rs"]
mod model_every;
#[path = "../operations.rs"]
mod operations;
#[path = "../random.rs"]
mod random;
#[path = "../s01_contexts.rs"]
mod s01_contexts;
#[path = "../s01_default_heap.rs"]
mod s01_default_heap;
#[path = "../s02_places.rs"]
mod s02_places;
#[path = "../s02_unchecked.rs"]
mod s02_unchecked;
#[path = "../s03_construction.rs"]
mod s03_construction;
#[path = "../s03_uninitialised.rs"]
mod s03_uninitialised;
#[path = "../s04_handles.rs"]
mod s04_handles;
#[path = "../s04_order.rs"]
mod s04_order;
#[path = "../s04_resting.rs"]
mod s04_resting;
#[path = "../s05_table_growth.rs"]
mod s05_table_growth;
#[path = "../s06_long_blocks.rs"]
mod s06_long_blocks;
#[path = "../s06_metadata.rs"]
mod s06_metadata;
#[path = "../s08_check_word.rs"]
mod s08_check_word;
#[path = "../s08_damage_in_use.rs"]
mod s08_damage_in_use;
#[path = "../s10_placement.rs"]
mod s10_placement;
#[path = "../s11_exhaustion.rs"]
mod s11_exhaustion;
#[path = "../s12_owners.rs"]
mod s12_owners;
#[path = "../s13_freeing.rs"]
mod s13_freeing;
#[path = "../s14_maximum.rs"]
mod s14_maximum;
#[path = "../s15_compaction.rs"]
mod s15_compaction;
#[path = "../s16_refusals.rs"]
mod s16_refusals;
#[path = "../s17_moves.rs"]
mod s17_moves;
#[path = "../s19_order.rs"]
mod s19_order;
#[path = "../s20_shrink_requests.rs"]
mod s20_shrink_requests;
#[path = "../s21_shrinking.rs"]
mod s21_shrinking;
#[path = "../s22_asking.rs"]
mod s22_asking;
#[path = "../s23_inspection.rs"]
mod s23_inspection;
#[path = "../s24_giving_memory.rs"]
mod s24_giving_memory;
#[path = "../s25_relocation.rs"]
mod s25_relocation;
#[path = "../s26_debug_output.rs"]
mod s26_debug_output;
#[path = "../s26_errors.rs"]
mod s26_errors;
#[path = "../sizes.rs"]
mod sizes;
