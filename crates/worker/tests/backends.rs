//! Back ends as a host in Rust uses them, with the Python of the machine.

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use vh_core::error::Code;
use vh_worker::{Backend, Options};

/// A test may take this long on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A script that is removed with the test.
struct Script(PathBuf);

impl Script {
    fn new(name: &str, text: &str) -> Script {
        let folder =
            std::env::temp_dir().join(format!("vh-backends-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{name}.py"));
        std::fs::write(&path, text).unwrap();
        Script(path)
    }

    fn spawn(&self) -> Arc<Backend> {
        vh_worker::spawn(&self.0, &Options::default()).unwrap()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        std::fs::remove_dir_all(self.0.parent().unwrap()).unwrap();
    }
}

fn script(name: &str, methods: &str) -> Script {
    let body: String = methods.lines().map(|line| format!("    {line}\n")).collect();
    Script::new(
        name,
        &format!(
            "import os, sys, time\nfrom bridge_runtime import PythonBridge\n\n\
             class Back(PythonBridge):\n{body}\n\nif __name__ == '__main__':\n    Back().run()\n"
        ),
    )
}

#[test]
fn a_back_end_answers_and_keeps_its_state() {
    let script = script(
        "counter",
        "count = 0\ndef increment(self, by=1):\n    self.count += by\n    return {'count': self.count}",
    );
    let backend = script.spawn();
    assert_eq!(backend.call("increment", "", None).unwrap(), r#"{"count":1}"#);
    assert_eq!(backend.call("increment", r#"{"by": 41}"#, None).unwrap(), r#"{"count":42}"#);
    let same = vh_worker::get_backend(&script.0).unwrap();
    assert_eq!(same.number(), backend.number());
    backend.terminate().unwrap();
    assert!(vh_worker::get_backend(&script.0).is_none());
    let error = backend.call("increment", "", None).unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Closed, "counter.py was terminated"));
    let next = script.spawn();
    assert_eq!(next.call("increment", "", None).unwrap(), r#"{"count":1}"#);
    next.terminate().unwrap();
}

#[test]
fn those_who_start_it_at_once_get_the_same_one() {
    let script = script("same", "def ping(self):\n    return os.getpid()");
    let numbers: Vec<u32> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| script.spawn().number())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
    script.spawn().terminate().unwrap();
}

#[test]
fn errors_have_the_text_of_the_exception_and_its_traceback_apart() {
    let script = script("divide", "def divide(self, a, b):\n    return a / b");
    let backend = script.spawn();
    let error = backend.call("divide", r#"{"a":1,"b":0}"#, None).unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Python, "division by zero"));
    let exception = error.exception().unwrap();
    assert_eq!(exception.kind, "ZeroDivisionError");
    assert!(exception.traceback.contains("divide.py\", line 6"), "{}", exception.traceback);
    for (method, params, code) in [
        ("divide", r#"{"a":1}"#, Code::Invalid),
        ("divide", "[1]", Code::Invalid),
        ("multiply", "", Code::NotFound),
    ] {
        assert_eq!(backend.call(method, params, None).unwrap_err().code(), code, "{method}");
    }
    backend.terminate().unwrap();
}

#[test]
fn many_calls_are_under_way_and_each_gets_its_own_answer() {
    let script = script("echo", "def echo(self, data):\n    return data");
    let backend = script.spawn();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let backend = &backend;
            scope.spawn(move || {
                for number in 0..200 {
                    let params = format!("{{\"data\":\"{thread}/{number}\"}}");
                    let answer = backend.call("echo", &params, Some(LONG)).unwrap();
                    assert_eq!(answer, format!("\"{thread}/{number}\""));
                }
            });
        }
    });
    let begun: Vec<_> = (0..100)
        .map(|number| backend.begin("echo", &format!("{{\"data\":{number}}}"), Some(LONG)).unwrap())
        .collect();
    for (number, call) in begun.into_iter().enumerate().rev() {
        assert_eq!(call.wait().unwrap(), number.to_string());
    }
    backend.terminate().unwrap();
}

