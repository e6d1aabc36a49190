//! A heap is saved to a file and attached to again.
//!
//! ```console
//! $ cargo run --example snapshot
//! ```

use std::error::Error;
use std::{env, fs, process};

use buflib::{AttachError, Crc32, Heap, Layout, Narrow, Request, Standard};

fn main() -> Result<(), Box<dyn Error>> {
    let file = env::temp_dir().join(format!("buflib-snapshot-{}", process::id()));

    let mut memory = vec![0; 4096];
    let mut heap = Heap::<Standard, Crc32>::from_bytes(&mut memory)?;
    let names = ["red", "green", "blue"];
    let colours = names.map(|name| heap.alloc_with(Request::new(3).name(name)));
    for (i, &colour) in colours.iter().enumerate() {
        heap.get_mut(colour?)?.fill(i as u8);
    }
    let [_, green, _] = colours;
    heap.free(green?)?;
    let mut image = vec![0; heap.image_bytes()];
    let bytes = heap.save_into(&mut image)?;
    fs::write(&file, &image)?;
    println!(
        "a heap of {} blocks is a file of {bytes} bytes",
        heap.stats().live
    );
    assert_eq!(bytes, 4096 + Heap::<Standard>::RECORD_BYTES);

    // Another process, another address.
    let mut image = fs::read(&file)?;
    fs::remove_file(&file)?;

    // What the image is not is refused with the reason, and the bytes stay as they are.
    let refused = Heap::<Narrow>::attach(&mut image).map(drop);
    println!("as a heap of the narrow layout: {}", refused.unwrap_err());
    let mut damaged = image.clone();
    damaged[Standard::GRANULE_BYTES - Standard::HEADER_BYTES] ^= 1;
    let refused = Heap::<Standard, Crc32>::attach(&mut damaged).map(drop);
    println!("with a flipped bit: {}", refused.unwrap_err());
    assert!(matches!(refused, Err(AttachError::Corrupt(_))));

    let mut heap = Heap::<Standard, Crc32>::attach(&mut image)?;
    heap.check()?;
    assert_eq!(heap.stats().live, 2);
    for (i, (name, colour)) in names.into_iter().zip(colours).enumerate() {
        let colour = colour?;
        if heap.contains(colour) {
            println!(
                "{colour} is {:?} still: {:?}",
                heap.name(colour)?,
                heap.get(colour)?
            );
            assert_eq!(heap.name(colour)?, Some(name));
            assert_eq!(heap.get(colour)?, [i as u8; 3]);
        } else {
            assert_eq!(name, "green");
        }
    }
    heap.alloc(1000)?;
    Ok(())
}
