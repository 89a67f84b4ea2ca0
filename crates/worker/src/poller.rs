//! The thread that waits for all children: for their answers while no call waits for one, for what they
//! print, for room in their input, and for their ends.

use std::fmt::Debug;
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;
use vh_core::panics::point;
use vh_core::spawn;

/// What is waited for at one child.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum Of {
    /// An answer or an event.
    Output = 0,
    /// What it prints.
    Errors = 1,
    /// Room in its input.
    Input = 2,
    /// Its end.
    End = 3,
}

const KINDS: [Of; 4] = [Of::Output, Of::Errors, Of::Input, Of::End];

static EPOLL: OnceLock<OwnedFd> = OnceLock::new();

fn epoll() -> std::io::Result<&'static OwnedFd> {
    static STARTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = STARTING.lock();
    if let Some(epoll) = EPOLL.get() {
        return Ok(epoll);
    }
    let created = epoll::create(CreateFlags::CLOEXEC)?;
    spawn::lasting(point!("python-workers"), || true, run)?;
    Ok(EPOLL.get_or_init(|| created))
}

fn data(number: u32, of: Of) -> EventData {
    EventData::new_u64(u64::from(number) << 2 | of as u64)
}

fn flags(of: Of) -> EventFlags {
    // Answers are read by a call while one waits, and room is waited for only when something is to be sent:
    // both are asked for anew each time.
    match of {
        Of::Output => EventFlags::IN | EventFlags::ONESHOT,
        Of::Input => EventFlags::OUT | EventFlags::ONESHOT,
        Of::Errors | Of::End => EventFlags::IN,
    }
}

/// Begins to wait for something at a child.
pub fn add(number: u32, of: Of, file: impl AsFd) -> std::io::Result<()> {
    let flags = match of {
        Of::Input => EventFlags::empty(),
        _ => flags(of),
    };
    Ok(epoll::add(epoll()?, file, data(number, of), flags)?)
}

/// Waits for it again.
pub fn again(number: u32, of: Of, file: impl AsFd) {
    if let Some(epoll) = EPOLL.get() {
        // A file that was added stays until it is closed, so this cannot fail.
        let _ = epoll::modify(epoll, file, data(number, of), flags(of));
    }
}

/// Does not wait for it until [`again`].
pub fn not_now(number: u32, of: Of, file: impl AsFd) {
    if let Some(epoll) = EPOLL.get() {
        let _ = epoll::modify(epoll, file, data(number, of), EventFlags::empty());
    }
}

/// Gives up waiting for it.
pub fn remove(file: impl AsFd) {
    if let Some(epoll) = EPOLL.get() {
        let _ = epoll::delete(epoll, file);
    }
}

/// Whatever has a child.
pub trait Watched: Debug + Send + Sync {
    /// Does what is to be done when something is ready.
    fn look_at(&self, of: Of);

    /// Whether something is to be done soon, by [`Watched::do_what_is_due`].
    fn has_something_due(&self) -> bool;

    /// Does what is due by now.
    fn do_what_is_due(&self, now: Instant);
}

/// Whom the thread tells, by their numbers.
static WATCHED: Mutex<Vec<(u32, Arc<dyn Watched>)>> = Mutex::new(Vec::new());

/// Tells somebody from now on of what is ready under his number.
pub fn watch(number: u32, who: Arc<dyn Watched>) {
    WATCHED.lock().push((number, who));
}

/// Tells him nothing any more.
pub fn forget(number: u32) {
    WATCHED.lock().retain(|watched| watched.0 != number);
}

fn watched() -> Vec<(u32, Arc<dyn Watched>)> {
    WATCHED.lock().clone()
}

/// How often it is looked what is due.
const LOOK: Duration = Duration::from_millis(100);

fn run() {
    // `epoll` sets it as soon as this thread is started.
    let epoll = loop {
        match EPOLL.get() {
            Some(epoll) => break epoll,
            None => std::thread::yield_now(),
        }
    };
    let mut events = Vec::with_capacity(64);
    loop {
        let is_somebody_to_look_at = watched().iter().any(|(_, who)| who.has_something_due());
        let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK.as_nanos() as i64 };
        let timeout = is_somebody_to_look_at.then_some(&timeout);
        if epoll::wait(epoll, spare_capacity(&mut events), timeout).is_err() {
            // A signal came.
            continue;
        }
        for event in events.drain(..) {
            let number = (event.data.u64() >> 2) as u32;
            let of = KINDS[(event.data.u64() & 3) as usize];
            if let Some((_, who)) = watched().into_iter().find(|watched| watched.0 == number) {
                who.look_at(of);
            }
        }
        for (_, who) in watched() {
            who.do_what_is_due(Instant::now());
        }
    }
}
