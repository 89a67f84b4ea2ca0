//! What a child is asked: its input, which never makes the asker wait.

use std::os::fd::OwnedFd;

use rustix::io::Errno;
use vh_core::error::{Code, Error};

use crate::sigpipe;

/// How much may wait for a child that does not read, in bytes.
pub const LONGEST_QUEUE: usize = 64 << 20;

/// The way to a child. Its pipe does not block.
#[derive(Debug)]
pub struct Input {
    pipe: OwnedFd,
    waiting: Vec<u8>,
    /// How much of `waiting` has been written.
    written: usize,
}

/// Whether something still waits to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rest {
    /// Nothing does.
    Nothing,
    /// Something does, until the child reads.
    Waits,
}

impl Input {
    /// To a child that reads from the other end.
    pub fn new(pipe: OwnedFd) -> Input {
        Input { pipe, waiting: Vec::new(), written: 0 }
    }

    /// The pipe.
    pub fn pipe(&self) -> &OwnedFd {
        &self.pipe
    }

    /// Sends a line, after all that waits. What the pipe does not take now waits for [`Input::flush`].
    pub fn send(&mut self, line: &[u8]) -> Result<Rest, Error> {
        let queued = self.waiting.len() - self.written;
        if queued > 0 {
            if queued + line.len() > LONGEST_QUEUE {
                let message = format!("it does not read: {} MiB wait for it already", queued >> 20);
                return Err(Error::new(Code::Busy, message));
            }
            self.waiting.extend_from_slice(line);
            return Ok(Rest::Waits);
        }
        let written = self.write(line);
        self.waiting.clear();
        self.written = 0;
        self.waiting.extend_from_slice(&line[written..]);
        Ok(self.rest())
    }

    /// Writes what waits, as far as the pipe takes it.
    pub fn flush(&mut self) -> Rest {
        self.written += self.write(&self.waiting[self.written..]);
        if self.rest() == Rest::Nothing {
            self.waiting = Vec::new();
            self.written = 0;
        } else if self.written > LONGEST_QUEUE / 2 {
            self.waiting.drain(..self.written);
            self.written = 0;
        }
        self.rest()
    }

    /// Whether something waits to be written.
    pub fn rest(&self) -> Rest {
        if self.written == self.waiting.len() { Rest::Nothing } else { Rest::Waits }
    }

    /// How many bytes the pipe takes. A child that has closed it takes all: its end answers all calls.
    fn write(&self, bytes: &[u8]) -> usize {
        let mut written = 0;
        while written < bytes.len() {
            let write = || rustix::io::write(&self.pipe, &bytes[written..]);
            match sigpipe::held_back(write, |result| *result == Err(Errno::PIPE)) {
                Ok(more) => written += more,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return written,
                Err(_) => return bytes.len(),
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe() -> (Input, OwnedFd) {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        rustix::io::ioctl_fionbio(&reader, true).unwrap();
        (Input::new(writer), reader)
    }

    /// Reads what is there.
    fn read(pipe: &OwnedFd) -> Vec<u8> {
        let mut all = Vec::new();
        let mut piece = [0; 1 << 16];
        while let Ok(length) = rustix::io::read(pipe, &mut piece) {
            if length == 0 {
                break;
            }
            all.extend_from_slice(&piece[..length]);
        }
        all
    }

    #[test]
    fn lines_stay_whole_and_in_order_while_the_child_does_not_read() {
        let (mut input, reader) = pipe();
        let lines: Vec<Vec<u8>> =
            (0..50).map(|number| format!("{number}{}\n", "x".repeat(9000)).into_bytes()).collect();
        let rests: Vec<Rest> = lines.iter().map(|line| input.send(line).unwrap()).collect();
        assert_eq!((rests[0], rests[49]), (Rest::Nothing, Rest::Waits));
        let mut got = read(&reader);
        while input.flush() == Rest::Waits {
            got.extend(read(&reader));
        }
        got.extend(read(&reader));
        assert!(got == lines.concat());
    }

    #[test]
    fn too_much_is_refused_and_what_waits_stays() {
        let (mut input, reader) = pipe();
        let large = vec![b'x'; LONGEST_QUEUE];
        assert_eq!(input.send(&large).unwrap(), Rest::Waits);
        let error = input.send(&large).unwrap_err();
        assert_eq!(error.code(), Code::Busy);
        assert!(error.message().contains("63 MiB wait"), "{}", error.message());
        let mut length = 0;
        while input.flush() == Rest::Waits {
            length += read(&reader).len();
        }
        assert_eq!(length + read(&reader).len(), LONGEST_QUEUE);
    }

    #[test]
    fn a_closed_pipe_takes_all() {
        let (mut input, reader) = pipe();
        drop(reader);
        assert_eq!(input.send(b"x\n").unwrap(), Rest::Nothing);
    }
}
