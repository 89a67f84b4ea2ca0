//! Calls of threads that wait, are answered, refused and given up.

use std::sync::atomic::AtomicU64;
use std::thread::{self, JoinHandle};

use super::*;
use crate::fake_hub::FakeHub;
use crate::hub;
use crate::targs::{Block, Item};
use vh_core::callbacks::{CALLBACKS, GET_USER_CLASS};
use vh_testing::{told, with_variable};

const TIMEOUT: &str = "VH_PYTHON_CALL_TIMEOUT";

/// The serials of the scripts whose jobs were run, in digits.
static JOBS: AtomicU64 = AtomicU64::new(0);

fn run_jobs(serial: u64) {
    assert!(serial < 10, "it fails");
    JOBS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |jobs| Some(jobs * 10 + serial))
        .unwrap();
}

/// An open queue, for one test at a time.
fn opened() -> FakeHub {
    let hub = FakeHub::newest();
    close();
    JOBS.store(0, Ordering::Relaxed);
    open(run_jobs);
    hub
}

type Outcome = Result<Option<Answer>, Error>;

/// A call of a script on a thread of its own, which waits for the host when this returns.
fn waiting(
    serial: u64,
    work: impl FnOnce() -> Option<Answer> + Send + 'static,
) -> JoinHandle<Outcome> {
    let before = QUEUE.lock().len();
    let thread = thread::spawn(move || call(serial, || false, work));
    while QUEUE.lock().len() == before && !thread.is_finished() {
        thread::yield_now();
    }
    thread
}

fn code_of(outcome: Outcome) -> Option<Code> {
    outcome.err().map(|error| error.code())
}

#[test]
fn the_default_is_what_the_documents_tell() {
    assert_eq!(WAIT.as_secs_f64(), vh_testing::documented(TIMEOUT));
}

#[test]
#[cfg_attr(miri, ignore = "it runs no C++")]
fn a_call_is_made_on_the_thread_of_the_host() {
    let hub = opened();
    hub.answer(11, |_| Block::int(10));
    let here = thread::current().id();
    let first = waiting(1, move || {
        assert_eq!(thread::current().id(), here);
        hub::call(&CALLBACKS[GET_USER_CLASS], 3, Block::texts(&[b"nick"])?)
    });
    let second = waiting(2, || None);
    assert!(is_pending());
    serve();
    assert!(!is_pending());
    let answer = first.join().unwrap().unwrap().unwrap();
    assert!(matches!(answer.view().unwrap().unwrap().item(0), Item::Int(10)));
    assert!(second.join().unwrap().unwrap().is_none(), "the hub does not offer that");
    assert_eq!(hub.calls(), ["11 by 3: \"nick\""]);
}

#[test]
fn jobs_are_run_once_for_each_request_and_in_its_turn() {
    let _hub = opened();
    for serial in [1, 2, 1] {
        post_jobs(serial).unwrap();
    }
    assert!(is_pending());
    serve();
    assert_eq!(JOBS.load(Ordering::Relaxed), 121);
    assert!(!is_pending());
    serve();
    assert_eq!(JOBS.load(Ordering::Relaxed), 121);
}

#[test]
fn a_fault_in_one_request_leaves_the_others() {
    let _hub = opened();
    vh_core::panics::install_hook();
    let fails = waiting(1, || panic!("it fails"));
    post_jobs(10).unwrap();
    post_jobs(2).unwrap();
    let ((), told) = told(serve);
    assert_eq!(code_of(fails.join().unwrap()), Some(Code::Internal));
    assert!(told.contains("a call of a thread") && told.contains("the jobs of a script"), "{told}");
    assert_eq!(JOBS.load(Ordering::Relaxed), 2);
}

#[test]
fn without_a_host_nothing_waits() {
    let _hub = opened();
    let first = waiting(1, || None);
    let second = waiting(2, || None);
    close();
    assert!(!is_pending());
    for thread in [first, second] {
        assert_eq!(code_of(thread.join().unwrap()), Some(Code::Unavailable));
    }
    assert_eq!(code_of(call(1, || false, || None)), Some(Code::Unavailable));
    assert_eq!(post_jobs(1).unwrap_err().code(), Code::Unavailable);
    assert!(!is_pending());
}

#[test]
fn only_the_calls_of_a_script_that_goes_are_refused() {
    let _hub = opened();
    let (stays, goes) = (waiting(1, || None), waiting(2, || None));
    post_jobs(2).unwrap();
    post_jobs(1).unwrap();
    close_script(2);
    assert_eq!(code_of(goes.join().unwrap()), Some(Code::Closed));
    assert!(is_pending());
    serve();
    assert_eq!(code_of(stays.join().unwrap()), None);
    assert_eq!(JOBS.load(Ordering::Relaxed), 1);
    assert_eq!(code_of(call(2, || true, || None)), Some(Code::Closed));
    assert!(!is_pending(), "it was not queued");
}

#[test]
fn so_many_requests_may_wait_and_no_more() {
    let _hub = opened();
    for _ in 0..MAX_WAITING {
        post_jobs(0).unwrap();
    }
    assert_eq!(post_jobs(1).unwrap_err().code(), Code::Busy);
    assert_eq!(code_of(call(1, || false, || None)), Some(Code::Busy));
    serve();
    assert_eq!(JOBS.load(Ordering::Relaxed), 0);
    post_jobs(1).unwrap();
    close();
}

#[test]
fn who_waits_too_long_gives_up_and_the_call_is_not_made() {
    let _hub = opened();
    let outcome = with_variable(TIMEOUT, "0.01", || {
        call(1, || false, || panic!("nobody waits for it any more"))
    });
    assert_eq!(code_of(outcome), Some(Code::Timeout));
    let ((), told) = told(serve);
    assert_eq!(told, "");
}

#[test]
fn a_script_that_goes_meanwhile_waits_no_longer() {
    let _hub = opened();
    let looks = AtomicU64::new(0);
    let is_leaving = || looks.fetch_add(1, Ordering::Relaxed) > 0;
    assert_eq!(code_of(call(1, is_leaving, || None)), Some(Code::Closed));
    close();
}

#[test]
fn a_call_that_was_begun_is_waited_for_however_long_it_takes() {
    let reply = Reply::default();
    assert!(reply.begin());
    thread::scope(|scope| {
        // Its deadline is over, and its script goes.
        let waits = scope.spawn(|| reply.wait(Instant::now(), || true));
        thread::sleep(Duration::from_millis(20));
        assert!(!waits.is_finished());
        reply.answer(Ok(None));
        assert_eq!(code_of(waits.join().unwrap()), None);
    });
    assert!(!reply.begin(), "it is over");
}
