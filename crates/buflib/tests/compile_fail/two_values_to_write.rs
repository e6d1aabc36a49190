//! Two values are borrowed to write by one call, which looks at whether they are different.

use core::mem::MaybeUninit;

use buflib::Store;

fn main() {
    let mut memory = [MaybeUninit::uninit(); 256];
    let mut store: Store = Store::new(&mut memory).unwrap();
    let (a, b) = (store.insert(1).unwrap(), store.insert(2).unwrap());
    let value = store.get_mut(a).unwrap();
    *store.get_mut(b).unwrap() = 3; //~ E0499
    *value = 4;
}
