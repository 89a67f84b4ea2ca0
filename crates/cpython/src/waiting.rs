//! The functions with which scripts wait: for locks, queues, threads and files, and `time.sleep`. On the
//! hub's thread they wait in slices (`slices`), so that a deadline can end the wait. On all other threads
//! CPython's own functions run unchanged.
//!
//! Arguments that we do not understand are passed on to CPython's function, which refuses them.

use std::ffi::{CStr, c_void};
use std::time::Duration;

use pyo3_ffi as ffi;

use super::interpreter::detached;
use super::object::{Attached, Obj, Raised};
use super::report;
use super::slices::{self, Wait};
use super::stand_in::{Body, Convention, Incoming, Original};
use super::trampoline::stand_in;
use vh_guard::slot::{self, Slot};

/// The ways to wait, each with the signature of its functions.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// `acquire(blocking=True, timeout=-1)`.
    Lock,
    /// `__enter__()`, which calls the `acquire` of that row.
    Enter(usize),
    /// `_acquire_restore((count, owner))` of a lock that its owner takes again, which calls the `acquire` of
    /// that row.
    Restore(usize),
    /// `get(block=True, timeout=None)`.
    Queue,
    /// `join(timeout=None)`.
    Join,
    /// `poll(timeout=None, maxevents=-1)` in seconds.
    Epoll,
    /// `poll(timeout=None, /)` in milliseconds.
    Poll,
    /// `select(rlist, wlist, xlist, timeout=None, /)`.
    Select,
    /// `sleep(seconds)`.
    Sleep,
}

/// A function of CPython: the object in `OBJECTS` and the attribute by which it is found.
struct Row {
    object: &'static CStr,
    name: &'static CStr,
    kind: Kind,
}

const LOCK: usize = 0;
const RLOCK: usize = 1;

const ROWS: [Row; 12] = [
    Row { object: c"lock", name: c"acquire", kind: Kind::Lock },
    Row { object: c"rlock", name: c"acquire", kind: Kind::Lock },
    Row { object: c"lock", name: c"acquire_lock", kind: Kind::Lock },
    Row { object: c"lock", name: c"__enter__", kind: Kind::Enter(LOCK) },
    Row { object: c"rlock", name: c"__enter__", kind: Kind::Enter(RLOCK) },
    Row { object: c"rlock", name: c"_acquire_restore", kind: Kind::Restore(RLOCK) },
    Row { object: c"queue", name: c"get", kind: Kind::Queue },
    Row { object: c"thread", name: c"join", kind: Kind::Join },
    Row { object: c"epoll", name: c"poll", kind: Kind::Epoll },
    Row { object: c"poll", name: c"poll", kind: Kind::Poll },
    Row { object: c"select", name: c"select", kind: Kind::Select },
    Row { object: c"time", name: c"sleep", kind: Kind::Sleep },
];

static ORIGINALS: [Original; ROWS.len()] = [const { Original::unknown() }; ROWS.len()];

const ENTRIES: [fn(Convention) -> *mut c_void; ROWS.len()] = [
    stand_in::<Waiting, 0>,
    stand_in::<Waiting, 1>,
    stand_in::<Waiting, 2>,
    stand_in::<Waiting, 3>,
    stand_in::<Waiting, 4>,
    stand_in::<Waiting, 5>,
    stand_in::<Waiting, 6>,
    stand_in::<Waiting, 7>,
    stand_in::<Waiting, 8>,
    stand_in::<Waiting, 9>,
    stand_in::<Waiting, 10>,
    stand_in::<Waiting, 11>,
];

/// Python code that makes an object for each row, or None if this Python has no such thing.
const OBJECTS: &CStr = c"
import _thread, time
lock, rlock = _thread.allocate_lock(), _thread.RLock()
thread = _thread._ThreadHandle() if hasattr(_thread, '_ThreadHandle') else None
try:
    import _queue
    queue = _queue.SimpleQueue()
except ImportError:
    queue = None
try:
    import select
    poll, epoll = select.poll(), select.epoll()
    epoll.close()
except (ImportError, AttributeError):
    select = poll = epoll = None
";

