//! What a child says is read, and given to whom it belongs.

use std::sync::atomic::{Ordering, fence};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use vh_core::error::{Code, Error};

use super::{Backend, Errors, Output};
use crate::frames::Frame;
use crate::input::Rest;
use crate::lines;
use crate::message::{self, Message, Request};
use crate::poller::{self, Of, Watched};
use crate::waiter::Waiter;

/// How much is read at once before others get a turn.
const PIECES: usize = 16;

/// Passes the reading on when it is dropped.
struct Reading<'a>(&'a Backend);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

impl Watched for Backend {
    fn look_at(&self, of: Of) {
        match of {
            Of::Output => self.read_what_is_there(),
            Of::Errors => self.read_errors(),
            Of::Input => self.write_what_waits(),
            Of::End => self.bury(),
        }
    }

    fn has_something_due(&self) -> bool {
        let calls = self.calls.lock();
        calls.ended.is_none() && (calls.kill_at.is_some() || !calls.taken_back.is_empty())
    }

    /// Kills it if its time is over. A child that has not ended a call which it is to give up is interrupted again,
    /// for a signal may come where nothing looks at it, and libraries swallow what it raises.
    fn do_what_is_due(&self, now: Instant) {
        let (is_over, goes_on) = {
            let calls = self.calls.lock();
            let lives = calls.ended.is_none();
            let is_over = calls.kill_at.is_some_and(|at| at <= now);
            (lives && is_over, lives && !calls.taken_back.is_empty())
        };
        if is_over {
            self.kill();
        } else if goes_on {
            self.interrupt();
        }
    }
}

impl Backend {
    /// Reads what the child says until `waiter` has its answer, or until the deadline. False, without waiting,
    /// when another call reads already or nothing is to be read any more.
    pub(super) fn read_for(&self, waiter: &Waiter, deadline: Instant) -> bool {
        // Dropped after `output` is unlocked, because it is declared before.
        let _passes_on;
        let Some(mut output) = self.output.try_lock() else { return false };
        let Some(output) = output.as_mut().filter(|output| !output.is_closed) else {
            return false;
        };
        _passes_on = Reading(self);
        poller::not_now(self.number, Of::Output, &output.pipe);
        while !waiter.has_something() && !output.is_closed {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if output.wait(left, &self.nudge) {
                self.read(output);
            }
        }
        true
    }

    /// Has another call read that sleeps, or else the poller. Whoever is called must read or pass it on.
    pub(super) fn pass_on(&self) {
        loop {
            let waiting: Vec<_> = self.calls.lock().waiting.values().cloned().collect();
            if waiting.iter().any(|waiter| waiter.call_to_read()) {
                return;
            }
            {
                // Whoever has it locked passes it on when he is done.
                let Some(output) = self.output.try_lock() else { return };
                let Some(output) = output.as_ref().filter(|output| !output.is_closed) else {
                    return;
                };
                poller::again(self.number, Of::Output, &output.pipe);
            }
            // The poller may have come while it was locked here. It says so before it looks at the lock, and here
            // the lock is given up before that is read, so one of the two sees the other.
            fence(Ordering::SeqCst);
            if !self.was_locked.swap(false, Ordering::SeqCst) {
                return;
            }
        }
    }

    /// Reads answers while no call does.
    fn read_what_is_there(&self) {
        self.was_locked.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let Some(mut output) = self.output.try_lock() else { return };
        self.was_locked.store(false, Ordering::SeqCst);
        let Some(output) = output.as_mut().filter(|output| !output.is_closed) else { return };
        for _ in 0..PIECES {
            if !self.read(output) {
                break;
            }
        }
        if !output.is_closed {
            poller::again(self.number, Of::Output, &output.pipe);
        }
    }

    /// Reads a piece. False when nothing was there.
    pub(super) fn read(&self, output: &mut Output) -> bool {
        let pipe = &output.pipe;
        let read = output.frames.fill(|bytes| rustix::io::read(pipe, spare_capacity(bytes)));
        match read {
            Ok(0) => {
                self.output_is_closed(output);
                return false;
            }
            Ok(_) => {}
            Err(Errno::INTR) => return true,
            Err(Errno::AGAIN) => return false,
            Err(_) => {
                self.output_is_closed(output);
                return false;
            }
        }
        while let Some(frame) = output.frames.next() {
            match frame {
                Frame::Text(text) => self.take(Message::read(text)),
                Frame::TooLarge(beginning) => {
                    let why = "it has more than 64 MiB";
                    self.take(message::unreadable(beginning, Code::TooLarge, why));
                }
            }
        }
        true
    }

