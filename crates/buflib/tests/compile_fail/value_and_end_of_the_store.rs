//! A value in a store ends with it.

use core::mem::MaybeUninit;

use buflib::Store;

fn main() {
    let mut memory = [MaybeUninit::uninit(); 256];
    let mut store: Store = Store::new(&mut memory).unwrap();
    let handle = store.insert(1).unwrap();
    let value = store.get(handle).unwrap();
    drop(store); //~ E0505
    assert_eq!(*value, 1);
}
