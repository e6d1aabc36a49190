//! A corpus as one text, an input in hexadecimal digits on each line, and as the folder that a fuzzer wants:
//! `corpus unpack TEXT FOLDER`, `corpus pack FOLDER TEXT`.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["unpack", text, folder] => unpack(Path::new(text), Path::new(folder)),
        ["pack", folder, text] => pack(Path::new(folder), Path::new(text)),
        _ => Err(io::Error::other(
            "found other arguments, expected `unpack TEXT FOLDER` or `pack FOLDER TEXT`",
        )),
    }
}

fn unpack(text: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, line) in fs::read_to_string(text)?.lines().enumerate() {
        let input = hex::decode(line).map_err(io::Error::other)?;
        fs::write(folder.join(format!("kept-{number}")), input)?;
    }
    Ok(())
}

/// In an order that depends on nothing but the inputs.
fn pack(folder: &Path, text: &Path) -> io::Result<()> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder)? {
        inputs.push(fs::read(entry?.path())?);
    }
    inputs.sort_by_key(|input| (input.len(), input.clone()));
    let lines = inputs.iter().map(|input| hex::encode(input) + "\n");
    fs::write(text, lines.collect::<String>())
}
