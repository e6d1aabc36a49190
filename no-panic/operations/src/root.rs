//! The table of entry points.

/// One entry of the section `roots`, which `search` reads from the object.
#[repr(C)]
pub(crate) struct Root {
    operation: [u8; 56],
    heap: [u8; 24],
    code: *const (),
}

// SAFETY: nobody follows the address.
unsafe impl Sync for Root {}

impl Root {
    pub(crate) const fn new(operation: &str, heap: &str, code: *const ()) -> Self {
        Self {
            operation: filled(operation),
            heap: filled(heap),
            code,
        }
    }
}

const fn filled<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut i = 0;
    while i < text.len() {
        bytes[i] = text.as_bytes()[i];
        i += 1;
    }
    bytes
}

/// Entry points, each named after the operation that it calls. The same operation may come more than once, for values of
/// different kinds.
macro_rules! roots {
    ($(($operation:expr) ($($argument:tt)*) -> $result:ty $body:block)*) => {
        pub(crate) const COUNT: usize = [$($operation),*].len();

        pub(crate) const fn roots<L: buflib::Layout, C: buflib::Check>(
            heap: &str,
        ) -> [crate::root::Root; COUNT] {
            [$({
                #[allow(unused_lifetimes, clippy::ptr_arg)]
                fn root<'h, 'a, L: buflib::Layout, C: buflib::Check>($($argument)*) -> $result $body
                crate::root::Root::new($operation, heap, root::<L, C> as *const ())
            }),*]
        }
    };
}

macro_rules! table {
    ($module:ident $layout:ident $check:ident) => {
        const _: () = {
            #[used]
            #[unsafe(link_section = "roots")]
            static TABLE: [root::Root; $module::COUNT] = $module::roots::<$layout, $check>(
                concat!(stringify!($layout), " ", stringify!($check)),
            );
        };
    };
}

macro_rules! every_layout {
    ($($module:ident)*) => {$(
        table!($module Narrow Unchecked);
        table!($module Narrow Crc32);
        table!($module Standard Unchecked);
        table!($module Standard Crc32);
        table!($module Wide Unchecked);
        table!($module Wide Crc32);
        table!($module Ordered Unchecked);
        table!($module Ordered Crc32);
        table!($module Small Unchecked);
        table!($module Small Crc32);
    )*};
}

/// The same with what types of small values derive: copied, shown, compared.
macro_rules! roots_of_values {
    ({$($name:literal $type:ty,)*} $($others:tt)*) => {
        roots! {
            $((concat!($name, "::Clone::clone")) (value: &$type) -> $type { Clone::clone(value) }
            (concat!($name, "::Debug::fmt")) (value: &$type, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Debug::fmt(value, f)
            }
            (concat!($name, "::PartialEq::eq")) (one: &$type, other: &$type) -> bool { one == other })*
            $($others)*
        }
    };
}