/// Takes the place of CPython's functions. To be called in the main interpreter, before there are others.
pub fn take_place(attached: Attached<'_>) {
    let objects = match attached.run(OBJECTS) {
        Ok(objects) => objects,
        Err(raised) => return report::log(attached, raised, "", "looking for functions that wait"),
    };
    for (index, row) in ROWS.iter().enumerate() {
        let Some(object) = objects.dict_item(row.object).filter(|object| !object.is_none()) else {
            continue;
        };
        let is_done = match object.attribute(row.name) {
            Ok(function) => ORIGINALS[index].replace(&function, ENTRIES[index]),
            Err(raised) => {
                attached.clear(raised);
                continue;
            }
        };
        if !is_done {
            let (object, name) = (row.object.to_string_lossy(), row.name.to_string_lossy());
            tracing::warn!(
                "deadlines do not end waits in {object}.{name}() with this build of Python"
            );
        }
    }
}

/// The body of the functions that take their place.
pub struct Waiting;

impl Body for Waiting {
    #[inline]
    fn run<'a>(attached: Attached<'a>, row: usize, incoming: &Incoming) -> Result<Obj<'a>, Raised> {
        let original = &ORIGINALS[row];
        let Some(slot) = slot::in_script() else { return original.pass_on(attached, incoming) };
        let call = Waits { attached, original, incoming, slot };
        match ROWS[row].kind {
            Kind::Lock => call.lock(),
            Kind::Enter(acquire) => call.by(acquire).take(None, None),
            Kind::Restore(acquire) => call.restore(acquire),
            Kind::Queue => call.queue(),
            Kind::Join => call.join(),
            Kind::Epoll => call.epoll(),
            Kind::Poll => call.poll(),
            Kind::Select => call.select(),
            Kind::Sleep => call.sleep(),
        }
    }
}

/// A call that may wait, on the hub's thread.
#[derive(Clone, Copy)]
struct Waits<'w, 'a> {
    attached: Attached<'a>,
    original: &'static Original,
    incoming: &'w Incoming,
    slot: &'static Slot,
}

/// How long a script wants to wait; None means for ever.
type Limit = Option<Duration>;

