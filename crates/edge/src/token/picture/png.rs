//! Grey pixels as a PNG file.
//!
//! Source: Portable Network Graphics (PNG) Specification, third edition.

use std::io::Write as _;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// Eight bits a pixel, row by row.
pub(super) fn encode(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut header = Vec::new();
    for size in [width, height] {
        header.extend_from_slice(&u32::try_from(size).expect("a small picture").to_be_bytes());
    }
    // Bit depth, grey, and the only methods of compression, filtering and interlacing used.
    header.extend_from_slice(&[8, 0, 0, 0, 0]);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    for row in pixels.chunks(width) {
        // Each row begins with its filter: none.
        encoder.write_all(&[0]).and_then(|()| encoder.write_all(row)).expect("a vector takes any bytes");
    }
    let data = encoder.finish().expect("a vector takes any bytes");
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in [(b"IHDR", header), (b"IDAT", data), (b"IEND", Vec::new())] {
        chunk(&mut file, kind, &content);
    }
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    file.extend_from_slice(&u32::try_from(content.len()).expect("a small picture").to_be_bytes());
    file.extend_from_slice(kind);
    file.extend_from_slice(content);
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(content);
    file.extend_from_slice(&crc.sum().to_be_bytes());
}
