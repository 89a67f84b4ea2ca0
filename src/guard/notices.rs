//! What operators are told in their chat. It is said on the host's thread, after the call in which
//! it came up, with the interpreter left.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::callbacks::{CALLBACKS, SEND_TO_OP_CHAT};
use crate::hub;
use crate::scripts::Context;
use crate::targs::{Block, Piece, Storage};

/// The notices of one script.
#[derive(Debug, Default)]
pub struct Notices {
    waiting: Mutex<Vec<String>>,
    any: AtomicBool,
}

impl Notices {
    /// One more.
    pub fn add(&self, text: String) {
        self.waiting.lock().push(text);
        self.any.store(true, Ordering::Release);
    }
}

/// Says what waits. The interpreter is left, no lock held, and the script still there.
#[inline]
pub fn say(script: &Context) {
    if script.profile.notices.any.load(Ordering::Relaxed) {
        say_all(script);
    }
}

#[cold]
fn say_all(script: &Context) {
    let notices = &script.profile.notices;
    notices.any.store(false, Ordering::Relaxed);
    let waiting = std::mem::take(&mut *notices.waiting.lock());
    let callback = &CALLBACKS[SEND_TO_OP_CHAT];
    for text in waiting {
        let encoding = hub::encoding(script.id);
        // A hub without an operators' chat, or without memory, has the log.
        drop(hub::call_for_library(callback, script.id, || {
            let text = encoding.encode(&text);
            let pieces = [Piece::Text(Some(Cow::Owned(text))), Piece::Text(None)];
            Block::new(&pieces, Storage::Inside)
        }));
    }
}