impl<'a> Waits<'_, 'a> {
    fn by(self, row: usize) -> Self {
        Waits { original: &ORIGINALS[row], ..self }
    }

    fn pass_on(self) -> Result<Obj<'a>, Raised> {
        self.original.pass_on(self.attached, self.incoming)
    }

    /// Calls the original again and again, each time for one slice, given in units of `1 / scale` seconds,
    /// until it gets what the script waits for, or the time is over.
    fn in_slices(
        self,
        limit: Limit,
        scale: f64,
        mut arguments: impl FnMut(Obj<'a>) -> Vec<Obj<'a>>,
        is_answer: impl Fn(&Result<Obj<'a>, Raised>) -> bool,
    ) -> Result<Obj<'a>, Raised> {
        let mut wait = Wait::begin(self.slot, limit);
        loop {
            let slice = wait.next(self.attached)?.as_secs_f64() * scale;
            let arguments = arguments(self.attached.float(slice)?);
            let result = self.original.call(self.attached, self.incoming, &arguments);
            if is_answer(&result) || wait.is_over() {
                return result;
            }
            if let Err(raised) = result {
                self.attached.clear(raised);
            }
        }
    }

    fn lock(self) -> Result<Obj<'a>, Raised> {
        if self.incoming.is_empty() {
            return self.take(None, None);
        }
        let Some([blocking, timeout]) =
            self.incoming.read(self.attached, [c"blocking", c"timeout"])
        else {
            return self.pass_on();
        };
        if blocking.as_ref().is_some_and(|blocking| !blocking.is_true()) {
            return self.pass_on();
        }
        match timeout.as_ref().map_or(Some(None), lock_limit) {
            Some(limit) => self.take(blocking, limit),
            None => self.pass_on(),
        }
    }

    /// Waits for the lock.
    fn take(self, blocking: Option<Obj<'a>>, limit: Limit) -> Result<Obj<'a>, Raised> {
        if blocking.is_none() {
            let taken =
                self.original.call(self.attached, self.incoming, &[self.attached.bool(false)])?;
            if taken.is_true() {
                return Ok(taken);
            }
        }
        let blocking = blocking.unwrap_or_else(|| self.attached.bool(true));
        let arguments = |slice| vec![blocking.clone(), slice];
        // Anything but False ends the wait, errors too.
        let is_answer = |taken: &Result<Obj, Raised>| taken.as_ref().map_or(true, Obj::is_true);
        self.in_slices(limit, 1.0, arguments, is_answer)
    }

    fn restore(self, acquire: usize) -> Result<Obj<'a>, Raised> {
        let state = self.incoming.read(self.attached, [c"state"]);
        let state = state.and_then(|[state]| state).map(|state| state.items()).unwrap_or_default();
        let count = match &state[..] {
            [count, owner] if is_this_thread(owner) => count.as_i64().filter(|count| *count > 0),
            _ => None,
        };
        let Some(count) = count else { return self.pass_on() };
        for _ in 0..count {
            self.by(acquire).take(None, None)?;
        }
        Ok(self.attached.none())
    }

    fn queue(self) -> Result<Obj<'a>, Raised> {
        let Some([block, timeout]) = self.incoming.read(self.attached, [c"block", c"timeout"])
        else {
            return self.pass_on();
        };
        let block = block.unwrap_or_else(|| self.attached.bool(true));
        let limit = limit(timeout.as_ref(), 1.0).filter(|_| block.is_true());
        let Some(limit) = limit else { return self.pass_on() };
        let is_answer = |got: &Result<Obj, Raised>| got.is_ok() || !is_empty_queue(self.attached);
        self.in_slices(limit, 1.0, |slice| vec![block.clone(), slice], is_answer)
    }

    fn join(self) -> Result<Obj<'a>, Raised> {
        let timeout = self.incoming.read(self.attached, [c"timeout"]);
        let Some([timeout]) = timeout else { return self.pass_on() };
        let Some(limit) = endless_if_negative(timeout.as_ref(), 1.0) else { return self.pass_on() };
        // SAFETY: attached; the object is alive during the call.
        let thread = unsafe { self.attached.borrow(self.incoming.own) };
        let is_done = || match thread.as_ref()?.call_method(c"is_done", &[]) {
            Ok(done) => Some(done.is_true()),
            Err(raised) => {
                self.attached.clear(raised);
                None
            }
        };
        let is_answer = |joined: &Result<Obj, Raised>| joined.is_err() || is_done().unwrap_or(true);
        self.in_slices(limit, 1.0, |slice| vec![slice], is_answer)
    }

    fn epoll(self) -> Result<Obj<'a>, Raised> {
        let given = self.incoming.read(self.attached, [c"timeout", c"maxevents"]);
        let Some([timeout, most]) = given else { return self.pass_on() };
        let Some(limit) = endless_if_negative(timeout.as_ref(), 1.0) else { return self.pass_on() };
        let most = most.map_or_else(|| self.attached.int(-1), Ok)?;
        self.in_slices(limit, 1.0, |slice| vec![slice, most.clone()], has_events)
    }

    fn poll(self) -> Result<Obj<'a>, Raised> {
        let Some([timeout]) = self.incoming.read(self.attached, [c"timeout"]) else {
            return self.pass_on();
        };
        let Some(limit) = endless_if_negative(timeout.as_ref(), 1e3) else { return self.pass_on() };
        self.in_slices(limit, 1e3, |slice| vec![slice], has_events)
    }

    fn select(self) -> Result<Obj<'a>, Raised> {
        let names = [c"rlist", c"wlist", c"xlist", c"timeout"];
        let given = self.incoming.read(self.attached, names);
        let Some([Some(read), Some(write), Some(other), timeout]) = given else {
            return self.pass_on();
        };
        let Some(limit) = limit(timeout.as_ref(), 1.0) else { return self.pass_on() };
        let mut files = Vec::new();
        for given in [read, write, other] {
            match lasting(given) {
                Some(list) => files.push(list),
                None => return self.pass_on(),
            }
        }
        let arguments = |slice| [files.clone(), vec![slice]].concat();
        let is_answer = |ready: &Result<Obj, Raised>| match ready {
            Ok(lists) => lists.items().iter().any(|list| list.item(0).is_some()),
            Err(Raised) => true,
        };
        self.in_slices(limit, 1.0, arguments, is_answer)
    }

    fn sleep(self) -> Result<Obj<'a>, Raised> {
        let given = self.incoming.read(self.attached, [c"seconds"]).and_then(|[given]| given);
        let Some(seconds) = given.filter(|given| !given.is_none()) else { return self.pass_on() };
        let limit = limit(Some(&seconds), 1.0).flatten();
        let Some(limit) = limit.filter(|limit| *limit > slices::LONGEST) else {
            return self.pass_on();
        };
        audit_sleep(&seconds)?;
        let mut wait = Wait::begin(self.slot, Some(limit));
        while !wait.is_over() {
            let slice = wait.next(self.attached)?;
            detached(self.attached, || std::thread::sleep(slice));
        }
        Ok(self.attached.none())
    }
}

