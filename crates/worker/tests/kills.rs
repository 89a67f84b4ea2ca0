//! Whatever is killed, nothing lives on that nobody wants, and every caller hears of it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use vh_core::error::Code;
use vh_worker::{Options, spawn};

/// A test may take this long on a busy machine.
const LONG: Duration = Duration::from_secs(60);
/// The deadline of a call that is to end by it.
const SHORT: Duration = Duration::from_millis(200);

/// How often each is tried: `VH_REPETITIONS`, else 5.
fn rounds() -> usize {
    std::env::var("VH_REPETITIONS").map_or(5, |text| text.parse().unwrap())
}

/// Keeps the machine busy until it is dropped.
struct Load {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn new() -> Load {
        let is_over = Arc::new(AtomicBool::new(false));
        let spin = |over: Arc<AtomicBool>| {
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        let threads = (0..2).map(|_| spin(Arc::clone(&is_over))).collect();
        Load { is_over, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}

/// A folder with a back end that starts a program of its own; both sleep.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("vh-kills-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("back.py"),
            "import subprocess, time\nfrom bridge_runtime import PythonBridge\n\
             class Back(PythonBridge):\n    def start(self):\n        \
             return subprocess.Popen(['sleep', '1000']).pid\n    def sleep(self):\n        time.sleep(1000)\n    \
             def take(self, size):\n        return len(b'x' * size)\n\
             Back().run()\n",
        )
        .unwrap();
        Folder(folder)
    }