#[test]
fn events_of_many_threads_keep_their_order_while_calls_run() {
    const SENDERS: usize = 8;
    const EVENTS: usize = 2000;
    let script = script(
        "events",
        "def start(self, senders, count):\n    import threading\n    def run(sender):\n        \
         for n in range(count):\n            self.send_event('tick', [sender, n, 'é' * 4500])\n    \
         for sender in range(senders):\n        threading.Thread(target=run, args=[sender]).start()\n\
         def echo(self, data):\n    return data",
    );
    let backend = script.spawn();
    let (sender, got) = mpsc::channel();
    let hear = move |_: &str, value: &str| sender.send(value.to_owned()).unwrap();
    backend.events().on("tick", Arc::new(hear));
    let params = format!("{{\"senders\":{SENDERS},\"count\":{EVENTS}}}");
    backend.call("start", &params, Some(LONG)).unwrap();
    std::thread::scope(|scope| {
        for caller in 0..4 {
            let backend = &backend;
            scope.spawn(move || {
                for number in 0..200 {
                    let params = format!("{{\"data\":\"{caller}/{number}\"}}");
                    let answer = backend.call("echo", &params, Some(LONG)).unwrap();
                    assert_eq!(answer, format!("\"{caller}/{number}\""));
                }
            });
        }
    });
    let mut next = [0; SENDERS];
    for _ in 0..SENDERS * EVENTS {
        let value = got.recv_timeout(LONG).unwrap();
        let sender: usize = value[1..2].parse().unwrap();
        let text = format!("[{sender},{},\"{}\"]", next[sender], "é".repeat(4500));
        assert!(value == text, "{}", &value[..20]);
        next[sender] += 1;
    }
    assert_eq!(next, [EVENTS; SENDERS]);
    backend.terminate().unwrap();
}