/// The limit that an argument gives in units of `1 / scale` seconds. None when it means not to wait at all,
/// or is no time: then CPython's function knows what to do.
fn limit(given: Option<&Obj>, scale: f64) -> Option<Limit> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Some(None) };
    let limit = Duration::try_from_secs_f64(number(given)? / scale).ok()?;
    (!limit.is_zero() && limit <= LONGEST_LIMIT).then_some(Some(limit))
}

/// CPython raises an error for longer times.
const LONGEST_LIMIT: Duration = Duration::from_secs(9_000_000_000);

fn endless_if_negative(given: Option<&Obj>, scale: f64) -> Option<Limit> {
    match given.and_then(number) {
        Some(number) if number < 0.0 => Some(None),
        _ => limit(given, scale),
    }
}

/// The limit for a lock: -1 means for ever, and None is no time.
fn lock_limit(given: &Obj) -> Option<Limit> {
    if number(given)? == -1.0 { Some(None) } else { limit(Some(given), 1.0) }
}

/// The value of an object that CPython takes for a time.
fn number(given: &Obj) -> Option<f64> {
    // SAFETY: attached; an exception is forgotten at once.
    unsafe {
        if !given.is_float() && ffi::PyIndex_Check(given.as_ptr()) == 0 {
            return None;
        }
        let number = ffi::PyFloat_AsDouble(given.as_ptr());
        if !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Some(number)
    }
}

fn is_this_thread(number: &Obj) -> bool {
    // SAFETY: always allowed. Python identifies threads by the same number.
    number.as_u64() == Some(unsafe { libc::pthread_self() })
}

/// Whether the exception that is set says that a queue is empty. Each interpreter has its own class for that,
/// so it is recognised by its name; `get` raises no other of that name.
fn is_empty_queue(_: Attached<'_>) -> bool {
    // SAFETY: attached; a class or NULL, whose name is a C string.
    unsafe {
        let class = ffi::PyErr_Occurred();
        if class.is_null() {
            return false;
        }
        let name = CStr::from_ptr((*class.cast::<ffi::PyTypeObject>()).tp_name);
        name == c"Empty" || name == c"_queue.Empty"
    }
}

fn has_events(found: &Result<Obj, Raised>) -> bool {
    found.as_ref().map_or(true, |events| events.item(0).is_some())
}

/// A list of the files to wait for, which can be used for each slice, while an iterator would be used up.
/// None when no list can be made of it.
fn lasting(given: Obj<'_>) -> Option<Obj<'_>> {
    if given.is_list() || given.is_tuple() {
        return Some(given);
    }
    let attached = given.attached();
    // SAFETY: attached; a new reference or NULL.
    let list = unsafe { attached.take(ffi::PySequence_List(given.as_ptr())) };
    list.map_err(|raised| attached.clear(raised)).ok()
}

/// Calls audit hooks, as CPython does from 3.13 on.
#[cfg(Py_3_13)]
fn audit_sleep(seconds: &Obj) -> Result<(), Raised> {
    unsafe extern "C" {
        fn PySys_Audit(
            event: *const std::ffi::c_char,
            format: *const std::ffi::c_char,
            ...
        ) -> std::ffi::c_int;
    }
    // SAFETY: attached; the format tells of one object.
    let refused = unsafe { PySys_Audit(c"time.sleep".as_ptr(), c"O".as_ptr(), seconds.as_ptr()) };
    if refused < 0 { Err(Raised) } else { Ok(()) }
}

#[cfg(not(Py_3_13))]
fn audit_sleep(_: &Obj) -> Result<(), Raised> {
    Ok(())
}
