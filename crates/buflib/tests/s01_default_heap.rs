//! S1: one predefined heap, with wrappers. There is one in the whole program, so there is one test.

use std::collections::HashMap;

use buflib::default::{self, DefaultError};
use buflib::{BuildError, Error, Handle};

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
    random_programs_beside_a_model();
}

fn random_programs_beside_a_model() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut model: HashMap<Handle, Vec<u8>> = HashMap::new();
    for _ in 0..if cfg!(miri) { 50 } else { 5000 } {
        let some = random.choice(model.keys().copied());
        let size = random.usize(..90);
        match (random.u8(..4), some) {
            (0 | 1, _) => match default::alloc(size) {
                Ok(handle) => fill(&mut random, &mut model, handle, size),
                Err(error) => must_be_full(error),
            },
            (2, Some(handle)) => match default::resize(handle, size) {
                Ok(()) => {
                    let kept = size.min(model[&handle].len());
                    let same = |bytes: &[u8]| bytes[..kept] == model[&handle][..kept];
                    assert_eq!(default::read(handle, same), Ok(true));
                    fill(&mut random, &mut model, handle, size);
                }
                Err(error) => must_be_full(error),
            },
            (_, Some(handle)) => {
                model.remove(&handle);
                default::free(handle).expect("live block");
                assert!(default::read(handle, |_| ()).is_err());
            }
            _ => {}
        }
        for (&handle, bytes) in &model {
            assert_eq!(default::read(handle, |found| found == bytes), Ok(true));
        }
        let live = default::with(|heap| heap.check().map(|()| heap.stats().live));
        assert_eq!(live, Ok(Ok(model.len())));
    }
}

fn fill(
    random: &mut fastrand::Rng,
    model: &mut HashMap<Handle, Vec<u8>>,
    handle: Handle,
    size: usize,
) {
    let bytes: Vec<u8> = (0..size).map(|_| random.u8(..)).collect();
    default::write(handle, |found| found.copy_from_slice(&bytes)).expect("live block");
    model.insert(handle, bytes);
}

fn must_be_full(error: DefaultError) {
    let full = matches!(error, DefaultError::Heap(Error::Exhausted { .. }));
    assert!(full, "{error}");
}
