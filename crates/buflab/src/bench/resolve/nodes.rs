//! Nodes with links: in a heap by handle, in a store by handle, and in boxes.

use std::mem::MaybeUninit;

use buflib::{Handle, Heap, Standard, Store, store};

use crate::error::Error;

/// A node of a list (one link) or a tree (two).
#[derive(Clone, Copy)]
pub(super) struct Node<L, const LINKS: usize> {
    pub(super) key: u64,
    pub(super) value: u64,
    pub(super) links: [Option<L>; LINKS],
}

pub(super) struct BoxNode<const LINKS: usize> {
    pub(super) key: u64,
    pub(super) value: u64,
    pub(super) links: [BoxLink<LINKS>; LINKS],
}

pub(super) type BoxLink<const LINKS: usize> = Option<Box<BoxNode<LINKS>>>;

pub(super) const BY_HANDLE: &str = "buflib Heap";
pub(super) const IN_STORE: &str = "buflib Store";
pub(super) const IN_BOXES: &str = "Box";

/// Where nodes are found by their links.
pub(super) trait Nodes<'a, const LINKS: usize>: Sized {
    type Link: Copy;

    fn new(memory: &'a mut [MaybeUninit<u8>]) -> Result<Self, Error>;
    fn add(&mut self, node: Node<Self::Link, LINKS>) -> Result<Self::Link, Error>;
    fn node(&self, link: Self::Link) -> Result<Node<Self::Link, LINKS>, Error>;
    fn set(&mut self, link: Self::Link, which: usize, to: Self::Link) -> Result<(), Error>;
}

/// A heap of which every block is a node: key, value, and its links as they are in memory.
pub(super) struct Blocks<'a, const LINKS: usize>(Heap<'a>);

type Link = Option<Handle>;

impl<const LINKS: usize> Blocks<'_, LINKS> {
    const VALUE: usize = size_of::<u64>();
    const LINKS: usize = Self::VALUE + size_of::<u64>();
    const SIZE: usize = Self::LINKS + LINKS * size_of::<Link>();
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk);
    word.map_or(0, |&word| u64::from_ne_bytes(word))
}

impl<'a, const LINKS: usize> Nodes<'a, LINKS> for Blocks<'a, LINKS> {
    type Link = Handle;

    fn new(memory: &'a mut [MaybeUninit<u8>]) -> Result<Self, Error> {
        Ok(Self(Heap::new(memory)?))
    }

    #[inline]
    fn add(&mut self, node: Node<Handle, LINKS>) -> Result<Handle, Error> {
        let (handle, bytes) = self.0.alloc_mut(Self::SIZE)?;
        bytes[..Self::VALUE].copy_from_slice(&node.key.to_ne_bytes());
        bytes[Self::VALUE..Self::LINKS].copy_from_slice(&node.value.to_ne_bytes());
        let links = bytes[Self::LINKS..].as_mut_ptr();
        assert_eq!(bytes.len(), Self::SIZE);
        // SAFETY: the block has room for these links, which are numbers without padding.
        unsafe { links.cast::<[Link; LINKS]>().write_unaligned(node.links) };
        Ok(handle)
    }

    #[inline]
    fn node(&self, link: Handle) -> Result<Node<Handle, LINKS>, Error> {
        let bytes = self.0.get(link)?;
        assert_eq!(bytes.len(), Self::SIZE);
        let links = bytes[Self::LINKS..].as_ptr();
        Ok(Node {
            key: word(bytes, 0),
            value: word(bytes, Self::VALUE),
            // SAFETY: every block of this heap had links written here, and moves keep its bytes.
            links: unsafe { links.cast::<[Link; LINKS]>().read_unaligned() },
        })
    }

    #[inline]
    fn set(&mut self, link: Handle, which: usize, to: Handle) -> Result<(), Error> {
        let bytes = self.0.get_mut(link)?;
        assert!(bytes.len() == Self::SIZE && which < LINKS);
        let link = bytes[Self::LINKS + which * size_of::<Link>()..].as_mut_ptr();
        // SAFETY: one of the links, which are numbers without padding.
        unsafe { link.cast::<Link>().write_unaligned(Some(to)) };
        Ok(())
    }
}

/// A store of which every value is a node.
pub(super) struct Stored<'a>(Store<'a>);

/// A type of its own, because a store's handle names the type that it leads to.
pub(super) struct StoredLink<const LINKS: usize>(store::Handle<Node<Self, LINKS>>);

impl<const LINKS: usize> Clone for StoredLink<LINKS> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<const LINKS: usize> Copy for StoredLink<LINKS> {}

impl<'a, const LINKS: usize> Nodes<'a, LINKS> for Stored<'a> {
    type Link = StoredLink<LINKS>;

    fn new(memory: &'a mut [MaybeUninit<u8>]) -> Result<Self, Error> {
        Ok(Self(Store::new(memory)?))
    }

    #[inline]
    fn add(&mut self, node: Node<Self::Link, LINKS>) -> Result<Self::Link, Error> {
        match self.0.insert(node) {
            Ok(handle) => Ok(StoredLink(handle)),
            Err(rejected) => Err(rejected.error.into()),
        }
    }

    #[inline]
    fn node(&self, link: Self::Link) -> Result<Node<Self::Link, LINKS>, Error> {
        Ok(*self.0.get(link.0)?)
    }

    #[inline]
    fn set(&mut self, link: Self::Link, which: usize, to: Self::Link) -> Result<(), Error> {
        self.0.get_mut(link.0)?.links[which] = Some(to);
        Ok(())
    }
}

/// Memory for so many nodes, with all that a heap or a store adds to each.
pub(super) fn memory(nodes: u64) -> Box<[MaybeUninit<u8>]> {
    const STORE: usize = 2 * size_of::<u64>();
    let each = size_of::<Node<Handle, 2>>() + Heap::<Standard>::METADATA_BYTES + STORE;
    Box::new_uninit_slice(nodes as usize * each + 4096)
}
