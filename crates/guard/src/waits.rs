//! How long calls have waited for slow functions of the hub, which does not count as their own time.
//!
//! The watchdog finds that out at each tick, so that calling the hub costs nothing for it: a thread that is
//! in the same call of the hub as at the previous tick was there all the time. What takes less than a tick is
//! not seen and counts for the script. So does all waiting beyond the first `MOST` slow functions of a call,
//! because a loop that calls the hub for ever has to end some time.

use std::ptr;

use super::slot::{Seen, Slot};

/// How many slow functions are forgiven each call.
const MOST: u32 = 20;

/// The waits of all running calls.
#[derive(Debug, Default)]
pub struct Waits {
    waits: Vec<Wait>,
    /// The number of this tick, and when it was.
    tick: u64,
    now: u64,
    since_last: u64,
}

/// The waits of one call.
#[derive(Debug)]
struct Wait {
    slot: &'static Slot,
    call: u64,
    /// The call of the hub in which it was seen last, and at which tick.
    host_call: u64,
    tick: u64,
    /// Whether that call of the hub is counted as a slow one, and how many slow ones there were.
    is_slow: bool,
    slow: u32,
    /// How long all waits took together, in nanoseconds.
    time: u64,
}

impl Waits {
    /// A tick begins.
    pub fn tick(&mut self, now: u64) {
        self.since_last = now.saturating_sub(self.now);
        self.now = now;
        self.tick += 1;
        self.waits.retain(|wait| wait.slot.has_not_ended(wait.call));
    }

    /// How long a call has waited up to this tick. To be asked once in each tick.
    pub fn of(&mut self, seen: &Seen) -> u64 {
        let (tick, since_last) = (self.tick, self.since_last);
        let is_it = |wait: &&mut Wait| ptr::eq(wait.slot, seen.slot) && wait.call == seen.call;
        let Some(wait) = self.waits.iter_mut().find(is_it) else {
            if seen.is_in_host {
                self.waits.push(Wait {
                    slot: seen.slot,
                    call: seen.call,
                    host_call: seen.host_call,
                    tick,
                    is_slow: false,
                    slow: 0,
                    time: 0,
                });
            }
            return 0;
        };
        if seen.is_in_host {
            if wait.host_call == seen.host_call && wait.tick + 1 == tick {
                wait.slow += u32::from(!wait.is_slow);
                wait.is_slow = true;
                wait.time += if wait.slow <= MOST { since_last } else { 0 };
            } else {
                wait.host_call = seen.host_call;
                wait.is_slow = false;
            }
            wait.tick = tick;
        }
        wait.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::script;
    use crate::slot;
    use vh_host::fake_hub::FakeHub;

    #[test]
    #[cfg_attr(miri, ignore = "a slot has a stack for signals")]
    fn only_what_lasts_from_tick_to_tick_is_a_wait_and_not_for_ever() {
        let slot = slot::of_this_thread();
        let seen = |host_call, is_in_host| Seen {
            slot,
            call: 0,
            started: 0,
            limit: 0,
            entry_point: ptr::null(),
            is_in_host,
            host_call,
        };
        // The slot is idle: `tick` would forget a call that is not running.
        let mut waits = Waits::default();
        let at = |waits: &mut Waits, seen: &Seen| {
            waits.tick += 1;
            waits.since_last = 10;
            waits.of(seen)
        };
        assert_eq!(at(&mut waits, &seen(1, true)), 0);
        assert_eq!(at(&mut waits, &seen(1, true)), 10);
        assert_eq!(at(&mut waits, &seen(1, true)), 20);
        assert_eq!(at(&mut waits, &seen(2, true)), 20);
        assert_eq!(at(&mut waits, &seen(2, false)), 20);
        assert_eq!(at(&mut waits, &seen(2, true)), 20);
        for host_call in 3..100 {
            at(&mut waits, &seen(host_call, true));
            at(&mut waits, &seen(host_call, true));
        }
        assert_eq!(at(&mut waits, &seen(100, true)), 20 + 10 * (u64::from(MOST) - 1));
    }

    #[test]
    #[cfg_attr(miri, ignore = "a slot has a stack for signals")]
    fn a_wait_is_as_long_as_the_ticks_and_forgotten_with_its_call() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        let slot = slot::of_this_thread();
        slot.begin(script.entry_points.hook(0), 5, 0);
        let visit = slot.visit_host();
        let mut waits = Waits::default();
        let mut at = |now| {
            waits.tick(now);
            let waited = slot.look().map(|seen| waits.of(&seen));
            (waited, waits.waits.len())
        };
        assert_eq!(at(100), (Some(0), 1));
        assert_eq!(at(110), (Some(10), 1));
        assert_eq!(at(125), (Some(25), 1));
        drop(visit);
        assert_eq!(at(135), (Some(25), 1));
        // The same call of the hub is not seen at two ticks that follow each other.
        let visit = slot.enter_host();
        assert_eq!(at(145), (Some(25), 1));
        assert_eq!(at(150), (Some(30), 1));
        drop(visit);
        slot.end(None, 0);
        assert_eq!(at(160), (None, 0));
        slot.begin(script.entry_points.hook(0), 5, 0);
        assert_eq!(at(170), (Some(0), 0), "a call that does not wait is not kept");
        slot.end(None, 0);
    }
}