    fn script(&self) -> PathBuf {
        self.0.join("back.py")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn lives(pid: i32) -> bool {
    // A zombie is gone but for its parent, which was killed too.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|text| !text.contains(") Z "))
}

fn signal(signal: &str, pids: &[i32]) {
    let pids = pids.iter().map(i32::to_string);
    assert!(Command::new("kill").arg(signal).args(pids).status().unwrap().success());
}

fn all_end(pids: &[i32]) {
    let start = Instant::now();
    while let Some(pid) = pids.iter().find(|pid| lives(**pid)) {
        assert!(start.elapsed() < LONG, "process {pid} of {pids:?} lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The host of the tests below, in a process of its own: it tells the numbers of its back end and of what that has
/// started, and waits in a call.
#[test]
#[ignore = "other tests run it"]
fn host_that_is_killed() {
    let script = std::env::var_os("VH_SCRIPT").expect("other tests say which script");
    let backend = spawn(Path::new(&script), &Options::default()).unwrap();
    let child = backend.call("start", "", Some(LONG)).unwrap();
    println!("pids {} {child}", backend.pid());
    let _ = backend.call("sleep", "", Some(10 * LONG));
}

/// Starts that host and returns the numbers of it, of its back end and of what that has started.
fn host(folder: &Folder) -> (std::process::Child, [i32; 3]) {
    let mut host = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "host_that_is_killed", "--nocapture"])
        .env("VH_SCRIPT", folder.script())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(host.stdout.take().unwrap());
    let told = output
        .lines()
        .map(Result::unwrap)
        .find_map(|line| line.split_once("pids ").map(|(_, pids)| pids.to_owned()))
        .expect("the host tells its numbers");
    let mut pids = told.split(' ').map(|pid| pid.parse().unwrap());
    let pids = [host.id() as i32, pids.next().unwrap(), pids.next().unwrap()];
    (host, pids)
}

#[test]
fn nothing_outlives_a_host_that_is_killed() {
    let (folder, _load) = (Folder::new("host"), Load::new());
    for _ in 0..rounds() {
        let (mut process, [host, backend, child]) = host(&folder);
        signal("-KILL", &[host]);
        process.wait().unwrap();
        all_end(&[backend, child]);
    }
}

#[test]
fn nothing_outlives_host_and_back_end_that_are_killed_together() {
    let (folder, _load) = (Folder::new("both"), Load::new());
    for _ in 0..rounds() {
        let (mut process, [host, backend, child]) = host(&folder);
        signal("-KILL", &[backend, host]);
        process.wait().unwrap();
        all_end(&[backend, child]);
    }
}

#[test]
fn nothing_outlives_a_host_whose_back_end_is_stopped() {
    let (folder, _load) = (Folder::new("stopped"), Load::new());
    for _ in 0..rounds() {
        let (mut process, [host, backend, child]) = host(&folder);
        signal("-STOP", &[backend]);
        signal("-KILL", &[host]);
        process.wait().unwrap();
        all_end(&[backend, child]);
    }
}

#[test]
fn a_caller_hears_that_its_back_end_was_killed() {
    let (folder, _load) = (Folder::new("call"), Load::new());
    for _ in 0..rounds() {
        let backend = spawn(&folder.script(), &Options::default()).unwrap();
        let child: i32 = backend.call("start", "", Some(LONG)).unwrap().parse().unwrap();
        let call = backend.begin("sleep", "", Some(10 * LONG)).unwrap();
        signal("-KILL", &[backend.pid()]);
        let error = call.wait().unwrap_err();
        assert_eq!(error.code(), Code::Closed);
        assert_eq!(error.message(), "back.py has ended (signal: 9 (SIGKILL))");
        all_end(&[backend.pid(), child]);
        assert_eq!(backend.call("start", "", None).unwrap_err().code(), Code::Closed);
    }
}

#[test]
fn a_caller_of_a_stopped_back_end_hears_of_its_deadline() {
    let (folder, _load) = (Folder::new("pause"), Load::new());
    let backend = spawn(&folder.script(), &Options::default()).unwrap();
    for _ in 0..rounds() {
        signal("-STOP", &[backend.pid()]);
        let start = Instant::now();
        let error = backend.call("take", "{\"size\":1}", Some(SHORT)).unwrap_err();
        assert_eq!(error.code(), Code::Timeout);
        assert!(start.elapsed() < SHORT + Duration::from_secs(3), "{:?}", start.elapsed());
        signal("-CONT", &[backend.pid()]);
        assert_eq!(backend.call("take", "{\"size\":2}", Some(LONG)).unwrap(), "2");
    }
    signal("-STOP", &[backend.pid()]);
    backend.terminate().unwrap();
    all_end(&[backend.pid()]);
}

/// A memory cgroup, removed when it is dropped.
struct Cgroup(PathBuf);

impl Cgroup {
    /// With a limit of so many bytes; the error says why there can be none here.
    fn new(limit: u64) -> std::io::Result<Cgroup> {
        let (first, second) = ("/sys/fs/cgroup/memory", "/sys/fs/cgroup");
        let is_first = Path::new(first).join("memory.limit_in_bytes").exists();
        let (parent, name) =
            if is_first { (first, "memory.limit_in_bytes") } else { (second, "memory.max") };
        let folder = Path::new(parent).join(format!("vh-kills-{}", std::process::id()));
        std::fs::create_dir(&folder)?;
        let group = Cgroup(folder);
        std::fs::write(group.0.join(name), limit.to_string())?;
        Ok(group)
    }

    fn add(&self, pid: i32) {
        std::fs::write(self.0.join("cgroup.procs"), pid.to_string()).unwrap();
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        std::fs::remove_dir(&self.0).unwrap();
    }
}

#[test]
fn a_caller_hears_that_its_back_end_was_killed_for_its_memory() {
    let (folder, _load) = (Folder::new("cgroup"), Load::new());
    let group = match Cgroup::new(64 << 20) {
        Ok(group) => group,
        Err(error) => return println!("not tried: no memory cgroup can be made here: {error}"),
    };
    for _ in 0..rounds() {
        let backend = spawn(&folder.script(), &Options::default()).unwrap();
        let child: i32 = backend.call("start", "", Some(LONG)).unwrap().parse().unwrap();
        group.add(backend.pid());
        let error = backend.call("take", "{\"size\":268435456}", Some(LONG)).unwrap_err();
        assert_eq!(error.code(), Code::Closed);
        assert_eq!(error.message(), "back.py has ended (signal: 9 (SIGKILL))");
        all_end(&[backend.pid(), child]);
    }
}

#[test]
fn memory_that_is_refused_is_an_error_of_the_call() {
    let folder = Folder::new("memory");
    let script = folder.0.join("greedy.py");
    std::fs::write(
        &script,
        "import resource\nfrom bridge_runtime import PythonBridge\n\
         class Greedy(PythonBridge):\n    def take(self, size):\n        return len(bytearray(size))\n\
         resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\nGreedy().run()\n",
    )
    .unwrap();
    let backend = spawn(&script, &Options::default()).unwrap();
    let error = backend.call("take", "{\"size\": 4294967296}", Some(LONG)).unwrap_err();
    assert_eq!(error.code(), Code::Python);
    assert_eq!(error.exception().unwrap().kind, "MemoryError");
    assert_eq!(backend.call("take", "{\"size\": 10}", Some(LONG)).unwrap(), "10");
    backend.terminate().unwrap();
}
