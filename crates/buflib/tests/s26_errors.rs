//! S26: whatever is refused is told as a value with what was asked and found, and says so in words.

#[macro_use]
mod common;

use std::error::Error as _;

use buflib::{
    BuildError, Check, Corruption, Error, Fault, Found, Heap, Layout, Narrow, Request, Standard,
};
use common::{Memory, arena_bytes};

on_every_heap!(every_misuse_has_its_error, errors_leave_the_heap_as_it_was);

fn every_misuse_has_its_error<L: Layout, C: Check>() {
    let mut memory = Memory::exact::<L>(arena_bytes::<L, C>(3, 30));
    let mut heap = memory.checked::<L, C>();
    let [first, second] = [10, 10].map(|granules| heap.granules(granules));
    let limit = Heap::<L, C>::MAX_PAYLOAD_BYTES;
    let free = heap.available();

    assert_eq!(
        heap.alloc(5000),
        Err(Error::Exhausted {
            requested: 5000,
            free,
            contiguous: free
        })
    );
    assert_eq!(
        heap.alloc(usize::MAX),
        Err(Error::TooLarge {
            requested: usize::MAX,
            limit
        })
    );
    assert_eq!(
        heap.alloc_with(Request::new(1).align(3)),
        Err(Error::BadAlignment { requested: 3 })
    );
    let name = "n".repeat(256);
    assert_eq!(
        heap.alloc_with(Request::new(1).name(&name)),
        Err(Error::NameTooLong { length: 256 })
    );
    let same = heap.run(|heap| heap.get_disjoint_mut([second, first, second]).err());
    assert_eq!(same, Some(Error::SameHandle { number: 2 }));
    let (all, _) = heap.alloc_maximum().expect("room");
    assert_eq!(heap.alloc(0), Err(Error::MaximumHeld { number: 3 }));
    heap.free(all).expect("live block");
    let bad = |found| Error::BadHandle {
        number: 3,
        generation: 0,
        found,
    };
    assert_eq!(heap.free(all), Err(bad(Found::OutsideTable { entries: 2 })));
    let third = heap.alloc(1).expect("room");
    assert_eq!(
        heap.free(all),
        Err(bad(Found::Generation(third.generation())))
    );
    heap.free(first).expect("live block");
    assert_eq!(
        heap.free(first),
        Err(Error::BadHandle {
            number: 1,
            generation: 0,
            found: Found::Vacant
        })
    );
    // The two that are missing here: `HandlesExhausted` is reached in limits.rs, `Corrupt` in s08_check_word.rs.
}

fn errors_leave_the_heap_as_it_was<L: Layout, C: Check>() {
    let mut memory = Memory::new(1024);
    let mut heap = memory.checked::<L, C>();
    let handles = [10, 20, 30].map(|size| heap.filled(Request::new(size)));
    heap.free(handles[0]).expect("live block");
    let before = heap.picture();
    let name = "n".repeat(300);
    for request in [
        Request::new(1).align(0),
        Request::new(1).align(8192),
        Request::new(1).name(&name),
    ] {
        assert!(heap.alloc_with(request).is_err());
    }
    assert!(heap.alloc(usize::MAX).is_err() && heap.resize(handles[1], usize::MAX).is_err());
    assert!(heap.free(handles[0]).is_err() && heap.resize(handles[0], 1).is_err());
    assert!(heap.run(|heap| heap.get_disjoint_mut([handles[1], handles[1]]).is_err()));
    assert!(heap.run(|heap| heap.get_disjoint_mut([handles[1], handles[0]]).is_err()));
    assert_eq!(heap.picture(), before);
}

/// Each number that an error carries is in its text.
#[track_caller]
fn expect_text(error: &dyn std::error::Error, numbers: &[&str]) {
    let text = error.to_string();
    for number in numbers {
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        assert!(
            words.any(|word| word == *number),
            "{number} is not in: {text}"
        );
    }
    assert!(
        error.source().is_none() && !text.ends_with('.') && !text.contains('\n'),
        "{text}"
    );
}

#[test]
fn errors_say_their_numbers() {
    expect_text(
        &Error::Exhausted {
            requested: 101,
            free: 202,
            contiguous: 303,
        },
        &["101", "202", "303"],
    );
    expect_text(
        &Error::TooLarge {
            requested: 101,
            limit: 202,
        },
        &["101", "202"],
    );
    expect_text(&Error::HandlesExhausted { limit: 101 }, &["101"]);
    expect_text(&Error::BadAlignment { requested: 101 }, &["101", "4096"]);
    expect_text(&Error::NameTooLong { length: 1001 }, &["1001", "255"]);
    expect_text(&Error::MaximumHeld { number: 101 }, &["101"]);
    expect_text(&Error::SameHandle { number: 101 }, &["101"]);
    for (found, number) in [
        (Found::OutsideTable { entries: 303 }, "303"),
        (Found::Vacant, "vacant"),
        (Found::Generation(303), "303"),
    ] {
        expect_text(
            &Error::BadHandle {
                number: 101,
                generation: 202,
                found,
            },
            &["101", "202", number],
        );
    }
    expect_text(
        &BuildError::TooSmall {
            bytes: 101,
            needed: 202,
        },
        &["101", "202"],
    );
    expect_text(
        &BuildError::TooLarge {
            bytes: 202,
            limit: 101,
        },
        &["101", "202"],
    );
}

#[test]
fn corruption_says_where_it_is_and_what_was_found_and_expected() {
    let faults = [
        Fault::Position,
        Fault::Length,
        Fault::BackLink,
        Fault::Kind,
        Fault::Footer,
        Fault::FollowsFree,
        Fault::List,
        Fault::CheckWord,
        Fault::Extension,
        Fault::Count,
    ];
    let mut texts = std::collections::BTreeSet::new();
    for fault in faults {
        let corruption = Corruption {
            fault,
            at: 101,
            found: 0x202,
            expected: 0x303,
        };
        expect_text(&corruption, &["101", "0x202", "0x303"]);
        assert_eq!(Error::from(corruption), Error::Corrupt(corruption));
        assert_eq!(Error::from(corruption).to_string(), corruption.to_string());
        texts.insert(corruption.to_string());
    }
    assert_eq!(
        texts.len(),
        faults.len(),
        "each kind of damage has words of its own"
    );
}

/// The question mark works in functions that return any error, on threads too.
#[test]
fn errors_are_errors_that_can_be_passed_on() {
    fn build_and_fail() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut memory = [0; 64];
        Heap::<Narrow>::from_bytes(&mut memory)?.alloc(1000)?;
        Ok(())
    }
    let error = build_and_fail().expect_err("no room");
    assert!(matches!(
        error.downcast_ref(),
        Some(Error::Exhausted {
            requested: 1000,
            ..
        })
    ));
    let error = Heap::<Standard>::from_bytes(&mut []).expect_err("no room");
    assert!(error.source().is_none());
}
