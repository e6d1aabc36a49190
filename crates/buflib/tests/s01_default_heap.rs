//! S1: one predefined heap, with wrappers. There is one in the whole program, so there is one test.

use buflib::default::{self, DefaultError};
use buflib::{BuildError, Error};

#[test]
fn default_heap_serves_the_whole_program() {
    assert_eq!(default::alloc(1), Err(DefaultError::Missing));
    assert!(matches!(
        default::init(vec![0; 3].leak()),
        Err(DefaultError::Build(BuildError::TooSmall { .. }))
    ));
    default::init(vec![0; 1024].leak()).expect("a heap");
    assert_eq!(
        default::init(vec![0; 1024].leak()),
        Err(DefaultError::Present)
    );

    let handle = default::alloc(3).expect("room");
    default::write(handle, |bytes| bytes.copy_from_slice(b"abc")).expect("live block");
    default::resize(handle, 100).expect("room");
    // From another thread, too.
    let read = std::thread::spawn(move || default::read(handle, |bytes| bytes[..3].to_vec()));
    assert_eq!(read.join().unwrap(), Ok(b"abc".to_vec()));

    // From within a use there is no second one, and the first goes on.
    let inner = default::with(|heap| (default::alloc(1), heap.check(), heap.stats().live));
    assert_eq!(inner, Ok((Err(DefaultError::Busy), Ok(()), 1)));
    // A use that panics leaves it usable.
    let panicked = std::panic::catch_unwind(|| default::with(|_| panic!("on purpose")));
    assert!(panicked.is_err());

    default::free(handle).expect("live block");
    assert!(matches!(
        default::free(handle),
        Err(DefaultError::Heap(Error::BadHandle { .. }))
    ));
    let message = default::alloc(5000).expect_err("too much").to_string();
    assert!(message.contains("5000"), "{message}");
    assert_eq!(default::with(|heap| heap.check()), Ok(Ok(())));
}
