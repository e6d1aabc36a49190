//! A store that takes any value may have some that must not be sent.

use core::mem::MaybeUninit;
use std::rc::Rc;

use buflib::Store;

fn main() {
    let mut memory = [MaybeUninit::uninit(); 256];
    let mut store: Store = Store::new(&mut memory).unwrap();
    let handle = store.insert(Rc::new(1)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| ());
        scope.spawn(|| store.remove(handle)); //~ E0277
    });
}
