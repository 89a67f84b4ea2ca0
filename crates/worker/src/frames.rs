//! Frames from a child process: JSON texts, each ended by a NUL.

use std::ops::Range;

/// The largest frame, in bytes.
pub const LARGEST: usize = 64 << 20;

/// How many bytes are read at once.
const PIECE: usize = 64 << 10;

/// Bytes that came, cut into frames.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Where the next frame begins.
    start: usize,
    /// How far has been looked for its end.
    seen: usize,
    /// The beginning of the frame at the start when it is too large, so that its bytes are dropped until it ends.
    dropping: Option<Vec<u8>>,
    /// The beginning of the last frame that was dropped.
    dropped: Vec<u8>,
}

/// How much is kept of a frame that is dropped.
const BEGINNING: usize = 64;

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Its text.
    Text(&'a [u8]),
    /// It was larger than [`LARGEST`], and has been dropped but for its beginning.
    TooLarge(&'a [u8]),
}

impl Frames {
    /// Takes what `read` appends to a buffer, which has room for [`PIECE`] bytes.
    pub fn fill<T>(&mut self, read: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.make_room();
        self.bytes.reserve(PIECE);
        read(&mut self.bytes)
    }

    /// The next frame that is there as a whole.
    pub fn next(&mut self) -> Option<Frame<'_>> {
        loop {
            let Some(length) = memchr::memchr(0, &self.bytes[self.seen..]) else {
                self.seen = self.bytes.len();
                self.drop_what_is_too_large();
                return None;
            };
            let text = self.start..self.seen + length;
            self.start = text.end + 1;
            self.seen = self.start;
            if text.len() > LARGEST {
                return Some(Frame::TooLarge(&self.bytes[text][..BEGINNING]));
            }
            if let Some(beginning) = self.dropping.take() {
                self.dropped = beginning;
                return Some(Frame::TooLarge(&self.dropped));
            }
            if !text.is_empty() {
                return Some(Frame::Text(self.text(text)));
            }
        }
    }

    fn text(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    fn drop_what_is_too_large(&mut self) {
        if self.dropping.is_none() && self.bytes.len() - self.start > LARGEST {
            self.dropping = Some(self.bytes[self.start..][..BEGINNING].to_vec());
        }
        if self.dropping.is_some() {
            self.start = self.bytes.len();
        }
    }

    /// Gives up the bytes of frames that have been taken.
    fn make_room(&mut self) {
        if self.start == self.bytes.len() {
            self.bytes.clear();
            // What one large frame needed is not kept for ever.
            self.bytes.shrink_to(16 * PIECE);
        } else {
            self.bytes.drain(..self.start);
        }
        self.seen -= self.start;
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(frames: &mut Frames, bytes: &[u8]) {
        frames.fill(|buffer| buffer.extend_from_slice(bytes));
    }

    fn taken(frames: &mut Frames) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(frame) = frames.next() {
            all.push(match frame {
                Frame::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                Frame::TooLarge(beginning) => {
                    format!("too large: {}", String::from_utf8_lossy(&beginning[..3]))
                }
            });
        }
        all
    }

    #[test]
    fn text_of_any_width_may_be_split_at_every_byte() {
        let sent = "{\"a\":1}\0[\"é中😀\"]\0\0{}\0";
        for split in 0..=sent.len() {
            let mut frames = Frames::default();
            let (first, rest) = sent.as_bytes().split_at(split);
            push(&mut frames, first);
            let mut all = taken(&mut frames);
            push(&mut frames, rest);
            all.extend(taken(&mut frames));
            assert_eq!(all, ["{\"a\":1}", "[\"é中😀\"]", "{}"], "split at {split}");
        }
    }

    #[test]
    fn byte_by_byte() {
        let mut frames = Frames::default();
        let mut all = Vec::new();
        for byte in "{\"a\":\"ж\"}\0{}\0{".bytes() {
            push(&mut frames, &[byte]);
            all.extend(taken(&mut frames));
        }
        assert_eq!(all, ["{\"a\":\"ж\"}", "{}"]);
    }

    #[test]
    fn a_frame_of_the_largest_size_is_taken_and_a_larger_one_dropped() {
        let mut frames = Frames::default();
        let mut sizes = Vec::new();
        for size in [LARGEST, LARGEST + 1, 3] {
            push(&mut frames, &vec![b'1'; size]);
            assert_eq!(frames.next(), None);
            push(&mut frames, b"\0");
            sizes.push(match frames.next() {
                Some(Frame::Text(text)) => text.len(),
                Some(Frame::TooLarge(_)) => 0,
                None => panic!("no frame"),
            });
        }
        assert_eq!(sizes, [LARGEST, 0, 3]);
    }

    #[test]
    fn what_is_too_large_is_not_kept_while_it_comes() {
        let mut frames = Frames::default();
        for _ in 0..3 {
            push(&mut frames, &vec![b'1'; LARGEST]);
            assert_eq!(frames.next(), None);
        }
        assert!(frames.bytes.len() <= LARGEST + 2 * PIECE, "{}", frames.bytes.len());
        push(&mut frames, b"\0{}\0");
        assert_eq!(taken(&mut frames), ["too large: 111", "{}"]);
    }
}
