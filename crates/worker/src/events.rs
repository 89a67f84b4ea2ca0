//! What back ends tell their host without being asked. One thread calls the host's handlers, one event after
//! the other, in the order in which each back end sent them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex};
use vh_core::panics::point;
use vh_core::spawn;

/// What is called for an event, with its name and its value as JSON text.
pub type Handler = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// How much may wait for slow handlers, in bytes; more drops the oldest.
const LONGEST_QUEUE: usize = 64 << 20;

/// The handlers of one back end.
#[derive(Default)]
pub struct Events {
    handlers: Mutex<Vec<(u64, String, Handler)>>,
}

impl fmt::Debug for Events {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let names: Vec<_> = self.handlers.lock().iter().map(|handler| handler.1.clone()).collect();
        formatter.debug_tuple("Events").field(&names).finish()
    }
}

/// An event and who hears of it.
struct Event {
    name: String,
    value: String,
    handlers: Vec<Handler>,
}

impl Event {
    fn length(&self) -> usize {
        self.name.len() + self.value.len()
    }
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    length: usize,
    dropped: u64,
    has_thread: bool,
}

static QUEUE: Mutex<Queue> =
    Mutex::new(Queue { events: VecDeque::new(), length: 0, dropped: 0, has_thread: false });
static HAS_EVENTS: Condvar = Condvar::new();

impl Events {
    /// Calls `handler` for each event of this name, and returns a number to take it back with.
    pub fn on(&self, name: &str, handler: Handler) -> u64 {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        self.handlers.lock().push((number, name.to_owned(), handler));
        number
    }

    /// Takes a handler back. False if there is none of this number. Events that wait already may still
    /// reach it.
    pub fn off(&self, number: u64) -> bool {
        // A handler may have a destructor of the host, which must not run under the lock.
        let removed = {
            let mut handlers = self.handlers.lock();
            let place = handlers.iter().position(|handler| handler.0 == number);
            place.map(|place| handlers.remove(place))
        };
        removed.is_some()
    }

    /// Takes all handlers back: there will be no events any more.
    pub fn clear(&self) {
        // Dropped without the lock, for the same reason.
        let all = std::mem::take(&mut *self.handlers.lock());
        drop(all);
    }

    /// Takes an event of the back end.
    pub fn give(&self, name: String, value: String) {
        let handlers: Vec<Handler> = {
            let all = self.handlers.lock();
            all.iter()
                .filter(|handler| handler.1 == name)
                .map(|handler| handler.2.clone())
                .collect()
        };
        if !handlers.is_empty() {
            queue(Event { name, value, handlers });
        }
    }
}

fn queue(event: Event) {
    let mut dropped = Vec::new();
    let mut queue = QUEUE.lock();
    queue.length += event.length();
    queue.events.push_back(event);
    while queue.length > LONGEST_QUEUE && queue.events.len() > 1 {
        let Some(oldest) = queue.events.pop_front() else { break };
        queue.length -= oldest.length();
        queue.dropped += 1;
        dropped.push(oldest);
    }
    if !queue.has_thread {
        match spawn::lasting(point!("python-events"), || true, run) {
            Ok(_) => queue.has_thread = true,
            Err(error) => tracing::error!("no thread for events of back ends, they wait: {error}"),
        }
    }
    drop(queue);
    HAS_EVENTS.notify_one();
}

fn run() {
    loop {
        let (event, dropped) = next();
        if dropped > 0 {
            tracing::warn!(
                "{dropped} events of back ends were dropped: their handlers are slower than they come"
            );
        }
        for handler in &event.handlers {
            handler(&event.name, &event.value);
        }
    }
}

fn next() -> (Event, u64) {
    let mut queue = QUEUE.lock();
    loop {
        if let Some(event) = queue.events.pop_front() {
            queue.length -= event.length();
            return (event, std::mem::take(&mut queue.dropped));
        }
        HAS_EVENTS.wait(&mut queue);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn handlers_hear_events_of_their_name_in_order_until_they_are_taken_back() {
        let events = Events::default();
        let (sender, got) = mpsc::channel();
        let number = events.on(
            "tick",
            Arc::new(move |name, value| sender.send(format!("{name} {value}")).unwrap()),
        );
        for value in 0..100 {
            events.give("tick".to_owned(), value.to_string());
            events.give("other".to_owned(), value.to_string());
        }
        for value in 0..100 {
            assert_eq!(got.recv_timeout(Duration::from_secs(60)).unwrap(), format!("tick {value}"));
        }
        assert!(events.off(number) && !events.off(number));
        events.give("tick".to_owned(), "0".to_owned());
        assert!(got.recv_timeout(Duration::from_secs(60)).is_err());
    }

    #[test]
    fn a_handler_that_panics_is_not_the_last_one_called() {
        let events = Events::default();
        let (sender, got) = mpsc::channel();
        events.on(
            "tick",
            Arc::new(move |_, value| {
                sender.send(value.to_owned()).unwrap();
                assert_ne!(value, "1", "on purpose");
            }),
        );
        for value in 0..3 {
            events.give("tick".to_owned(), value.to_string());
            let heard = got.recv_timeout(Duration::from_secs(60)).unwrap();
            assert_eq!(heard, value.to_string());
        }
    }
}
