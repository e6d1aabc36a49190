//! A store that may be sent takes only values that may be sent.

use core::mem::MaybeUninit;
use std::rc::Rc;

use buflib::store::SendStore;

fn main() {
    let mut memory = [MaybeUninit::uninit(); 256];
    let mut store: SendStore = SendStore::new(&mut memory).unwrap();
    let _ = store.insert(1);
    let _ = store.insert(Rc::new(1)); //~ E0277
}
