//! Values leave bytes behind that are not initialised, so a store does not take memory that will be read as bytes.

use core::mem::MaybeUninit;

use buflib::Store;

fn main() {
    let mut memory = [MaybeUninit::uninit(); 256];
    let mut bytes = [0_u8; 256];
    let store: Result<Store, _> = Store::new(&mut memory);
    let other: Result<Store, _> = Store::new(&mut bytes); //~ E0308
    drop(store);
    bytes[0] = 1;
}
