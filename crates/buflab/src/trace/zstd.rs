//! Decompression.

use std::io::Read;

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// All frames of a stream, with their checksums compared.
pub(super) fn decompress(mut stream: &[u8]) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    if stream.is_empty() {
        return Err("the file is empty".to_owned());
    }
    while !stream.is_empty() {
        match StreamingDecoder::new(&mut stream) {
            Ok(mut frame) => {
                frame
                    .read_to_end(&mut text)
                    .map_err(|error| error.to_string())?;
                compare_checksum(&frame.into_frame_decoder())?;
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                stream = stream
                    .get(length as usize..)
                    .ok_or("it ends in a skippable frame")?;
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(text)
}

fn compare_checksum(frame: &FrameDecoder) -> Result<(), String> {
    match (
        frame.get_checksum_from_data(),
        frame.get_calculated_checksum(),
    ) {
        (Some(stored), Some(computed)) if stored != computed => Err(format!(
            "found checksum {stored:08x}, expected {computed:08x} from the contents"
        )),
        _ => Ok(()),
    }
}
