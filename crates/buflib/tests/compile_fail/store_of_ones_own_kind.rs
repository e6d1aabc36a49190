//! Nobody else says which values a store takes.

use std::any::Any;
use std::rc::Rc;

use buflib::store::Accepts;

struct Mine(Rc<u8>);

impl Accepts<Mine> for dyn Any + Send {} //~ E0277 E0119

fn main() {
    drop(Mine(Rc::new(1)).0);
    let _: fn(&dyn Accepts<u8>) = |_| ();
}
