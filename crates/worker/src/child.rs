//! Starts child processes, each in a process group of its own, and sees to it that none outlives this process.

use std::ffi::OsString;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};

use parking_lot::Mutex;
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal};
use vh_core::panics::point;
use vh_core::spawn;

use crate::guardian;

/// What is to be started.
#[derive(Debug)]
pub struct Plan {
    /// The program, looked for as a shell does.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What is added to the environment of this process.
    pub environment: Vec<(OsString, OsString)>,
    /// Its working directory, if it is not that of this process.
    pub folder: Option<PathBuf>,
    /// A file that stays open in the child, under the same number.
    pub inherited: Option<BorrowedFd<'static>>,
}

/// A child process.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    /// Its number, which is that of its process group too.
    pub pid: Pid,
    /// Readable when it has ended.
    pub end: OwnedFd,
}

/// The ends of a child's pipes, which do not block.
#[derive(Debug)]
pub struct Pipes {
    /// Where it reads what it is asked.
    pub input: OwnedFd,
    /// Where it answers.
    pub output: OwnedFd,
    /// Whatever else it prints.
    pub errors: OwnedFd,
    /// Readable when it has ended.
    pub end: OwnedFd,
    /// Written to by whoever gives a call up, so that the call does not wait for the child any more.
    pub nudge: OwnedFd,
}

/// Starts a child process.
///
/// The kernel kills a child when the *thread* that started it has ended. So one thread, which stays, starts
/// them all.
pub fn start(plan: Plan) -> io::Result<(Child, Pipes)> {
    type Job = (Plan, Sender<io::Result<(Child, Pipes)>>);
    static STARTER: Mutex<Option<Sender<Job>>> = Mutex::new(None);
    let (reply, started) = mpsc::channel();
    {
        let mut starter = STARTER.lock();
        if starter.is_none() {
            let (sender, jobs) = mpsc::channel::<Job>();
            let body = move || {
                while let Ok((plan, reply)) = jobs.recv() {
                    // Whoever asked waits for it.
                    let _ = reply.send(start_here(&plan));
                }
            };
            spawn::lasting(point!("python-starter"), || true, body)?;
            *starter = Some(sender);
        }
        let sent = starter.as_ref().map(|starter| starter.send((plan, reply)));
        sent.and_then(Result::ok).ok_or_else(|| io::Error::other("the thread for it has ended"))?;
    }
    started.recv().map_err(|_| io::Error::other("the thread for it failed"))?
}

fn start_here(plan: &Plan) -> io::Result<(Child, Pipes)> {
    let mut command = Command::new(&plan.program);
    command
        .args(&plan.arguments)
        .envs(plan.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    if let Some(folder) = &plan.folder {
        command.current_dir(folder);
    }
    let parent = rustix::process::getpid();
    let inherited = plan.inherited;
    // SAFETY: between fork and exec only system calls are made; nothing is allocated and no lock is taken.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            // The parent may have ended before that.
            if rustix::process::getppid() != Some(parent) {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            inherited.map_or(Ok(()), |file| Ok(fcntl_setfd(file, FdFlags::empty())?))
        });
    }
    let mut process = command.spawn()?;
    let (pid, end, pipes) = adopt(&mut process)?;
    Ok((Child { process, pid, end }, pipes))
}

/// Takes hold of a process that has been started. If that fails, the process is killed.
fn adopt(process: &mut std::process::Child) -> io::Result<(Pid, OwnedFd, Pipes)> {
    let adopted = (|| {
        let pid = Pid::from_child(process);
        let end = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?;
        let (input, output, errors) =
            (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (Some(input), Some(output), Some(errors)) = (input, output, errors) else {
            return Err(io::Error::other("it has no pipes"));
        };
        let pipes = Pipes {
            input: input.into(),
            output: output.into(),
            errors: errors.into(),
            end: end.try_clone()?,
            nudge: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        };
        for pipe in [&pipes.input, &pipes.output, &pipes.errors] {
            rustix::io::ioctl_fionbio(pipe, true)?;
        }
        guardian::add(pid.as_raw_nonzero().get())?;
        Ok((pid, end, pipes))
    })();
    if adopted.is_err() {
        // Either it can be killed and waited for, or it has ended.
        let _ = process.kill();
        let _ = process.wait();
    }
    adopted
}

impl Child {
    /// How it has ended, if it has. None where the host takes the ends of all its children.
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// Interrupts what it does.
    pub fn interrupt(&self) {
        // It may have ended, but its number is its own until its end is taken.
        let _ = rustix::process::kill_process(self.pid, Signal::INT);
    }
}

/// Kills all processes of a group.
pub fn kill_group(group: Pid) {
    // When there is none any more, there is nothing to be done.
    let _ = rustix::process::kill_process_group(group, Signal::KILL);
}
