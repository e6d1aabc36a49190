//! A store that may be shared takes only values that may be shared.

use core::mem::MaybeUninit;
use std::cell::Cell;

use buflib::store::SyncStore;

fn main() {
    let mut memory = [MaybeUninit::uninit(); 256];
    let mut store: SyncStore = SyncStore::new(&mut memory).unwrap();
    let _ = store.insert(1);
    let _ = store.new_vector::<Cell<u8>>(); //~ E0277
}
