//! Hands the records of the log to the host's sink, on a thread of its own.
//!
//! A thread that logs may have an interpreter attached, or be the watchdog. If it called the host, it could
//! wait for a lock of the host's whose owner waits for that very interpreter. So records are queued. The
//! queue is a leaf lock, which is not held while the sink runs.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::{Record, Sink};
use crate::panics::{self, point, strike};
use crate::spawn;

/// How many records may wait for the sink. When there are more, the oldest are dropped.
pub(super) const MAX_RECORDS: usize = 4096;
pub(super) const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Records on their way to the sink.
struct Queue {
    sink: Option<Arc<dyn Sink>>,
    records: VecDeque<Record>,
    bytes: usize,
    /// How many were dropped since that was last logged.
    dropped: u64,
    /// How many were ever queued, and how many of those were delivered or dropped.
    queued: u64,
    done: u64,
    /// Whether the sink is running.
    is_running: bool,
    /// Whether it has been logged that this sink throws.
    told_of_throwing: bool,
    has_thread: bool,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue {
    sink: None,
    records: VecDeque::new(),
    bytes: 0,
    dropped: 0,
    queued: 0,
    done: 0,
    is_running: false,
    told_of_throwing: false,
    has_thread: false,
});
/// Signalled when something was queued, or the sink was taken away.
static WORK: Condvar = Condvar::new();
/// Signalled when something was delivered.
static DELIVERED: Condvar = Condvar::new();

thread_local! {
    /// Whether this is the thread that calls the sink.
    static IS_OWN: Cell<bool> = const { Cell::new(false) };
}

/// Queues a record for the sink. Gives it back when there is no sink, and when the sink itself caused the
/// record, for that would never end.
pub fn post(record: Record) -> Result<(), Record> {
    if IS_OWN.get() {
        return Err(record);
    }
    let mut queue = QUEUE.lock();
    if queue.sink.is_none() {
        return Err(record);
    }
    queue.bytes += record.message.len();
    queue.queued += 1;
    queue.records.push_back(record);
    while queue.records.len() > MAX_RECORDS || (queue.bytes > MAX_BYTES && queue.records.len() > 1)
    {
        queue.take();
        queue.dropped += 1;
        queue.done += 1;
    }
    drop(queue);
    WORK.notify_one();
    Ok(())
}

impl Queue {
    fn take(&mut self) -> Option<Record> {
        let record = self.records.pop_front()?;
        self.bytes -= record.message.len();
        Some(record)
    }
}

/// Sets the sink. Records that were queued before go to the previous sink, which is not called any more when
/// this returns; unless that sink itself calls this.
pub fn set_sink(sink: Option<Arc<dyn Sink>>) {
    if !IS_OWN.get() {
        flush();
    }
    let has_sink = sink.is_some();
    let mut queue = QUEUE.lock();
    let before = std::mem::replace(&mut queue.sink, sink);
    queue.told_of_throwing = false;
    if has_sink && !queue.has_thread {
        let started = spawn::lasting(point!("python-log"), || true, run);
        if let Err(error) = started {
            queue.sink = None;
            drop(queue);
            return tracing::error!("no thread to call the log sink, records are printed: {error}");
        }
        queue.has_thread = true;
    }
    // Nobody else would print them.
    let left = if !has_sink { std::mem::take(&mut queue.records) } else { VecDeque::new() };
    if !has_sink {
        queue.bytes = 0;
        // The record that the sink is taking, if any, is counted when it has done so.
        queue.done += left.len() as u64;
        WORK.notify_one();
    }
    while queue.is_running && !IS_OWN.get() {
        DELIVERED.wait(&mut queue);
    }
    drop(queue);
    drop(before);
    left.iter().for_each(Record::print);
}

/// Waits until everything that was queued so far has been delivered.
pub fn flush() {
    if IS_OWN.get() {
        return;
    }
    let mut queue = QUEUE.lock();
    let wanted = queue.queued;
    while queue.has_thread && queue.sink.is_some() && queue.done < wanted {
        DELIVERED.wait(&mut queue);
    }
}

/// The thread's work. It ends when there is no sink any more.
fn run() {
    IS_OWN.set(true);
    let mut queue = QUEUE.lock();
    while let Some(sink) = queue.sink.clone() {
        let dropped = std::mem::take(&mut queue.dropped);
        let record = if dropped > 0 { Some(Record::of_dropped(dropped)) } else { queue.take() };
        let Some(record) = record else {
            WORK.wait(&mut queue);
            continue;
        };
        queue.is_running = true;
        let told = queue.told_of_throwing;
        drop(queue);
        let delivering = Delivering { is_queued: dropped == 0 };
        let thrown = hand_over(&*sink, &record, told);
        strike!("python-log, between two records");
        drop(delivering);
        queue = QUEUE.lock();
        queue.told_of_throwing |= thrown;
    }
    queue.has_thread = false;
    DELIVERED.notify_all();
}

/// A record that the sink is taking. When this is dropped, whoever waits for it is told, also when the thread
/// dies.
struct Delivering {
    is_queued: bool,
}

impl Drop for Delivering {
    fn drop(&mut self) {
        let mut queue = QUEUE.lock();
        queue.is_running = false;
        queue.done += u64::from(self.is_queued);
        DELIVERED.notify_all();
    }
}

/// Calls the sink, and prints a record that it does not take. True when it threw an exception.
fn hand_over(sink: &dyn Sink, record: &Record, told: bool) -> bool {
    let taken = panics::catch(point!("handing a record of the log over"), || {
        sink.take(record.level, record.script_id(), &record.message)
    });
    let thrown = match taken {
        Ok(Ok(())) => return false,
        Ok(Err(thrown)) => thrown,
        Err(caught) => {
            caught.tell("the record is printed");
            record.print();
            return false;
        }
    };
    if !told {
        tracing::error!(
            "the log sink of the host threw a C++ exception ({thrown}); records at which it does so are \
             printed"
        );
    }
    record.print();
    true
}

/// How many records wait for the sink.
#[cfg(test)]
pub fn waiting() -> usize {
    QUEUE.lock().records.len()
}
