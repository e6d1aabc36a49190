//! What a block of a store says that it holds.

use core::any::{TypeId, type_name};
use core::fmt;

use super::slot::{Block, Shape};

/// The name of a type, as [`core::any::type_name`] gives it.
#[derive(Clone, Copy)]
pub struct TypeName(fn() -> &'static str);

impl TypeName {
    /// The name. It is for people: the compiler promises nothing about it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        (self.0)()
    }
}

impl PartialEq for TypeName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for TypeName {}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The table that each block of a store begins with a reference to: one for each type.
pub struct Kind {
    /// A function, because `TypeId::of` cannot be called in constants by the oldest compiler promised.
    id: fn() -> TypeId,
    name: TypeName,
    /// Runs the destructors of all that the block holds, if there are any to run.
    pub(super) drop: Option<unsafe fn(Block)>,
}

impl Kind {
    /// That of a block which holds nothing: not yet, or not any more.
    pub(super) const GONE: &'static Self = {
        enum Gone {}
        &Self {
            id: TypeId::of::<Gone>,
            name: TypeName(type_name::<Gone>),
            drop: None,
        }
    };

    pub(super) const fn new<S: ?Sized + Shape>(drop: Option<unsafe fn(Block)>) -> Self {
        Self {
            id: TypeId::of::<S>,
            name: TypeName(type_name::<S>),
            drop,
        }
    }

    /// Whether a block with this table holds an `S`.
    #[inline(always)]
    pub(super) fn is<S: ?Sized + Shape>(&'static self) -> bool {
        // One address has one table and so one identity. There may be two tables for one type.
        core::ptr::eq(self, S::KIND) || (self.id)() == TypeId::of::<S>()
    }

    pub(super) fn name(&self) -> TypeName {
        self.name
    }
}
