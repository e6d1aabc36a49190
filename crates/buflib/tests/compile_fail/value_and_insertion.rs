//! Putting a value into a store may move others, so none can be borrowed across it.

use core::mem::MaybeUninit;

use buflib::Store;

fn main() {
    let mut memory = [MaybeUninit::uninit(); 256];
    let mut store: Store = Store::new(&mut memory).unwrap();
    let handle = store.insert(1).unwrap();
    let value = store.get(handle).unwrap();
    let _ = store.insert(2); //~ E0502
    assert_eq!(*value, 1);
}
