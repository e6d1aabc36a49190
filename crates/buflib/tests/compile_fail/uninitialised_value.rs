//! Space in which there is no value yet is not read as one.

use std::mem::MaybeUninit;

use buflib::Store;

fn main() {
    let mut memory = [MaybeUninit::uninit(); 256];
    let mut store: Store = Store::new(&mut memory).unwrap();
    let space = store.insert_uninit::<u16>(3).unwrap();
    let _number: u16 = store[space][0]; //~ E0308
    store[space][0].write(1);
}
