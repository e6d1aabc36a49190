//! Layouts and check words are the library's own: what they promise, its unsafe code relies on.

use buflib::{Check, Layout};

#[derive(Clone, Copy, Debug)]
enum Mine {}

fn wants_layout<L: Layout>() {}
fn wants_check<C: Check>() {}

fn main() {
    wants_layout::<buflib::Narrow>();
    wants_check::<buflib::Crc32>();
    let mine: Option<Mine> = None;
    assert!(mine.is_none());
    wants_layout::<Mine>(); //~ E0277
}
