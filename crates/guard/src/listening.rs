//! Which hooks of a script the host is to call, and which of them refuse while they cannot run. There is one
//! for each id, so that `w_HasHook` reads a number and takes no lock.

use std::sync::atomic::{AtomicU64, Ordering};

/// The hooks of one id, a bit each.
#[derive(Debug, Default)]
pub struct Listening {
    wanted: AtomicU64,
    /// The hooks that refuse while their script is being loaded or unloaded, while a stub stands in for it,
    /// and after a fault of the library.
    refusing: AtomicU64,
}

impl Listening {
    /// No hooks.
    pub const fn to_nothing() -> Listening {
        Listening { wanted: AtomicU64::new(0), refusing: AtomicU64::new(0) }
    }

    /// Whether the host is to call a hook.
    #[inline]
    pub fn wants(&self, hook: usize) -> bool {
        self.wanted.load(Ordering::Relaxed) & (1 << hook) != 0
    }

    /// Whether a hook refuses while it cannot run.
    #[inline]
    pub fn refuses(&self, hook: usize) -> bool {
        self.refusing.load(Ordering::Acquire) & (1 << hook) != 0
    }

    /// From now on the host is to call these hooks.
    pub fn set_wanted(&self, hooks: u64) {
        self.wanted.store(hooks, Ordering::Release);
    }

    /// From now on the host is to call these hooks too.
    pub fn add(&self, hooks: u64) {
        self.wanted.fetch_or(hooks, Ordering::Release);
    }

    /// A script that had these hooks has others now.
    pub fn change(&self, before: u64, now: u64) {
        self.wanted.fetch_and(!before | now, Ordering::AcqRel);
        self.add(now);
    }

    /// From now on these hooks refuse while they cannot run.
    pub fn set_refusing(&self, hooks: u64) {
        self.refusing.store(hooks, Ordering::Release);
    }

    /// From now on the host is to call only the hooks that refuse, for the others cannot run.
    pub fn only_refuse(&self) {
        self.set_wanted(self.refusing.load(Ordering::Acquire));
    }

    /// Forgets everything, when nobody has the id any more.
    pub fn clear(&self) {
        self.set_wanted(0);
        self.set_refusing(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_has_a_bit_among_the_wanted_and_one_among_the_refusing() {
        let listening = Listening::to_nothing();
        let of = |hook| (listening.wants(hook), listening.refuses(hook));
        assert_eq!((of(0), of(1)), ((false, false), (false, false)));
        listening.set_wanted(1 << 1 | 1 << 2);
        listening.set_refusing(1 << 2 | 1 << 3);
        let all = [(false, false), (true, false), (true, true), (false, true)];
        assert_eq!([0, 1, 2, 3].map(of), all);
        listening.add(1 << 63 | 1 << 1);
        assert_eq!(([0, 1, 2, 3].map(of), of(63)), (all, (true, false)));
        listening.change(1 << 1 | 1 << 2, 1 << 2 | 1 << 4);
        let wanted = [1, 2, 4, 63].map(|hook| listening.wants(hook));
        assert_eq!(wanted, [false, true, true, true]);
        listening.only_refuse();
        assert_eq!(
            ([1, 2, 3].map(of), of(63)),
            ([(false, false), (true, true), (true, true)], (false, false))
        );
        listening.clear();
        assert_eq!([1, 2, 3].map(of), [(false, false); 3]);
    }
}
