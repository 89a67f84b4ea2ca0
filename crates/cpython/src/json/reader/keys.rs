//! Remembers keys, because maps in a list mostly have the same keys in the same order.

use smallvec::SmallVec;

use crate::object::Obj;

/// The keys of the text that is being read.
pub(super) struct Keys<'a, 't> {
    all: SmallVec<[Key<'a, 't>; 12]>,
    /// The index of a key by its hash.
    places: [u8; KEYS],
    /// The index of the last key that was read.
    last: usize,
}

struct Key<'a, 't> {
    text: &'t [u8],
    object: Obj<'a>,
    /// The index of the key that followed it the last time.
    next: usize,
}

/// How many keys are remembered at most; a power of two. A key takes the place of another with the same hash.
const KEYS: usize = 64;
/// No key's index.
const NONE: u8 = u8::MAX;

impl<'a, 't> Keys<'a, 't> {
    pub(super) fn new() -> Keys<'a, 't> {
        Keys { all: SmallVec::new(), places: [NONE; KEYS], last: 0 }
    }

    /// If the text begins with the expected key and a quote: the key's length and the key.
    #[inline]
    pub(super) fn expected(&mut self, text: &[u8]) -> Option<(usize, Obj<'a>)> {
        let next = self.all.get(self.last)?.next;
        let key = self.all.get(next)?;
        let length = key.text.len();
        if text.get(length) != Some(&b'"') || !is_same(&text[..length], key.text) {
            return None;
        }
        self.last = next;
        Some((length, key.object.clone()))
    }

    pub(super) fn find(&mut self, text: &[u8]) -> Option<Obj<'a>> {
        let index = usize::from(self.places[place_of(text)]);
        let key = self.all.get(index).filter(|key| is_same(key.text, text))?;
        let object = key.object.clone();
        self.follow(index);
        Some(object)
    }

    pub(super) fn remember(&mut self, text: &'t [u8], object: Obj<'a>) {
        let place = &mut self.places[place_of(text)];
        let index = match *place {
            NONE => {
                let index = self.all.len();
                self.all.push(Key { text, object, next: index });
                // There are no more keys than places.
                *place = index as u8;
                index
            }
            index => {
                let index = usize::from(index);
                self.all[index] = Key { text, object, next: index };
                index
            }
        };
        self.follow(index);
    }

    /// Notes that another key was read than the expected one.
    fn follow(&mut self, index: usize) {
        self.all[self.last].next = index;
        self.last = index;
    }
}

/// Whether two keys are the same. They are too short for a call of memcmp to pay.
#[inline]
fn is_same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    if let (Some(left_last), Some(right_last)) = (left.last_chunk::<8>(), right.last_chunk::<8>()) {
        let (left, right) = (left.as_chunks::<8>().0, right.as_chunks::<8>().0);
        return left_last == right_last
            && left.iter().zip(right).all(|(left, right)| left == right);
    }
    if let (Some(left_last), Some(right_last)) = (left.last_chunk::<4>(), right.last_chunk::<4>()) {
        return left_last == right_last && left.first_chunk::<4>() == right.first_chunk::<4>();
    }
    left.iter().zip(right).all(|(left, right)| left == right)
}

/// The place of a key, by its length and first bytes.
#[inline]
fn place_of(key: &[u8]) -> usize {
    /// A factor that spreads bits: the golden ratio as a fraction of 64 bits.
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let first = key.first_chunk::<8>().map_or_else(
        || key.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        |first| u64::from_le_bytes(*first),
    );
    let hash = (first ^ key.len() as u64).wrapping_mul(SPREAD);
    (hash >> 32) as usize % KEYS
}
