//! A value that borrows could not be told from one whose borrow has ended.

use core::mem::MaybeUninit;

use buflib::Store;

fn main() {
    let mut memory = [MaybeUninit::uninit(); 256];
    let text = String::from("short");
    let mut store: Store = Store::new(&mut memory).unwrap();
    let _ = store.insert(text.len());
    let _ = store.insert(text.as_str()); //~ E0597
}
