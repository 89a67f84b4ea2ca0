//! Long texts that were decoded lately, because a hub gives the same line to one script after the other. They
//! are found by their bytes and encoding, and not by their address.

use std::rc::Rc;

/// Shorter texts are decoded as fast as they are found.
const SHORTEST: usize = 1024;
/// Longer texts would take too much memory.
const LONGEST: usize = 1024 * 1024;
/// How many texts are kept: more than one event has long ones.
const KEPT: usize = 4;

/// What one thread decoded.
#[derive(Debug, Default)]
pub struct Recent {
    texts: [Option<Kept>; KEPT],
    next: usize,
}

#[derive(Debug)]
struct Kept {
    encoding: &'static str,
    bytes: Box<[u8]>,
    points: Rc<[u32]>,
}

impl Recent {
    /// The code points of a text: the kept ones, or what `decode` gives.
    pub fn points(
        &mut self,
        encoding: &'static str,
        bytes: &[u8],
        decode: impl FnOnce() -> Vec<u32>,
    ) -> Rc<[u32]> {
        if !(SHORTEST..=LONGEST).contains(&bytes.len()) {
            return decode().into();
        }
        let is_it = |kept: &&Kept| *kept.bytes == *bytes && kept.encoding == encoding;
        if let Some(kept) = self.texts.iter().flatten().find(is_it) {
            return Rc::clone(&kept.points);
        }
        let points: Rc<[u32]> = decode().into();
        let kept = Kept { encoding, bytes: bytes.into(), points: Rc::clone(&points) };
        self.texts[self.next] = Some(kept);
        self.next = (self.next + 1) % KEPT;
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_decoded_once() {
        let mut recent = Recent::default();
        let mut text = vec![0xFF; SHORTEST];
        assert_eq!(recent.points("GBK", &text, || vec![1])[..], [1]);
        assert_eq!(recent.points("GBK", &text, || panic!("it was decoded"))[..], [1]);
        assert_eq!(recent.points("Big5", &text, || vec![2])[..], [2]);
        // At the same address, and as long.
        text[SHORTEST - 1] = 0x80;
        assert_eq!(recent.points("GBK", &text, || vec![3])[..], [3]);
        text[SHORTEST - 1] = 0xFF;
        assert_eq!(recent.points("GBK", &text, || panic!("it was decoded"))[..], [1]);
    }

    #[test]
    fn few_are_kept_and_no_short_ones() {
        let mut recent = Recent::default();
        for number in 0..=KEPT {
            recent.points("GBK", &vec![number as u8; SHORTEST], Vec::new);
        }
        assert_eq!(recent.points("GBK", &vec![0; SHORTEST], || vec![7])[..], [7]);
        for text in [vec![0; SHORTEST - 1], vec![0; LONGEST + 1]] {
            recent.points("GBK", &text, Vec::new);
            assert_eq!(recent.points("GBK", &text, || vec![7])[..], [7]);
        }
    }
}