    fn take(&self, message: Message) {
        match message {
            Message::Answer(id, answer) => {
                if id == message::READY {
                    let is_ours = answer.as_ref().is_ok_and(|text| text.contains("\"cancel\""));
                    self.is_ours.store(is_ours, Ordering::Relaxed);
                }
                let waiter = {
                    let mut calls = self.calls.lock();
                    calls.given_up.remove(&id);
                    calls.taken_back.remove(&id);
                    calls.waiting.remove(&id)
                };
                // Nobody waits any more for what comes after its deadline.
                if let Some(waiter) = waiter {
                    waiter.give(answer);
                }
            }
            Message::Event(name, value) => match &self.listener {
                Some(listener) => listener.event(&name, &value),
                None => self.events.give(name, value),
            },
            Message::Request(request) => self.hand_on(request),
            Message::Unknown(reason) => self.ignore(&reason),
        }
    }

    /// Gives what the child asks to the call inside of which it does, or else to one that waits, whose thread is
    /// the host's.
    fn hand_on(&self, request: Request) {
        let Some(listener) = &self.listener else {
            return self.ignore("a back end cannot call its host");
        };
        let waiter = {
            let calls = self.calls.lock();
            match request.within {
                Some(call) => calls.waiting.get(&call).cloned(),
                None => calls.innermost(),
            }
        };
        match waiter {
            Some(waiter) => waiter.ask(request),
            None => listener.request(request),
        }
    }

    /// Logs the first, the tenth, the hundredth frame that says nothing, and so on.
    fn ignore(&self, reason: &str) {
        let count = self.unknown.fetch_add(1, Ordering::Relaxed) + 1;
        if 10_u64.pow(count.ilog10()) == count {
            tracing::warn!("{} has sent {count} frames that are ignored: {reason}", self.label);
        }
    }

    fn output_is_closed(&self, output: &mut Output) {
        output.is_closed = true;
        poller::not_now(self.number, Of::Output, &output.pipe);
        self.must_end_soon();
    }

    /// Gives on what it prints.
    pub(super) fn read_errors(&self) {
        let mut errors = self.errors.lock();
        let Some(errors) = &mut *errors else { return };
        for _ in 0..PIECES {
            if !self.read_errors_once(errors) {
                return;
            }
        }
    }

    fn read_errors_once(&self, errors: &mut Errors) -> bool {
        let mut piece = [0; 8 << 10];
        match rustix::io::read(&errors.pipe, &mut piece) {
            Ok(0) => poller::remove(&errors.pipe),
            Ok(length) => {
                errors.lines.push(&piece[..length], |line| self.print(line));
                return true;
            }
            Err(Errno::INTR) => return true,
            Err(_) => {}
        }
        false
    }

    /// Gives a line on that it printed.
    pub(super) fn print(&self, line: &str) {
        match &self.listener {
            Some(listener) => listener.printed(line),
            None => lines::print(&self.label, line),
        }
    }

    fn write_what_waits(&self) {
        let mut input = self.input.lock();
        let Some(input) = &mut *input else { return };
        if input.flush() == Rest::Waits {
            poller::again(self.number, Of::Input, input.pipe());
        }
    }

    /// What waiters are told when the process has ended.
    pub(super) fn answer_all(&self, ended: &Error) {
        let waiting = {
            let mut calls = self.calls.lock();
            calls.ended = Some(ended.clone());
            calls.given_up.clear();
            calls.taken_back.clear();
            std::mem::take(&mut calls.waiting)
        };
        for waiter in waiting.into_values() {
            waiter.give(Err(ended.clone()));
        }
        self.has_ended.notify_all();
    }

    /// The error of calls to a process that has ended.
    pub(super) fn closed(&self, how: &str) -> Error {
        Error::new(Code::Closed, format!("{} {how}", self.label))
    }
}

impl Output {
    /// Waits until something can be read. False when the time is over, a call was given up, or nothing will come any
    /// more.
    fn wait(&mut self, time: Duration, nudge: &OwnedFd) -> bool {
        let timeout = Timespec {
            tv_sec: time.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: time.subsec_nanos().into(),
        };
        let mut files = [&self.pipe, &self.end, nudge].map(|file| PollFd::new(file, PollFlags::IN));
        if poll(&mut files, Some(&timeout)).is_err() {
            // A signal came.
            return false;
        }
        let [pipe, end, nudged] = files.map(|file| !file.revents().is_empty());
        if nudged {
            // Nothing else reads it, and it does not block.
            let _ = rustix::io::read(nudge, &mut [0; 8]);
        }
        if end && !pipe {
            // What it started may have the pipe open still.
            self.is_closed = true;
        }
        pipe
    }
}
