//! A compacting heap over a fixed buffer.
#![no_std]
