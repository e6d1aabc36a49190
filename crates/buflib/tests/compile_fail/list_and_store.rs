//! A list that may grow borrows its store.

use core::mem::MaybeUninit;

use buflib::Store;

fn main() {
    let mut memory = [MaybeUninit::uninit(); 256];
    let mut store: Store = Store::new(&mut memory).unwrap();
    let (list, other) = (store.new_vector().unwrap(), store.insert(1).unwrap());
    let mut guard = store.vector_mut(list).unwrap();
    assert_eq!(store[other], 1); //~ E0502
    let _ = guard.push(1);
}