#[test]
fn a_call_ends_at_its_deadline_and_the_back_end_goes_on() {
    let script = script("sleeper", "def sleep(self, time_):\n    time.sleep(time_)\n    return 1");
    let backend = script.spawn();
    let start = Instant::now();
    let short = Some(Duration::from_millis(200));
    let error = backend.call("sleep", r#"{"time_":600}"#, short).unwrap_err();
    assert_eq!(error.code(), Code::Timeout);
    assert_eq!(error.message(), "sleep of sleeper.py did not answer within 0.2 s");
    assert_eq!(backend.call("sleep", r#"{"time_":0}"#, Some(LONG)).unwrap(), "1");
    assert!(start.elapsed() < LONG, "the call was not taken back");
    backend.terminate().unwrap();
}

#[test]
fn the_reason_of_a_death_is_in_the_errors_of_its_calls() {
    let script = script(
        "dying",
        "def leave(self):\n    print('no more', file=sys.stderr)\n    os._exit(3)\n\
         def kill(self):\n    os.kill(os.getpid(), 9)",
    );
    let backend = script.spawn();
    let error = backend.call("leave", "", Some(LONG)).unwrap_err();
    assert_eq!(error.code(), Code::Closed);
    assert_eq!(error.message(), "dying.py has ended (exit status: 3); its last words: no more");
    let backend = script.spawn();
    let error = backend.call("kill", "", Some(LONG)).unwrap_err();
    assert_eq!(error.message(), "dying.py has ended (signal: 9 (SIGKILL))");
    assert_eq!(backend.call("kill", "", None).unwrap_err().message(), error.message());
}

#[test]
fn what_cannot_start_says_why() {
    let missing = Script::new("missing", "import no_such_module\n");
    let error = vh_worker::spawn(&missing.0, &Options::default()).unwrap_err();
    assert!(
        error.message().starts_with("missing.py does not start: No module named 'no_such_module'")
    );
    let silent = Script::new("silent", "x = 1\n");
    let error = vh_worker::spawn(&silent.0, &Options::default()).unwrap_err();
    assert!(error.message().contains("run() was not called"), "{}", error.message());
    let nothing = vh_worker::spawn("/no/such/script.py".as_ref(), &Options::default());
    assert_eq!(nothing.unwrap_err().code(), Code::NotFound);
    let python = Options { python: "no-such-python".into(), ..Options::default() };
    let error = vh_worker::spawn(&silent.0, &python).unwrap_err();
    assert!(error.message().contains("no-such-python was not found"), "{}", error.message());
}

#[test]
fn code_is_executed_once() {
    let default = Options::default();
    assert_eq!(
        vh_worker::execute("return {'hello': 'world'}", &default).unwrap(),
        r#"{"hello":"world"}"#
    );
    let code = "import math\nif x > 1:\n    return math.factorial(x)\nreturn None";
    let params = |text: &str| Options { params: Some(text.to_owned()), ..Options::default() };
    assert_eq!(vh_worker::execute(code, &params(r#"{"x": 5}"#)).unwrap(), "120");
    assert_eq!(vh_worker::execute(code, &params(r#"{"x": 1}"#)).unwrap(), "null");
    let error = vh_worker::execute("\nreturn 1 / 0", &default).unwrap_err();
    assert_eq!(error.message(), "division by zero");
    assert!(error.exception().unwrap().traceback.contains("\"<execute>\", line 2"));
    let short = Options { timeout: Duration::from_millis(300), ..Options::default() };
    let error = vh_worker::execute("while True: pass", &short).unwrap_err();
    assert_eq!(error.code(), Code::Timeout);
}

#[test]
fn the_environment_is_added_to_and_the_folder_is_chosen() {
    let script = script(
        "place",
        "def get(self):\n    return [os.getcwd(), os.environ['VH_X'], 'PATH' in os.environ]",
    );
    let options = Options {
        environment: vec![("VH_X".into(), "ж".into())],
        folder: Some("/".into()),
        ..Options::default()
    };
    let backend = vh_worker::spawn(&script.0, &options).unwrap();
    assert_eq!(backend.call("get", "", None).unwrap(), r#"["/","ж",true]"#);
    backend.terminate().unwrap();
}

#[test]
fn a_stopped_child_never_blocks_the_host() {
    let script = script("stopped", "def echo(self, data):\n    return len(data)");
    let backend = script.spawn();
    let signal = |signal: &str| {
        let done =
            std::process::Command::new("kill").args([signal, &*backend.pid().to_string()]).status();
        assert!(done.unwrap().success());
    };
    signal("-STOP");
    let params = format!("{{\"data\":\"{}\"}}", "x".repeat(9 << 20));
    let begun: Vec<_> =
        (0..7).map(|_| backend.begin("echo", &params, Some(2 * LONG)).unwrap()).collect();
    let error = backend.begin("echo", &params, None).unwrap_err();
    assert_eq!(error.code(), Code::Busy, "{}", error.message());
    signal("-CONT");
    for call in begun {
        assert_eq!(call.wait().unwrap(), (9 << 20).to_string());
    }
    signal("-STOP");
    let start = Instant::now();
    backend.terminate().unwrap();
    assert!(start.elapsed() < LONG);
}

#[test]
fn nothing_is_left_of_one_that_has_ended() {
    let files = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let script = script(
        "children",
        "def start(self):\n    import subprocess\n    return subprocess.Popen(['sleep', '1000']).pid",
    );
    // What stays for all of them is there after the first.
    script.spawn().terminate().unwrap();
    let before = files();
    for _ in 0..5 {
        let backend = script.spawn();
        let child: i32 = backend.call("start", "", Some(LONG)).unwrap().parse().unwrap();
        backend.terminate().unwrap();
        let start = Instant::now();
        let is_alive = |pid: i32| {
            std::fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|text| !text.contains(") Z "))
        };
        while is_alive(child) || is_alive(backend.pid()) {
            assert!(start.elapsed() < LONG, "something lives on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    // Other tests run at the same time.
    let start = Instant::now();
    while files() > before {
        assert!(start.elapsed() < LONG, "{} files stay open", files() - before);
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn processes_that_a_script_starts_import_the_module_too() {
    let script = Script::new(
        "pool",
        "import multiprocessing\nfrom bridge_runtime import PythonBridge\n\n\
         def twice(number):\n    return 2 * number\n\n\
         class Back(PythonBridge):\n    def work(self, method):\n        \
         with multiprocessing.get_context(method).Pool(2) as pool:\n            \
         return pool.map(twice, range(4))\n\n\
         if __name__ == '__main__':\n    Back().run()\n",
    );
    let backend = script.spawn();
    for method in ["spawn", "fork", "forkserver"] {
        let answer = backend.call("work", &format!("{{\"method\":\"{method}\"}}"), Some(LONG));
        assert_eq!(answer.unwrap(), "[0,2,4,6]", "{method}");
    }
    backend.terminate().unwrap();
}

#[test]
fn events_right_behind_an_answer_come_while_no_call_runs() {
    let script = script(
        "behind",
        "def __init__(self):\n    super().__init__()\n    import threading\n    self.go = threading.Semaphore(0)\n    \
         threading.Thread(target=self._send, daemon=True).start()\n\
         def _send(self):\n    while True:\n        self.go.acquire()\n        self.send_event('tick', 1)\n\
         def tick(self):\n    self.go.release()\n    return 1",
    );
    let backend = script.spawn();
    let (sender, got) = mpsc::channel();
    backend.events().on("tick", Arc::new(move |_, _| sender.send(()).unwrap()));
    for round in 0..3000 {
        backend.call("tick", "", Some(LONG)).unwrap();
        assert!(got.recv_timeout(LONG).is_ok(), "no event in round {round}");
    }
    backend.terminate().unwrap();
}

#[test]
fn a_call_that_is_cancelled_does_not_wait_for_native_code() {
    let script = script(
        "native",
        "def stuck(self):\n    import re\n    self.send_event('here', 1)\n    re.match('(a+)+$', 'a' * 60 + 'b')",
    );
    let backend = script.spawn();
    let (sender, here) = mpsc::channel();
    backend.events().on("here", Arc::new(move |_, _| sender.send(()).unwrap()));
    let call = backend.begin("stuck", "", Some(10 * LONG)).unwrap();
    let canceller = call.canceller();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| call.wait());
        here.recv_timeout(LONG).unwrap();
        assert!(canceller.cancel());
        let start = Instant::now();
        assert_eq!(waiting.join().unwrap().unwrap_err().code(), Code::Cancelled);
        assert!(start.elapsed() < LONG);
    });
    backend.terminate().unwrap();
}
