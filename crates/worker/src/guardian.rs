//! A small shell that outlives this process for a moment: it kills the process groups of workers when this
//! process has ended, however that happened.
//!
//! The kernel kills a worker with its parent (`child`), but not what the worker has started. The shell knows
//! the groups by what it reads, and reads until this process, the only one that can write, is gone.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use parking_lot::Mutex;

use crate::sigpipe;

const SCRIPT: &str = "
trap '' HUP INT QUIT TERM
groups=
while read -r what group; do
  others=
  for known in $groups; do [ \"$known\" = \"$group\" ] || others=\"$others $known\"; done
  groups=$others
  [ \"$what\" = add ] && groups=\"$groups $group\"
done
for group in $groups; do kill -KILL \"-$group\"; done
";

static GUARDIAN: Mutex<Option<Child>> = Mutex::new(None);

/// Tells it of a group. Called on the thread that starts children.
pub fn add(group: i32) -> io::Result<()> {
    let mut guardian = GUARDIAN.lock();
    if let Some(old) = &mut *guardian {
        if tell(old, "add", group).is_ok() {
            return Ok(());
        }
        // Somebody has killed it. The groups it knew are known to nobody now.
        let _ = old.wait();
    }
    let no_guardian =
        |error| io::Error::other(format!("no /bin/sh to guard what it starts: {error}"));
    let mut new = start().map_err(no_guardian)?;
    tell(&mut new, "add", group).map_err(no_guardian)?;
    *guardian = Some(new);
    Ok(())
}

/// Takes a group back whose processes have been killed.
pub fn remove(group: i32) {
    if let Some(guardian) = &mut *GUARDIAN.lock() {
        // If it is gone, it knows no groups.
        let _ = tell(guardian, "remove", group);
    }
}

fn start() -> io::Result<Child> {
    Command::new("/bin/sh")
        .args(["-c", SCRIPT, "python-guardian"])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

/// A line this short goes into a pipe whole or not at all.
fn tell(guardian: &mut Child, what: &str, group: i32) -> io::Result<()> {
    let input = guardian.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
    let line = format!("{what} {group}\n");
    sigpipe::held_back(|| input.write_all(line.as_bytes()), sigpipe::is_broken)
}
