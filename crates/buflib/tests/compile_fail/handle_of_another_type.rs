//! A handle's type is known.

use core::mem::MaybeUninit;

use buflib::Store;

fn main() {
    let mut memory = [MaybeUninit::uninit(); 256];
    let mut store: Store = Store::new(&mut memory).unwrap();
    let handle = store.insert(1_u8).unwrap();
    let number: u8 = store.remove(handle).unwrap();
    let text: String = store.remove(handle).unwrap(); //~ E0308
    assert_eq!(number, 1);
}
