//! What is not derived is shown in debug output as if it were.

use buflib::{Heap, Request};

/// The same types, derived, with the fields that strings are in.
mod derived {
    #[derive(Debug)]
    #[allow(dead_code)]
    pub(super) struct Step {
        pub(super) moves: usize,
        pub(super) bytes_moved: usize,
        pub(super) refused: usize,
        pub(super) looked_at: usize,
        pub(super) done: bool,
        pub(super) left_bytes: usize,
        pub(super) next_bytes: Option<usize>,
    }

    #[derive(Debug)]
    #[allow(dead_code)]
    pub(super) enum AttachError {
        TooShort {
            bytes: usize,
            needed: usize,
        },
        NotAnImage,
        ByteOrder,
        Version {
            found: u32,
            expected: u32,
        },
        Record {
            stored: u64,
            computed: u64,
        },
        Layout {
            found: [u8; 8],
            expected: &'static str,
        },
        CheckWord {
            found: bool,
        },
        Length {
            bytes: usize,
            expected: u64,
        },
        Number {
            field: &'static str,
            found: u64,
            limit: u64,
        },
        Address {
            remainder: usize,
            expected: usize,
            modulus: usize,
        },
        Corrupt(buflib::Corruption),
    }
}

macro_rules! same {
    ($($value:expr),* $(,)?) => {$({
        let shown = {
            use buflib::AttachError;
            [format!("{:?}", $value), format!("{:#?}", $value)]
        };
        use derived::AttachError;
        assert_eq!(shown, [format!("{:?}", $value), format!("{:#?}", $value)]);
    })*};
}

#[test]
fn errors_are_shown_as_derived() {
    let mut memory = [0; 256];
    let _: Heap = Heap::from_bytes(&mut memory).expect("a heap");
    let corruption =
        buflib::Heap::<buflib::Standard>::of_outline(&mut memory, &buflib::Outline::NONE)
            .expect_err("no heap");
    same![
        AttachError::TooShort {
            bytes: 1,
            needed: 2
        },
        AttachError::NotAnImage,
        AttachError::ByteOrder,
        AttachError::Version {
            found: 1,
            expected: 2
        },
        AttachError::Record {
            stored: 1,
            computed: 2
        },
        AttachError::Layout {
            found: *b"wide\0\0\0\0",
            expected: "a \"name\" isn't\n"
        },
        AttachError::CheckWord { found: true },
        AttachError::Length {
            bytes: 1,
            expected: 2
        },
        AttachError::Number {
            field: "free",
            found: 1,
            limit: 2
        },
        AttachError::Address {
            remainder: 1,
            expected: 2,
            modulus: 3
        },
        AttachError::Corrupt(corruption),
    ];
}

#[test]
fn figures_are_shown_as_derived() {
    let step = buflib::Step::default();
    let derived = derived::Step {
        moves: step.moves,
        bytes_moved: step.bytes_moved,
        refused: step.refused,
        looked_at: step.looked_at,
        done: step.done,
        left_bytes: step.left_bytes,
        next_bytes: step.next_bytes,
    };
    assert_eq!(
        format!("{step:?} {step:#?}"),
        format!("{derived:?} {derived:#?}")
    );
}

#[test]
fn requests_and_blocks_are_shown_with_their_names() {
    let request = Request::new(3)
        .align(8)
        .name("it's \"it\"")
        .shrinkable(7_u8);
    assert_eq!(
        format!("{request:?}"),
        "Request { size: 3, align: 8, name: \"it's \\\"it\\\"\", \
        owner: Some(Ownership { tag: 7, shrinks: true }), immovable: false }"
    );
    let mut memory = [0; 256];
    let mut heap: Heap = Heap::from_bytes(&mut memory).expect("a heap");
    let handle = heap.alloc_with(request).expect("a block");
    let block = heap.block(0).expect("in order").expect("a block");
    assert_eq!(
        format!("{block:?}"),
        format!(
            "Block {{ offset: {}, address: {}, bytes: {}, handle: Some({handle:?}), \
            payload_bytes: 3, immovable: false, name: Some(\"it's \\\"it\\\"\") }}",
            block.offset, block.address, block.bytes
        )
    );
    assert!(
        format!("{heap:?}").starts_with(
            "Heap { layout: \"standard\", check_word: false, stats: Stats { live: 1, "
        )
    );
}
