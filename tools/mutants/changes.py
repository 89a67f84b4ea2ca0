"""Small wrong changes, each of which a user would suffer from; `run` makes them one after the other.

By file: the exact text of one place, what becomes of it, what is wrong then for a user, and the suites that
should notice, a regular expression for whole names of ctest. The changes of a file were chosen before tests
were written for them. Who finds a change that no test notices adds it here.
"""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Change:
    file: str
    old: str
    new: str
    wrong: str
    suites: str
    # The Pythons it makes a difference on, such as "<3.12"; all, if it says nothing.
    python: str = ""

    def is_for(self, version):
        """Whether it can be noticed on a version such as (3, 11)."""
        if not self.python:
            return True
        major, minor = self.python.lstrip("<>=").split(".")
        is_older = version < (int(major), int(minor))
        return is_older == self.python.startswith("<")


TABLE: "dict[str, list[tuple[str, ...]]]" = {
    # How scripts come and go.
    "crates/core/src/revocable.rs": [
        (
            "        barrier::light();\n        if !self.open.load(Ordering::Acquire)",
            "        if !self.open.load(Ordering::Acquire)",
            "who goes in may not be seen by who takes the script away: a call runs in a script that is gone",
            "model.revocable",
        ),
        (
            "        barrier::light();\n        if !self.open.load(Ordering::Relaxed)",
            "        if !self.open.load(Ordering::Relaxed)",
            "the last one out may not see that the script was taken away: it is never unloaded",
            "model.revocable",
        ),
        (
            " || !barrier::heavy()",
            "",
            "who takes the script away does not see who is inside: a call runs in a script that is gone",
            "model.revocable",
        ),
        (
            "self.unnoted.load(Ordering::Acquire) > 0 || ",
            "",
            "a script is ended under a call that is ten calls deep",
            "rust|lifecycle.nested_unload",
        ),
        (
            "None => _ = self.unnoted.fetch_sub(1, Ordering::AcqRel),",
            "None => (),",
            "a script that was ever called ten calls deep is never unloaded",
            "rust|lifecycle.nested_unload",
        ),
        (
            " || ALL_NOTES.all().any(is_noted)",
            "",
            "a script is ended under its own calls",
            "rust|lifecycle.unload|lifecycle.nested_unload",
        ),
    ],
    "crates/core/src/threads.rs": [
        (
            "!record.taken.swap(true, Ordering::AcqRel)",
            "!record.taken.load(Ordering::Acquire)",
            "two threads of the hub share a record: calls of one are not seen",
            "rust",
        ),
        (
            "        self.taken.store(false, Ordering::Release);\n",
            "",
            "each thread that ever called the library costs memory for ever",
            "rust",
        ),
    ],
    "crates/scripts/src/lib.rs": [
        (
            "        by_path().or_else(by_name)\n",
            "        by_name().or_else(by_path)\n",
            "of two scripts of one name in two folders the hub finds the wrong one",
            "contract.find|rust",
        ),
        (
            "        first.listening.add(1 << ON_TIMER | 1 << ON_USER_LOGIN);\n",
            "        first.listening.add(1 << ON_TIMER);\n",
            "operators who come later do not hear of a script that does not run",
            "guard.refuse.*|rust|clients.refuse.*|clients.loading.*",
        ),
        (
            "    if host_queue::is_pending() {\n",
            "    if false && host_queue::is_pending() {\n",
            "threads of scripts wait for the hub in vain",
            "lifecycle.script_threads|contract.threads",
        ),
    ],
    "crates/scripts/src/slots.rs": [
        (
            "                *unwanted = true;\n",
            "                let _ = unwanted;\n",
            "w_Unload of a script during its own load is forgotten",
            "lifecycle.nested_unload",
        ),
        (
            "self.0.iter().position(is_free).unwrap_or(self.0.len())",
            "self.0.len()",
            "after so many loads no script can be loaded any more",
            "contract.lifecycle|rust",
        ),
        (
            "            Slot::Reserved(functions) | Slot::Loading { functions, .. } => {\n"
            "                Some(Arc::clone(functions))\n"
            "            }\n"
            "            Slot::Live(script) => Some(Arc::clone(&script.functions)),\n"
            "            Slot::Free | Slot::Draining => None,\n",
            "            Slot::Live(script) => Some(Arc::clone(&script.functions)),\n"
            "            _ => None,\n",
            "functions cannot be registered before their script runs",
            "contract.registered_functions|rust",
        ),
    ],
    "crates/guard/src/current.rs": [
        (
            "all().any(|own| Arc::ptr_eq(&own, script))",
            "all().take(1).any(|own| Arc::ptr_eq(&own, script))",
            "an unload of a script further out on the stack waits for a call that waits for it",
            "lifecycle.nested_unload",
        ),
        (
            "    let _left = Left(outer);\n",
            "    let _ = Left(outer);\n",
            "vh does not know which script calls it",
            "contract.vh_functions|lifecycle.shared_interpreter",
        ),
    ],
    "crates/scripts/src/loading.rs": [
        (
            "        // The encoding is asked for again, here, where no interpreter is entered.\n"
            "        hub::forget_encoding();\n",
            "",
            "the hub's encoding is not asked anew at a load",
            "contract.text",
        ),
        (
            "    watch_alarms();\n"
            "    // Runs the jobs that the top level gave to `vh.run_in_host`, when they could not run yet.\n"
            "    registry.run_jobs(serial);\n",
            "    let _ = serial;\n    watch_alarms();\n",
            "what a top level gave to vh.run_in_host is not run",
            "lifecycle.script_threads|lifecycle.async|guard.waits_elsewhere",
        ),
        (
            "                alarms::lower(script.path());\n",
            "",
            "operators are still told of a script that runs again",
            "guard.refuse.*|rust",
        ),
        (
            "            settings.on_error = self.stubs.known(&request.path).on_error;\n",
            "",
            "a script that cannot be read any more lets everything pass",
            "guard.refuse.*|rust",
        ),
        (
            "            self.registry.free(self.id);\n            self.functions.clear();\n",
            "            self.registry.free(self.id);\n",
            "a hub that registered functions for a script that did not load never gets their data back",
            "contract.owning_functions|rust",
        ),
        (
            "    if kind.is_dir() || kind.is_file() {\n",
            "    if true {\n",
            "a script that is a pipe hangs the hub",
            "contract.bad_input|contract.lifecycle|lifecycle.host|rust",
        ),
    ],
    "crates/scripts/src/calling.rs": [
        (
            'b"_opchat_name_change" => script.rename_op_chat(nick),',
            'b"_opchat_name_change" => script.rename_bot(nick),',
            "a new name of the operators' chat is taken for the bot's",
            "contract.hooks|contract.vh_functions|lifecycle.host",
        ),
        (
            "        if hook.number == ON_SET_CONFIG {\n",
            "        if false {\n",
            "after an operator set the hub's encoding, text is still in the old one",
            "contract.text",
        ),
        (
            "    if hooks & (1 << hook.number) == 0 {\n        return HookReply::NONE;\n    }\n",
            "    let _ = hooks;\n",
            "a script that cannot run answers hooks that it does not have",
            "guard.refuse.*|rust",
        ),
        (
            "    if !plugin.unwrap_or_default().is_empty() || !of.unwrap_or_default().is_empty() {\n"
            "        return;\n"
            "    }\n",
            "    let _ = (plugin, of);\n",
            "any script can make others believe that the bot has another name",
            "contract.hooks|contract.vh_functions|rust",
        ),
    ],
    "crates/guard/src/answers.rs": [
        (
            "on_error.asks() || self.obstacle == Obstacle::Settings",
            "on_error.asks()",
            "a script with wrong settings is just not there, and nobody but the log says so",
            "clients.loading.*|guard.refuse.*|lifecycle.preflight",
        ),
        (
            "on_error.asks() || self.obstacle == Obstacle::Settings",
            "self.obstacle == Obstacle::Settings",
            "hooks that are to refuse let everything pass when their script does not load",
            "guard.refuse.*",
        ),
        (
            "Error::new(Code::Unavailable, message).about(&script.label).tell();",
            "Error::new(Code::Unavailable, message).about(&script.label).told();",
            "the log does not say why a script is not loaded",
            "lifecycle.preflight|contract.advice|rust",
        ),
    ],
    "src/lifecycle.rs": [
        (
            "    crash::uninstall();\n",
            "",
            "the hub's signal handlers are not put back at its end",
            "guard.crash",
        ),
        (
            "    host_queue::open(|serial| SCRIPTS.run_jobs(serial));\n",
            "",
            "threads of scripts never reach the hub",
            "lifecycle.script_threads",
        ),
    ],
    "src/verbs.rs": [
        (
            "        id: id as c_int,\n",
            "        id: i32::try_from(id).unwrap_or(-1),\n",
            "scripts cannot be loaded by hubs that leave the upper half of the id undefined",
            "contract.lifecycle|contract.bad_input|lifecycle.host",
        ),
        (
            "    if let Some(format) = format.filter(|format| !format.iter().copied().all(targs::is_letter)) {\n",
            "    if let Some(format) = format.filter(|_| false) {\n",
            "a function with a format that nobody knows is taken, and never gets its arguments",
            "contract.owning_functions|header.*",
        ),
        (
            "    if SCRIPTS.refuses(id, hook.number) { on_error::answer(true, hook.number, None) } else { None }\n",
            "    if hook.number > 63 && SCRIPTS.refuses(id, hook.number) { on_error::answer(true, hook.number, None) } else { None }\n",
            "after a fault of the library a hook that is to refuse lets the event pass",
            "panics.injected",
        ),
        (
            "name.filter(|name| !name.is_empty())",
            "name",
            "functions without a name can be registered",
            "contract.registered_functions|contract.owning_functions|contract.bad_input",
        ),
    ],
    "crates/host/src/host_queue.rs": [
        (
            "if queue.len() >= MAX_WAITING {",
            "if queue.len() == usize::MAX {",
            "the queue of calls of threads has no bound: the hub's memory fills up",
            "lifecycle.script_threads",
        ),
        (
            "const WAIT: Duration = Duration::from_secs(10);",
            "const WAIT: Duration = Duration::from_secs(100);",
            "calls of threads wait ten times as long for the hub as the documents say",
            "rust",
        ),
        (
            "        let waiting = matches!(*state, State::Waiting);\n",
            "        let waiting = true;\n",
            "the hub does what a thread asked for that was told that it did not",
            "lifecycle.script_threads",
        ),
        (
            "State::Waiting if Instant::now() >= deadline => return Err(is_too_late()),",
            "State::Waiting if Instant::now() >= deadline + LOOK * 600 => return Err(is_too_late()),",
            "a thread waits a minute longer for the hub than it was told to",
            "contract.threads|lifecycle.script_threads",
        ),
        (
            "    refuse(&script_is_gone(), |script| script == serial);\n",
            "    let _ = serial;\n    refuse(&script_is_gone(), |_| true);\n",
            "the unload of a script makes calls of other scripts' threads fail",
            "lifecycle.script_threads|contract.threads",
        ),
    ],
    "crates/cpython/src/unload.rs": [
        (
            "        state::keep(attached, script, &loaded.vh.get(attached));\n",
            "",
            "vh.state is never kept over a reload",
            "lifecycle.state",
        ),
        (
            '        let call = Call::begin(attached, script.entry_points.function(b"vh.on_unload"));\n'
            '        loaded.scope.run(attached, script, c"run_unload_callbacks");\n'
            "        drop(call);\n"
            "        script.leave();\n"
            "        state::keep(attached, script, &loaded.vh.get(attached));\n",
            "        state::keep(attached, script, &loaded.vh.get(attached));\n"
            '        let call = Call::begin(attached, script.entry_points.function(b"vh.on_unload"));\n'
            '        loaded.scope.run(attached, script, c"run_unload_callbacks");\n'
            "        drop(call);\n"
            "        script.leave();\n",
            "vh.state is kept before the callbacks of vh.on_unload: what they put there is lost",
            "lifecycle.state",
        ),
        (
            "    script.close();\n    // Exit functions may have started threads.\n",
            "",
            "finalizers of a script that goes call the hub",
            "lifecycle.leaving",
        ),
        (
            "        if finish(&loaded, &script, &attachment, Instant::now()).is_err() {",
            "        if true || finish(&loaded, &script, &attachment, Instant::now()).is_err() {",
            "interpreters that were set aside are never ended",
            "lifecycle.unload",
        ),
        (
            '        unsafe { self.loaded.scope.run(attached, self.script, c"wake_waiters") };\n',
            "        let _ = attached;\n",
            "threads that wait for an event do not notice that they are to stop",
            "lifecycle.unload",
        ),
    ],
    "crates/guard/src/settings.rs": [
        (
            "const UNLOAD_TIME: Duration = Duration::from_secs(2);",
            "const UNLOAD_TIME: Duration = Duration::from_secs(20);",
            "an unload may take ten times as long as the documents say",
            "rust",
        ),
        (
            "const TIMEOUT: Duration = Duration::from_secs(5);",
            "const TIMEOUT: Duration = Duration::from_secs(50);",
            "a hook may stop the hub ten times as long as the documents say",
            "rust",
        ),
        (
            "own.switch(true, Setting::HoldBack)",
            "own.switch(true, Setting::TellOperators)",
            "a script that is not to be held back after a crash is",
            "guard.refuse.*",
        ),
        (
            'Some(value) if value.eq_ignore_ascii_case("fresh") => Ok(true),',
            'Some(value) if value.eq_ignore_ascii_case("fresh") => Ok(false),',
            "a script that asks for a new interpreter at each load gets its old one",
            "lifecycle.reuse",
        ),
        (
            'config::switch("VH_PYTHON_TELL_OPERATORS", true)',
            'config::switch("VH_PYTHON_TELL_OPERATORS", false)',
            "operators are not told of suspended hooks unless the hub's owner asks for it",
            "guard.breaker",
        ),
    ],
    "crates/cpython/src/state.rs": [
        (
            "match kept::state_of(script).map",
            "match kept::state_of(script).filter(|_| false).map",
            "vh.state is not given back",
            "lifecycle.state",
        ),
        (
            "            Ok(_) if name.is_str() => {\n"
            "                kept.set_dict_pair(name, value)?;\n",
            "            Ok(_) if name.is_str() => {\n",
            "vh.state is empty after a reload",
            "lifecycle.state",
        ),
        (
            'Ok(_) => "its name is no str".to_owned(),',
            "Ok(_) => continue,",
            "what vh.state loses is not told",
            "lifecycle.state",
        ),
    ],
    "crates/cpython/src/support/exits.py": [
        (
            "            scope.exit_callbacks[:] = [c for c in scope.exit_callbacks if c[0] != function]\n",
            "            pass\n",
            "atexit.unregister does nothing",
            "lifecycle.leaving",
        ),
        (
            "        scope.exit_callbacks.append((function, args, kwargs))\n",
            "        scope.exit_callbacks.append((function, (), {}))\n",
            "exit functions are called without their arguments",
            "lifecycle.unload|lifecycle.leaving",
        ),
    ],
    # Crashes and deadlines.
    "crates/guard/src/crash/handlers.rs": [
        (
            "        libc::SIG_IGN if delivery.is_sent => return,\n",
            "",
            "a signal that the host ignores ends the process",
            "guard.crash",
        ),
        (
            "        let hosts = place_of(&now).and_then(|place| places.actions[place]);\n",
            "        let hosts = place_of(&now).and_then(|_| places.actions[0]);\n",
            "at its end the hub gets another handler back than it had",
            "guard.crash",
        ),
        (
            "            ours.sa_mask = hosts.sa_mask;\n",
            "            let _ = hosts;\n",
            "signals that the hub's handler blocks come in the middle of it",
            "guard.crash",
        ),
    ],
    "crates/guard/src/crash.rs": [
        (
            "    if slot.is_in_host() {\n"
            '        line.add("in a function of the hub that the script called\\n").end();\n'
            "        return;\n"
            "    }\n",
            "",
            "a crash of the hub itself is put on a script, which is held back",
            "guard.crash",
        ),
        (
            "    note(script, signal, entry_point.name());\n",
            "",
            "a script that crashed the hub is not held back, and crashes it again",
            "guard.crash",
        ),
    ],
    "crates/guard/src/crash/file.rs": [
        (
            "    if found.uid() != user {",
            "    if false && found.uid() != user {",
            "another user of the machine can keep scripts from running",
            "guard.crash|rust",
        ),
        (
            "let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;",
            "let flags = libc::O_NOCTTY;",
            "a pipe under the name of the crash file makes the hub wait for ever",
            "guard.crash|rust",
        ),
    ],
    "crates/guard/src/script.rs": [
        (
            "        self.thread_vh_calls.fetch_add(1, Ordering::Relaxed);\n",
            "",
            "calls of threads are not counted in the statistics",
            "guard.stats",
        ),
        (
            "            || self.stage.parts_at.get().is_some_and(|&end| Instant::now() >= end)\n",
            "",
            "an UnLoad() hangs that waits for a thread which goes on calling the hub",
            "lifecycle.script_threads|lifecycle.leaving|lifecycle.unload",
        ),
        (
            "const PARTING: Duration = Duration::from_secs(1);",
            "const PARTING: Duration = Duration::ZERO;",
            "threads that UnLoad() waits for cannot say goodbye to the hub",
            "lifecycle.script_threads|lifecycle.leaving",
        ),
        (
            "        if self.told.fetch_or(bit, Ordering::Relaxed) & bit == 0 {",
            "        if self.told.fetch_or(bit, Ordering::Relaxed) | bit != 0 {",
            "a hook that returns nonsense writes a line at each call",
            "guard.logs|contract.hooks",
        ),
        (
            '            true => "stub",\n',
            '            true => self.runtime().map_or("", Runtime::name),\n',
            "the statistics do not show that a stub stands in for a script",
            "rust",
        ),
    ],
    "crates/guard/src/call.rs": [
        (
            "        self.entry_point.row().count_timeout();\n",
            "",
            "timeouts are not counted",
            "guard.deadline|guard.stats",
        ),
        (
            "            Outcome::Timeout\n",
            "            Outcome::InTime\n",
            "a hook that hangs each time is called on for ever",
            "guard.breaker",
        ),
        (
            "Call::begin_limited(attached, entry_point, slot::TOLD_ONLY)",
            "Call::begin_limited(attached, entry_point, entry_point.limit())",
            "a script that imports large packages is interrupted while it loads",
            "guard.deadline|guard.logs|guard.beside",
        ),
        (
            " || self.entry_point.kind() == Kind::Function",
            "",
            "the second call of a function by the hub that fails for the same reason is not in the log",
            "contract.call_function|guard.logs",
        ),
    ],
    "crates/guard/src/entry_point.rs": [
        (
            "            self.row.count_skipped();\n",
            "",
            "calls that were not made are not counted",
            "guard.breaker",
        ),
        (
            '(Kind::Hook, true) => " Meanwhile it refuses everything.",',
            '(Kind::Hook, true) => " Meanwhile it lets everything pass.",',
            "operators are told the opposite of what a suspended hook does",
            "guard.breaker|guard.refuse.*",
        ),
        (
            "                self.repeats.forget();\n",
            "",
            "what goes wrong after a hook works again is counted, not told",
            "guard.breaker|guard.logs",
        ),
        (
            "            if *found.bytes == *name {",
            "            if found.bytes.len() == name.len() {",
            "statistics of a function are mixed with those of another",
            "guard.stats",
        ),
        (
            "        if self.script().settings.tell_operators {",
            "        if true {",
            "operators are told of scripts that ask not to be told of",
            "guard.breaker",
        ),
    ],
    "crates/guard/src/listening.rs": [
        (
            "        self.set_wanted(self.refusing.load(Ordering::Acquire));\n",
            "        self.set_wanted(0);\n",
            "hooks that are to refuse let everything pass while their script is unloaded",
            "guard.refuse.*|lifecycle.nested_unload",
        ),
        (
            "        self.set_wanted(0);\n        self.set_refusing(0);\n",
            "        self.set_refusing(0);\n",
            "an id that nobody has wants hooks of the script before",
            "contract.lifecycle|contract.hooks|guard.refuse.*",
        ),
        (
            "        self.wanted.fetch_or(hooks, Ordering::Release);\n",
            "        self.wanted.store(hooks, Ordering::Release);\n",
            "a script with coroutines gets no hooks but OnTimer",
            "lifecycle.async",
        ),
    ],
    "crates/guard/src/alarms.rs": [
        (
            "class_of(script, nick).is_some_and(|class| class >= OPERATOR)",
            "class_of(script, nick).is_some_and(|class| class >= 0)",
            "every user is told which scripts do not run",
            "guard.refuse.*",
        ),
        (
            "    alarms.retain(|known| known.alarm.path != alarm.path);\n",
            "",
            "operators are told of a script once for each of its failed loads",
            "guard.refuse.*",
        ),
    ],
    "crates/guard/src/breaker.rs": [
        (
            "const TIMEOUTS: u64 = 3;",
            "const TIMEOUTS: u64 = 30;",
            "a stuck hook stops the hub thirty times before it is suspended",
            "guard.breaker|rust",
        ),
        (
            "            self.until.store(0, Ordering::Relaxed);\n",
            "",
            "a hook that works again stays suspended",
            "guard.breaker|rust",
        ),
        (
            " * 2).min(LAST_PAUSE)",
            " * 2).max(LAST_PAUSE)",
            "a suspended hook is tried ten minutes later at the earliest",
            "rust",
        ),
    ],
    "crates/guard/src/memory.rs": [
        (
            "    memory.warn_at.store(bytes * 2, Ordering::Relaxed);\n",
            "",
            "the warning of a script's memory is written again and again",
            "guard.memory",
        ),
        (
            "        memory.at_load.store(memory.now(), Ordering::Relaxed);\n",
            "",
            "the statistics tell nothing of the memory of a load",
            "guard.memory",
        ),
    ],
    "crates/guard/src/notices.rs": [
        (
            "            '|' => harmless.push_str(\"&#124;\"),\n",
            "",
            "a script can send protocol commands to operators by an error's text",
            "rust|guard.refuse.*|guard.breaker",
        ),
        (
            "    waiting.iter().for_each(|text| say_in_op_chat(script, text));\n",
            "    drop(waiting);\n",
            "operators are not told that a hook is suspended",
            "guard.breaker",
        ),
    ],
    "crates/guard/src/output.rs": [
        (
            "const LIMIT: f64 = 128.0;",
            "const LIMIT: f64 = 1280.0;",
            "scripts may print ten times as much as the documents say",
            "rust",
        ),
        (
            "window.reserve + whole <= self.limit / RESERVE",
            "window.reserve + whole <= 0",
            "errors of a script that prints much are not in the log",
            "rust",
        ),
        (
            "    pub fn drops(&self, length: usize) -> bool {\n"
            "        let mut window = self.window.lock();\n"
            "        let drops = window.dropped > 0;\n",
            "    pub fn drops(&self, length: usize) -> bool {\n"
            "        let mut window = self.window.lock();\n"
            "        let drops = false;\n",
            "it is not told how much of a script's output was dropped",
            "rust",
        ),
        (
            "        Verdict::Cut(_) | Verdict::Drop => {}\n",
            "        Verdict::Cut(_) | Verdict::Drop => log(text),\n",
            "what a script logs is written though it has written too much",
            "guard.logs",
        ),
        (
            "            Verdict::Drop => piece.shorten(0),\n",
            "            Verdict::Drop => {}\n",
            "a script can fill the disk",
            "guard.logs",
        ),
        (
            '    let label = format!("PY: [{}] ", script.label);\n',
            '    let label = String::from("PY: ");\n',
            "lines that scripts print do not tell whose they are",
            "guard.logs",
        ),
    ],
    "crates/guard/src/directory.rs": [
        (
            "    records.push(Arc::downgrade(script));\n",
            "    let _ = Arc::downgrade(script);\n",
            "deadlines are never met",
            "guard.deadline",
        ),
        (
            "    records.retain(|known| known.strong_count() > 0);\n",
            "    records.clear();\n",
            "only the script that was loaded last has a deadline",
            "guard.deadline|guard.logs|guard.beside",
        ),
        (
            "    live.retain(|script| script.is_live());\n",
            "",
            "the statistics list scripts that are not there any more",
            "guard.stats",
        ),
        (
            "    live.sort_by_key(|script| script.id);\n",
            "",
            "scripts are listed in the order of their loads, not of their ids",
            "rust",
        ),
    ],
    "crates/guard/src/repeats.rs": [
        (
            "                kind.again += 1;\n                false\n",
            "                kind.again += 1;\n                true\n",
            "an error on every line of chat fills the log",
            "rust|guard.logs|guard.deadline",
        ),
        (
            "            (kind.what.clone(), std::mem::take(&mut kind.again))\n",
            "            (kind.what.clone(), kind.again)\n",
            "the log counts the same errors again each minute",
            "rust",
        ),
    ],
    "crates/guard/src/slot.rs": [
        (
            "        self.started.store(outer.started + time_inside, Ordering::Relaxed);\n",
            "        self.started.store(outer.started, Ordering::Relaxed);\n",
            "a call is interrupted for the time of the calls inside of it",
            "guard.deadline",
        ),
        (
            "        self.vh_calls.store(self.vh_calls().wrapping_add(1), Ordering::Relaxed);\n",
            "",
            "the statistics count no calls of the hub",
            "guard.stats",
        ),
    ],
    "crates/guard/src/waits.rs": [
        (
            "if wait.slow <= MOST { since_last } else { 0 }",
            "0",
            "a script is blamed for the time of a slow function of the hub",
            "guard.deadline|guard.waits.*",
        ),
        (
            "if wait.slow <= MOST { since_last } else { 0 }",
            "since_last",
            "a loop that calls the hub for ever is never interrupted",
            "guard.deadline|rust",
        ),
    ],
    "crates/guard/src/wake.rs": [
        (
            "    if !slot.runs(call) || slot.is_in_host() {\n        return Woken::Nothing;\n    }\n",
            "    let _ = call;\n",
            "a connection of the hub's own is shut down",
            "guard.deadline",
        ),
        (
            "    if how == libc::SHUT_RDWR && sigpipe_kills() {",
            "    if false && how == libc::SHUT_RDWR && sigpipe_kills() {",
            "SIGPIPE ends the hub when a script is interrupted while it sends",
            "guard.deadline",
        ),
    ],
    "crates/guard/src/watchdog.rs": [
        (
            "let is_late = may_end && time.saturating_sub(waited) >= limit;",
            "let is_late = may_end && time >= limit;",
            "a call is interrupted for the time that the hub took",
            "guard.deadline",
        ),
        (
            "        output::tell_dropped(&script, now, false);\n",
            "",
            "it is not told how much of a script's output was dropped",
            "guard.logs",
        ),
    ],
    "crates/guard/src/watchdog/pursuit.rs": [
        (
            "            SENT if self.looks == 1 => self.interrupt(time, teller),\n",
            "            SENT if self.looks == 1 => {}\n",
            "a hook that catches its TimeoutError is not made to end",
            "guard.deadline",
        ),
        (
            "            self.wait = (self.wait * 2).min(LAST_LOOK);\n        }\n        self.due",
            "            self.wait = FIRST_LOOK;\n        }\n        self.due",
            "a hook that cannot be interrupted writes ten lines a second",
            "guard.deadline|guard.logs",
        ),
        (
            "        if is_late && !self.is_late {\n"
            "            return self.becomes_late(time, teller);\n"
            "        }\n",
            "",
            "a hook that waited for the hub and then loops is not ended",
            "guard.deadline|guard.waits",
        ),
        (
            "            GAVE_UP => {\n"
            "                self.looks -= 1;\n"
            "                self.interrupt(time, teller);\n"
            "            }\n",
            "            GAVE_UP => self.looks -= 1,\n",
            "a hook that was calling another script at its deadline runs on",
            "guard.deadline|guard.sending|guard.waits",
        ),
    ],
    "crates/guard/src/watchdog/attempt.rs": [
        (
            "            IN_HOST => entry_point.waits_for_hub(&place),\n",
            "            IN_HOST => true,\n",
            "a hook that waits for the hub again and again fills the log",
            "guard.waits_in_time|guard.waits|guard.waits_elsewhere|guard.deadline|guard.logs",
        ),
        (
            "            _ if self.only_tells => true,\n",
            "            _ if self.only_tells => false,\n",
            "nobody hears of a script that takes long to load",
            "guard.deadline|guard.logs",
        ),
        (
            'Some((_, number, _)) => format!("{place}, called in line {number} of the script"),',
            "Some(_) => place,",
            "a hook that hangs in a second place of its script is not told where both call one library",
            "guard.logs|guard.deadline|rust",
        ),
        (
            "            AttemptResult::Forced => return self.progress.state.store(SENT, Ordering::Release),\n",
            "            AttemptResult::Forced => return self.progress.state.store(HAS_LOCK, Ordering::Release),\n",
            "a hook that waits in native code after its exception is not told of",
            "guard.deadline",
        ),
    ],
    "crates/guard/src/watchdog/turn.rs": [
        (
            "        ran >= LONG || (both_wait && ran.is_zero())\n",
            "        let _ = (ran, both_wait);\n        true\n",
            "on a busy machine native code is blamed that had no turn",
            "rust",
        ),
        (
            'text.rsplit_once(") ")',
            'text.split_once(") ")',
            "a thread's name with a bracket hides how long it ran",
            "rust",
        ),
    ],
    # Text.
    "crates/core/src/text.rs": [
        (
            "            Kind::SingleByte(table) => Some(&table.decode),\n",
            "            Kind::SingleByte(_) => None,\n",
            "texts of a hub that speaks CP1251 are empty",
            "contract.text",
        ),
        (
            "        pairs.decode(bytes, |point| points.push(point));\n",
            "        pairs.decode(&bytes[..bytes.len().saturating_sub(1)], |point| points.push(point));\n",
            "the last letter of a line is lost in a hub that speaks GBK",
            "rust|contract.text",
        ),
    ],
    "crates/core/src/text/decoded.rs": [
        (
            "    0xDC00 + u32::from(byte)\n",
            "    0xDD00 + u32::from(byte)\n",
            "bytes of users that are no text are lost on their way to scripts",
            "rust|contract.text",
        ),
        (
            "(2, u32::from(first & 0x1F))",
            "(2, u32::from(first & 0x0F))",
            "Cyrillic letters become others on their way back",
            "rust|contract.text",
        ),
    ],
    "crates/core/src/text/encode.rs": [
        (
            "(0xDC80..=0xDCFF, _) => out.push((code_point - 0xDC00) as u8),",
            "(0xDC80..=0xDCFF, _) => out.push(b'?'),",
            "bytes of users that are no text are lost on their way back",
            "rust|contract.text",
        ),
        (
            "                *end = both;\n",
            "                *end = both + 1;\n",
            "two letters of Hong Kong become others on their way back",
            "rust",
        ),
    ],
    "crates/core/src/text/names.rs": [
        (
            '"gb2312" | "gb-2312" | "cp936" | "ms936" => "gbk".into(),',
            '"gb2312" | "gb-2312" | "ms936" => "gbk".into(),',
            "a hub with the encoding CP936 speaks UTF-8",
            "rust",
        ),
        (
            "            *kept == label\n",
            "            kept.len() == label.len()\n",
            "a hub that changes its encoding goes on in the old one",
            "contract.text",
        ),
    ],
    "crates/core/src/text/single.rs": [
        (
            "text.chars().all(|c| u32::from(c) >= 0xA0)",
            "text.chars().all(|c| u32::from(c) >= 0x80)",
            "bytes that CP1252 does not have become control characters",
            "rust|contract.text",
        ),
        (
            ' || label.starts_with("latin")',
            "",
            "latin2 decodes the bytes 80 to 9F as Windows does",
            "rust|contract.text",
        ),
    ],
    "crates/core/src/text/pairs.rs": [
        (
            "if encoding == GBK && matches!(bytes, [0x81..=0xFE, b'0'..=b'9', ..]) {",
            "if false && encoding == GBK && matches!(bytes, [0x81..=0xFE, b'0'..=b'9', ..]) {",
            "four bytes of GB18030 are lost in a hub that speaks GBK",
            "rust",
        ),
        (
            "        push(super::bad_byte(rest[0]));\n",
            "",
            "a byte at the end of a line is lost",
            "rust|contract.text",
        ),
    ],
    "crates/core/src/text/recent.rs": [
        (
            "*kept.bytes == *bytes && kept.encoding == encoding",
            "kept.bytes.len() == bytes.len() && kept.encoding == encoding",
            "a script is given the long line of another user",
            "rust|contract.text",
        ),
        (
            " && kept.encoding == encoding",
            "",
            "a long line is decoded as in the encoding that the hub had before",
            "rust|contract.text",
        ),
    ],
    "crates/cpython/src/convert.rs": [
        (
            'None => out.extend_from_slice(format!("\\\\u{point:04x}").as_bytes()),',
            "None => {}",
            "bytes that are no text are lost in the list of nicks",
            "contract.text",
        ),
        (
            "    (!has_nul(&bytes)).then_some(bytes)\n",
            "    Some(bytes)\n",
            "text with a NUL character is cut on its way to a hub that speaks CP1251",
            "contract.text|contract.vh_functions|contract.bad_input",
        ),
    ],
    # JSON.
    "crates/cpython/src/json/reader.rs": [
        (
            "const SURE: usize = 18;",
            "const SURE: usize = 19;",
            "integers of 19 digits wrap around",
            "contract.call_function",
        ),
        (
            "        if depth > MAX_DEPTH {",
            "        if depth > usize::MAX - 1 {",
            "JSON of a user that is nested deep enough crashes the hub",
            "contract.bad_input|contract.call_function|header.json",
        ),
        (
            "(self.byte(first) == b'0' && digits > 1)",
            "false",
            "numbers with leading zeros are taken",
            "contract.bad_input|contract.call_function|header.json",
        ),
    ],
    "crates/cpython/src/json/reader/keys.rs": [
        (
            ".filter(|key| is_same(key.text, text))?",
            ".filter(|key| key.text.len() == text.len())?",
            "a map has the key of another one",
            "contract.call_function|header.json",
        ),
        (
            "text.get(length) != Some(&b'\"') || ",
            "",
            "a key that begins as the one before is cut, and the JSON refused",
            "contract.call_function|header.json",
        ),
    ],
    "crates/cpython/src/json/reader/plain.rs": [
        (
            "marks.trailing_zeros() as usize / 8;",
            "marks.leading_zeros() as usize / 8;",
            "strings of JSON end at the wrong place",
            "rust|contract.call_function",
        ),
        (
            "high & HIGHEST == 0 && rest[..last].is_ascii();",
            "rest[..last].is_ascii();",
            "texts that are not ASCII become others",
            "rust|contract.text",
        ),
    ],
    "crates/cpython/src/json.rs": [
        (
            '        return refuse(format!("{number} in it has no JSON form"));\n',
            "",
            "NaN becomes text that is no JSON",
            "contract.call_function|header.json|contract.bad_input",
        ),
        (
            "    if depth > MAX_DEPTH {",
            "    if depth > usize::MAX - 1 {",
            "a list that contains itself crashes the hub",
            "contract.call_function|contract.bad_input",
        ),
    ],
    # The log.
    "crates/core/src/json.rs": [
        (
            "(smaller(word, 0x20) | equal(b'\"') | equal(b'\\\\')) & HIGHEST",
            "(smaller(word, 0x20) | equal(b'\"')) & HIGHEST",
            "a backslash in a text makes JSON that nobody can read",
            "contract.call_function|contract.vh_functions|guard.stats",
        ),
        (
            "Some(character) if point >= 0x20 && (point < 0x80 || !ascii_only)",
            "Some(character) if point < 0x80 || !ascii_only",
            "a control in a text makes JSON that nobody can read",
            "contract.call_function|contract.last_error",
        ),
    ],
    "crates/core/src/standard_output.rs": [
        (
            "    unsafe { libc::fflush(stdout) };\n",
            "",
            "lines of the hub and of scripts are not in their order",
            "guard.logs",
        ),
        (
            "            Ok(written) => rest = &rest[written..],\n",
            "            Ok(_) => rest = &[],\n",
            "a record is cut where the system took a part of it",
            "guard.logs",
        ),
    ],
    "crates/core/src/log/plain.rs": [
        (
            "let head = &text[..start_of_character(text.as_bytes(), third * 2)];",
            "let head = &text[..third * 2];",
            "a long message is lost, because it would be cut inside of a character",
            "rust",
        ),
        (
            "let tail = &text[end_of_character(text.as_bytes(), text.len() - third)..];",
            "let tail = &text[text.len() - third..];",
            "a long message is lost, because it would be cut inside of a character",
            "rust",
        ),
        (
            "            out.push_str(INDENT);\n",
            "",
            "a user can forge lines of the log",
            "rust|guard.log_attacks",
        ),
        (
            "            | '\\u{2028}'..='\\u{202E}'\n",
            "",
            "a user can turn the order of the log's text around",
            "rust|guard.log_attacks",
        ),
    ],
    "crates/core/src/log/delivery.rs": [
        (
            "    while queue.records.len() > MAX_RECORDS || (queue.bytes > MAX_BYTES && queue.records.len() > 1)\n"
            "    {\n",
            "    while queue.records.len() > MAX_RECORDS {\n",
            "what waits for the log sink has no limit of bytes",
            "guard.logs",
        ),
        (
            "queue.records.len() > MAX_RECORDS || ",
            "",
            "what waits for the log sink has no limit of records",
            "guard.logs",
        ),
        (
            "    left.iter().for_each(Record::print);\n",
            "    drop(left);\n",
            "records that were on their way when the sink was taken away are lost",
            "guard.logs",
        ),
    ],
    "crates/core/src/log/stream.rs": [
        (
            "self.text.truncate(plain::start_of_character(self.text.as_bytes(), length));",
            "self.text.truncate(length);",
            "a line that is cut inside of a character costs a script its call",
            "rust",
        ),
        (
            "    let ended = if own.is_none() { end_line(&mut open) } else { Ok(()) };\n",
            "    let ended: io::Result<()> = Ok(());\n",
            "a script's line goes on with that of another script",
            "guard.logs|guard.log_attacks",
        ),
    ],
    "src/last_error.rs": [
        (
            "        let own = if error == call { call } else { 0 };\n",
            "        let own = error;\n",
            "a call that succeeded shows the error of one inside of it",
            "rust|contract.last_error",
        ),
        (
            "    let error = error.tell().shortened(LONGEST);\n",
            "    let error = error.shortened(LONGEST);\n",
            "what w_LastError tells is not in the log",
            "contract.last_error|contract.call_function|guard.logs",
        ),
    ],
    "crates/core/src/error.rs": [
        (
            "            let is_end = |end: &usize| message.is_char_boundary(*end);\n",
            "            let is_end = |_: &usize| true;\n",
            "w_LastError tells nothing of a long message with characters of several bytes",
            "rust",
        ),
        (
            '            Code::Closed => "closed",\n',
            '            Code::Closed => "cancelled",\n',
            "a hub that unloads a script during its load is told another reason",
            "lifecycle.nested_unload|rust",
        ),
        (
            "        self.0.is_told = true;\n",
            "",
            "each error of a call is in the log twice",
            "contract.last_error|guard.logs|rust",
        ),
        (
            "        script.clone_into(&mut self.0.script);\n",
            "        let _ = script;\n",
            "errors in the log do not tell whose they are",
            "guard.logs|contract.call_function|rust",
        ),
        (
            '                None => out.extend_from_slice(b"null"),\n',
            '                None => out.extend_from_slice(b"\\"\\""),\n',
            "an error without an exception seems to have one without a name",
            "contract.last_error",
        ),
    ],
    "crates/core/src/name_hash.rs": [
        (
            " ^ (byte(length.wrapping_sub(1)) << 3)",
            "",
            "calls of functions whose names differ at their end take longer",
            "rust",
        ),
        (
            "    length ^ byte(0) ^",
            "    byte(0) ^",
            "calls of functions whose names differ in their length take longer",
            "rust",
        ),
    ],
    # Packages and runtimes.
    "crates/cpython/src/preflight.rs": [
        (
            "own_module(module, self.own).is_some() || ",
            "",
            "the script's own modules are not searched for packages that need main",
            "lifecycle.preflight",
        ),
        (
            "                if found.is_certain && is_at_load {",
            "                if found.is_certain {",
            "a script that might never import a package is refused its runtime",
            "lifecycle.preflight",
        ),
        (
            "            if !seen.insert(requirement.name.clone()) {\n"
            "                return None;\n"
            "            }\n",
            "            let _ = &mut *seen;\n",
            "packages that need each other hang the load of a script",
            "lifecycle.preflight",
        ),
    ],
    "crates/cpython/src/support/venv.py": [
        (
            '        if found.split(".")[:2] != version.split("."):\n',
            "        if False:\n",
            "a virtual environment of another Python is accepted",
            "lifecycle.preflight",
        ),
        (
            "    path[place:place] = folders\n",
            "    path += folders\n",
            "packages of the system hide those of the virtual environment",
            "lifecycle.shared_interpreter|lifecycle.preflight",
        ),
    ],
    "crates/core/src/packages.rs": [
        (
            'row("numpy", ONE_INTERPRETER, NO_OWN_LOCK,',
            'row("numpy", Works, NO_OWN_LOCK,',
            "scripts with numpy are loaded where numpy fails",
            "rust|lifecycle.preflight",
        ),
        (
            'row("PIL", Works, NO_OWN_LOCK,',
            'row("PIL", ONE_INTERPRETER, NO_OWN_LOCK,',
            "scripts are loaded in main for a package that works anywhere",
            "rust",
        ),
    ],
    "crates/core/src/installed.rs": [
        (
            'is_extra: marker.contains("extra"),',
            "is_extra: false,",
            "scripts are loaded in main for packages that nothing uses",
            "lifecycle.preflight|rust",
        ),
        (
            '.collect::<Vec<_>>().join("-").to_lowercase()',
            '.collect::<Vec<_>>().join("-")',
            "a package that requires NumPy is not seen to need numpy",
            "lifecycle.preflight|rust",
        ),
    ],
    "crates/core/src/runtime.rs": [
        (
            "        None => Ok(Runtime::Sub),\n",
            "        None => Ok(Runtime::Main),\n",
            "scripts that say nothing share an interpreter",
            "contract.isolation",
        ),
        (
            "entry.0.eq_ignore_ascii_case(name.trim())",
            "entry.0 == name.trim()",
            "a runtime in capital letters is none",
            "rust",
        ),
    ],
    "crates/cpython/src/slices.rs": [
        (
            "const LOAD_WAIT: Duration = Duration::from_secs(60);",
            "const LOAD_WAIT: Duration = Duration::from_secs(600);",
            "a load may wait ten times as long as the documents say",
            "rust",
        ),
        (
            "if limit.is_zero() || self.started.elapsed() < limit {",
            "if self.started.elapsed() < limit {",
            "where waits of a top level have no end, all fail",
            "guard.waits_elsewhere",
        ),
        (
            "!is_parting && self.started.elapsed() < GRACE",
            "!is_parting",
            "a hook that waits for its thread waits until its deadline",
            "guard.waits.*",
        ),
    ],
    # The C interface.
    "src/abi.rs": [
        (
            '    guard(point!("w_End"), 1, || {\n        lifecycle::end();\n        1\n',
            '    guard(point!("w_End"), 1, || {\n        lifecycle::end();\n        0\n',
            "w_End tells the hub that it failed",
            "contract.lifecycle",
        ),
        (
            "hooks::get(hook).map_or(std::ptr::null(), |hook| hook.name.as_ptr())",
            'hooks::get(hook).map_or(c"".as_ptr(), |hook| hook.name.as_ptr())',
            "a hub that asks for the names of hooks up to NULL never comes to an end",
            "contract.hooks|contract.bad_input|random.fixed",
        ),
    ],
    "src/abi/boundary.rs": [
        (
            "        tell(&caught);\n        fallback()\n",
            "        let _ = caught;\n        fallback()\n",
            "a fault of the library is not told",
            "panics.injected",
        ),
        (
            "    variadic::need_no_guard();\n",
            "",
            "each w_pack asks for its table again, which costs time",
            "bench.instructions",
        ),
    ],
    "crates/host/src/cxx.cpp": [
        (
            '  } catch (...) {\n    return strdup("something that is no std::exception");\n',
            '  } catch (const int &) {\n    return strdup("something that is no std::exception");\n',
            "what the hub throws that is no std::exception ends it",
            "contract.vh_functions|contract.registered_functions|contract.owning_functions|lifecycle.host",
        ),
        (
            "  *length = text.size();\n",
            "  *length = text.size() ? text.size() - 1 : 0;\n",
            "what is known of an address lacks the last letter of everything",
            "contract.vh_functions",
        ),
    ],
    "src/abi/cxx.rs": [
        (
            "*lengths.add(index))",
            "(*lengths.add(index)).min(64))",
            "long texts in lists of the hub's plugin are cut",
            "contract.blocks",
        ),
        (
            "        let texts = (0..count).map(|index| {",
            "        let texts = (1..count).map(|index| {",
            "lists of the hub's plugin lack their first text",
            "contract.blocks",
        ),
    ],
    "crates/host/src/vectors.rs": [
        (
            "        vh_vector_delete(vector);\n",
            "",
            "each look at an address costs memory for ever",
            "contract.memory.address|contract.memory",
        ),
        (
            "(0..vh_vector_size(vector))",
            "(1..vh_vector_size(vector))",
            "what is known of an address lacks its beginning",
            "contract.vh_functions",
        ),
    ],
    "crates/host/src/native.rs": [
        (
            "                libc::free(thrown.cast());\n",
            "",
            "each exception of the hub costs memory for ever",
            "contract.memory.address",
        ),
        (
            "CString::new(text.replace('\\0', \"\\u{FFFD}\")).expect",
            "CString::new(text.to_owned()).expect",
            "a message with a NUL character does not reach the log sink",
            "guard.logs|guard.log_attacks|rust",
        ),
    ],
    "src/abi/variadic.c": [
        (
            "  return own[count] ? -1 : count;\n",
            "  return count;\n",
            "a block that has more than the hub asks for is read as if it had not",
            "contract.blocks",
        ),
        (
            "  return ((uintptr_t)destination & (_Alignof(long) - 1)) != 0;\n",
            "  (void)destination;\n  return 0;\n",
            "a pointer of the hub beside an int is broken",
            "contract.unpack_places",
        ),
        (
            "    if (destination) *destination = element->p;\n",
            "    *destination = element->p;\n",
            "a hub that skips a value crashes",
            "contract.blocks",
        ),
    ],
    "src/abi/variadic.rs": [
        (
            '    guard(point!("w_unpack"), -1, ||',
            '    guard(point!("w_unpack"), 0, ||',
            "after a fault of the library a hub reads a block as if it had been unpacked",
            "panics.injected",
        ),
        (
            "unsafe { targs::refuse_format(format) }",
            "{ let _ = format; }",
            "a wrong format given to w_pack is not told",
            "contract.blocks|contract.bad_input",
        ),
    ],
    "src/abi/symbols.rs": [
        (
            '            concat!(".hidden ", $symbol),\n',
            "",
            "internal functions of the library are exported, and those of a plugin may take their place",
            "abi.symbols",
        ),
        (
            '        std::arch::naked_asm!("jmp {}", sym $target);',
            '        std::arch::naked_asm!("xor edi, edi", "jmp {}", sym $target);',
            "w_pack does not get its format",
            "contract.blocks",
        ),
    ],
    "crates/host/src/targs.rs": [
        (
            'let mut rest: &[u8] = b"lsdpLDO";',
            'let mut rest: &[u8] = b"lsdpLO";',
            "hubs cannot pack JSON",
            "contract.blocks|rust",
        ),
        (
            ".min(TAB_LENGTH)",
            ".min(TAB_LENGTH - 1)",
            "the tenth item of a tuple that a script answers is lost",
            "rust",
        ),
    ],
    "crates/host/src/targs/build.rs": [
        (
            "                room = room.add(text.len() + 1);\n",
            "                room = room.add(text.len());\n",
            "two texts of a block run into each other",
            "rust|contract.hooks",
        ),
        (
            "            Piece::Json(_) => b'D',\n",
            "            Piece::Json(_) => b's',\n",
            "the hub takes a script's JSON for a text",
            "rust|contract.call_function",
        ),
    ],
    "crates/host/src/targs/formats.rs": [
        (
            "if own.len() >= required && letters",
            "if letters",
            "w_unpack leaves values as they were and says that it set them",
            "rust|contract.blocks",
        ),
        (
            " && matches!(view.item(0), Item::Text(None))",
            "",
            "a hub that unpacks one text too few gets the second instead of the first",
            "contract.blocks",
        ),
        (
            "Ok(low) => i64::from(low.cast_signed()),",
            "Ok(low) => i64::from(low),",
            "the class of an unknown nick is 4294967294 instead of -2",
            "rust|contract.vh_functions|contract.hooks",
        ),
    ],
    "crates/host/src/targs/malloc.rs": [
        (
            "            let copy = malloc_text(text);\n",
            "            let copy = malloc_text(&text[..text.len().min(1)]);\n",
            "lists of texts hold their first letters only",
            "rust|contract.call_function",
        ),
        (
            "text(cell).map(<[u8]>::to_vec)",
            "Some(text(cell).unwrap_or_default().to_vec())",
            "NULL in the hub's database is an empty text for scripts",
            "contract.vh_functions|sql.*",
        ),
    ],
    "crates/host/src/targs/print.rs": [
        (
            "        Telling::Text => plain::quoted(&secrets::masked(text)),\n",
            "        Telling::Text => plain::quoted(text),\n",
            "passwords that users send in commands are in the hub's log",
            "guard.log_attacks",
        ),
        (
            "        Telling::Secret => plain::quoted(secrets::MASK),\n",
            "        Telling::Secret => plain::quoted(text),\n",
            "passwords that scripts set are in the hub's log",
            "guard.log_attacks",
        ),
    ],
    "crates/host/src/targs/view.rs": [
        (
            "if !is_letter(letter) || (*element(block, length)).kind as u8 != letter {",
            "if !is_letter(letter) {",
            "a block whose types are not those of its format is taken for what it is not",
            "rust|contract.bad_input",
        ),
        (
            "Some((0..).map_while(",
            "Some((0..1).map_while(",
            "only the first text of a list arrives",
            "rust|contract.call_function",
        ),
    ],
    "crates/host/src/targs/release.rs": [
        (
            "                && !is_inside(block, address)\n",
            "",
            "releasing a block whose texts lie inside ends the hub",
            "contract.blocks|rust",
        ),
        (
            "matches!(letter, b's' | b'D' | b'L')",
            "matches!(letter, b's' | b'L')",
            "the JSON of each block costs memory for ever",
            "contract.blocks",
        ),
        (
            "        if block == args.as_ptr() {\n            return;\n        }\n",
            "",
            "a hub whose callback answers with its arguments crashes",
            "contract.vh_functions|contract.memory",
        ),
        (
            "            let literal = self.literal_texts && is_in_program(address);\n".replace(
                "            ", "                ", 1
            ),
            "                let literal = false && is_in_program(address);\n",
            "vh.GetGeoIP crashes older hubs",
            "contract.vh_functions|contract.memory",
        ),
    ],
    "crates/core/src/hooks.rs": [
        (
            'hook(c"OnUserLogin", "s", "nick"),',
            'observer(c"OnUserLogin", "s", "nick"),',
            "a script that is to refuse logins when it fails lets all users in",
            "guard.refuse.*|rust",
        ),
        (
            'Hook { reply: Reply::Chat, ..hook(c"OnParsedMsgChat",',
            'Hook { reply: Reply::Common, ..hook(c"OnParsedMsgChat",',
            "scripts cannot change lines of chat",
            "contract.hooks",
        ),
    ],
    "crates/core/src/callbacks.rs": [
        (
            "Numbering::Classic if self.slot > GET_IP_CITY => Some(self.slot - 1),",
            "Numbering::Classic if self.slot > GET_IP_CITY => Some(self.slot),",
            "old hubs do something else than the script asks for",
            "contract.vh_functions",
        ),
        (
            'text("nick"), int("flag")], Bool, "Clear a status',
            'text("nick"), int_or_zero("flag")], Bool, "Clear a status',
            "a forgotten argument is not told",
            "rust|contract.vh_functions|documents.blocks",
        ),
    ],
    "crates/host/src/hub.rs": [
        (
            "    let generation = named_generation().unwrap_or_else(|| recognise(table));\n",
            "    let generation = recognise(table);\n    let _ = named_generation;\n",
            "VH_PYTHON_GENERATION does nothing",
            "contract.*|lifecycle.host",
        ),
        (
            "    OFFERED.set(None);\n",
            "",
            "the library calls a hub that has ended",
            "contract.own_account",
        ),
        (
            "    if empty(42) && empty(43) && empty(44) && set(45) {",
            "    if empty(42) && empty(43) && empty(44) {",
            "a hub without functions is taken for an old one",
            "contract.lifecycle|contract.vh_functions",
        ),
    ],
    "crates/host/src/host_functions.rs": [
        (
            "        let replaced = self.0.lock().insert(name.to_vec(), function);\n",
            "        let replaced = self.0.lock().entry(name.to_vec()).or_insert(function).clone();\n",
            "a function that is registered again stays the old one",
            "contract.registered_functions|contract.owning_functions",
        ),
        (
            "            result.release(&self.args);\n",
            "            std::mem::forget(result);\n",
            "each answer of the hub costs memory for ever",
            "contract.memory|contract.memory.address",
        ),
    ],
    # Settings, advice, stubs.
    "crates/core/src/config.rs": [
        (
            '"0" | "off" | "no" | "false" => Some(false),',
            '"0" => Some(false),',
            "a setting that says no is on",
            "rust|contract.advice|guard.crash|guard.breaker",
        ),
        (
            "        Ok(number) if (0.0..1e9).contains(&number) => number,\n",
            "        Ok(number) => number,\n",
            "a negative limit of output is taken, and nothing is printed",
            "guard.logs|rust",
        ),
    ],
    "crates/core/src/comments.rs": [
        (
            "lines(source).take(LINES).filter_map(|line| {",
            "lines(source).take(1).filter_map(|line| {",
            "settings below the first line are not read",
            "rust",
        ),
        (
            "without_comment(value).trim().to_owned()",
            "value.trim().to_owned()",
            "a setting with a comment behind it is wrong",
            "rust",
        ),
        (
            "None if name.contains(char::is_whitespace) => None,",
            "None if false => None,",
            "sentences in comments are told as mistakes",
            "rust|contract.advice",
        ),
    ],
    "crates/core/src/nearest.rs": [
        (
            "(distance <= mistakes).then_some(known)",
            "Some(known).filter(|_| distance <= mistakes + 3)",
            "authors are told of hooks that they did not mean",
            "rust|contract.advice",
        ),
        (
            "                least = least.min(before[column - 1] + 1);\n",
            "                let _ = &before;\n",
            "two letters that changed places are not recognised",
            "rust",
        ),
    ],
    "crates/host/src/on_error.rs": [
        (
            'const WAY_OUT: [&str; 6] = ["pyload", "pyunload", "pyreload", "pylist", "pyfiles", "pylog"];',
            'const WAY_OUT: [&str; 5] = ["pyload", "pyunload", "pylist", "pyfiles", "pylog"];',
            "operators cannot reload a script that refuses all commands",
            "guard.refuse.*|rust",
        ),
        (
            "let all = if whole == Some(true) || wrong.is_some() { DECIDING } else { 0 };",
            "let all = if whole == Some(true) { DECIDING } else { 0 };",
            "a script whose setting on_error is misspelt lets everything pass",
            "guard.refuse.*|rust",
        ),
    ],
    "crates/scripts/src/stubs.rs": [
        (
            "        defined | self.known(script).hooks\n",
            "        let _ = script;\n        defined\n",
            "a script that cannot be read any more lets everything pass",
            "guard.refuse.*",
        ),
        (
            'line.strip_prefix("async").map_or(line, str::trim_start)',
            "line",
            "hooks that are async are not refused when a script has a mistake",
            "rust|guard.refuse.*",
        ),
        (
            "            all.remove(script);\n",
            "            let _ = script;\n",
            "a script refuses what it does not ask to refuse any more",
            "guard.refuse.*|rust",
        ),
    ],
    "crates/scripts/src/unloading.rs": [
        (
            "    script.functions.clear();\n",
            "",
            "a hub never gets the data back of functions that it registered",
            "contract.owning_functions|rust",
        ),
        (
            "        script.listening.only_refuse();\n",
            "",
            "w_HasHook names hooks of a script that is being unloaded",
            "rust|guard.refuse.*|lifecycle.nested_unload",
        ),
        (
            "        error = running_for(&script, || runs.unload(&script, deadline));\n",
            "        error = runs.unload(&script, deadline);\n",
            "UnLoad() of a script in main cannot call the hub",
            "contract.lifecycle|lifecycle.leaving|lifecycle.shared_interpreter",
        ),
        (
            "        script.entry_points.sum_up(clock::ticking(), true);\n",
            "",
            "how often an error came again is not told when its script is unloaded",
            "guard.logs|rust",
        ),
    ],
    "crates/cpython/src/advice.rs": [
        (
            "        names.iter().any(|name| name.to_text() == meant)\n",
            "        names.is_empty() && meant.is_empty()\n",
            "a helper function with nearly a hook's name is told as a mistake",
            "contract.advice",
        ),
        (
            ".filter(|folder| folder.is_dir())",
            ".filter(|_| false)",
            "nobody hears of files that hide modules of Python",
            "contract.advice",
        ),
    ],
    # The library's own threads and faults.
    "crates/core/src/clock.rs": [
        (
            "ticking() + exact.saturating_sub(before).min(LONGEST_TICK.as_nanos() as u64)",
            "ticking() + exact.saturating_sub(before)",
            "after the machine slept, every call is interrupted",
            "guard.deadline|rust",
        ),
        (
            "time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64",
            "time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64",
            "deadlines and statistics are wrong",
            "guard.deadline|guard.stats|rust",
        ),
    ],
    "crates/core/src/panics.rs": [
        (
            '        caught.tell("what it had to do is left undone");\n',
            "        let _ = caught;\n",
            "a fault of the library is not told",
            "panics.injected|rust",
        ),
        (
            '        write(&format!("PY: {line} (the log has failed, too)"));\n',
            "",
            "a fault of the log is not told",
            "panics.injected|rust",
        ),
    ],
    "crates/core/src/spawn.rs": [
        (
            "                pause => (pause * 2).min(LONGEST_PAUSE),\n",
            "                pause => pause * 2,\n",
            "after some faults deadlines are off for minutes",
            "panics.injected|rust",
        ),
        (
            '            caught.tell_of_thread("it is started again");\n',
            '            caught.tell_of_thread("it is started again");\n            return;\n',
            "after a fault of the library there are no deadlines any more",
            "rust|panics.injected",
        ),
    ],
    "crates/core/src/log.rs": [
        (
            "    let level = usize::try_from(level).unwrap_or(0).min(LEVELS.len() - 1);\n",
            "    let level = usize::try_from(level).unwrap_or(0) % LEVELS.len();\n",
            "a hub that wants to see more sees less",
            "contract.lifecycle",
        ),
        (
            "    [LevelFilter::WARN, LevelFilter::INFO, LevelFilter::DEBUG, LevelFilter::TRACE];\n",
            "    [LevelFilter::ERROR, LevelFilter::WARN, LevelFilter::DEBUG, LevelFilter::TRACE];\n",
            "what scripts log is not shown",
            "guard.logs",
        ),
        (
            "self.script.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(-1)",
            "self.script.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(0)",
            "the log sink hears that records of the library are the first script's",
            "guard.logs",
        ),
    ],
    # Statistics.
    "crates/core/src/stats.rs": [
        (
            "        self.times.record(time, start.weight);\n",
            "        self.times.record(time, 1);\n",
            "the times that most calls stay below are those of the slow ones",
            "rust|guard.stats",
        ),
        (
            "        let is_slow = time >= SLOW;\n        if is_slow {\n",
            "        let is_slow = time >= SLOW;\n        if false {\n",
            "slow calls among fast ones are not timed",
            "rust|guard.stats",
        ),
    ],
    "crates/guard/src/statistics.rs": [
        (
            "    entry_points.retain(|entry_point| entry_point.row().was_called());\n",
            "",
            "statistics list what was never called",
            "guard.stats",
        ),
        (
            'text.replace(\'\\\\\', "\\\\\\\\").replace(\'"\', "\\\\\\"").replace(\'\\n\', "\\\\n")',
            "text.to_owned()",
            "a function with a strange name breaks the text for Prometheus",
            "rust",
        ),
        (
            'out.count("skipped", numbers.skipped);',
            'out.count("skipped", numbers.timeouts);',
            "the statistics tell how often a hook was late where they tell how often it was not called",
            "guard.stats|guard.breaker",
        ),
        (
            "    nanoseconds as f64 / 1e9",
            "    nanoseconds as f64 / 1e6",
            "times in the statistics are a thousand times too long",
            "guard.stats",
        ),
    ],
    # SQL and passwords.
    "crates/host/src/sql.rs": [
        (
            "    if known.turn == turn {\n",
            "    if known.turn == turn || true {\n",
            "after the database changed, values are written as the one before wants them",
            "sql.sqlite|rust",
        ),
        (
            'b"sql_mode", b"names",',
            'b"no_mode", b"names",',
            "after a script changed sql_mode, values are written as before",
            "rust|sql.mariadb",
        ),
    ],
    "crates/host/src/sql/dialect.rs": [
        (
            "        converts: client != connection,\n",
            "        converts: false,\n",
            "nicks can change a query of a connection that converts character sets",
            "rust|sql.mariadb",
        ),
        (
            'backslash_escapes: !has("NO_BACKSLASH_ESCAPES"),',
            "backslash_escapes: true,",
            "backslashes in texts are doubled in some databases",
            "rust|sql.mariadb",
        ),
    ],
    "crates/host/src/sql/literal.rs": [
        (
            "            b'\\\\' if last >= 0x80 => literal.extend_from_slice(b\"' '\\\\\\\\\"),\n",
            "",
            "nicks can change a query in a database that speaks GBK",
            "rust|sql.mariadb",
        ),
        (
            "if byte == b'\\'' { b\"''\" } else { std::slice::from_ref(&byte) }",
            "std::slice::from_ref(&byte)",
            "nicks can change queries",
            "rust|sql.sqlite",
        ),
    ],
    "crates/host/src/sql/table.rs": [
        (
            "let count = |index| number(index).map(|number| number.max(0) as usize);",
            "let count = |index| number(index).map(|number| number as usize);",
            "a negative number of rows ends the hub",
            "contract.vh_functions|rust",
        ),
        (
            "self.cells.chunks(self.columns.max(1))",
            "self.cells.chunks(1)",
            "each cell of a table is a row",
            "contract.vh_functions|sql.sqlite",
        ),
    ],
    "crates/host/src/sql/template.rs": [
        (
            "            [b'#', ..] if !is_sqlite => Ok(self.behind_line(place)),\n",
            "",
            "a question mark in a comment takes a value",
            "rust",
        ),
        (
            "                b'\\\\' if escapes => 2,\n",
            "",
            "a quote behind a backslash ends a text: what follows is taken for places of values",
            "rust",
        ),
    ],
    "crates/cpython/src/vh/sql.rs": [
        (
            "    if changes_reading || !found.item(0).is_some_and(|succeeded| succeeded.is_true()) {\n",
            "    if changes_reading {\n",
            "after the hub's database was replaced, values are written as the one before wants them",
            "sql.sqlite|contract.vh_functions",
        ),
        (
            "        values[2] = values[1].take();\n",
            "        values[1].take();\n",
            "old scripts that give a limit as second argument get all rows",
            "contract.vh_functions",
        ),
    ],
    "crates/core/src/log/secrets.rs": [
        (
            '    [b"passw".as_slice(), b"pwd", b"secret"].iter()',
            '    [b"passw".as_slice(), b"secret"].iter()',
            "variables of the hub with a pwd in their names are in the log",
            "rust|guard.logs",
        ),
        (
            '    let said = find(text, b"> ").map(|place| place + 2);\n',
            "    let said: Option<usize> = None;\n",
            "passwords that users say in commands are in the log",
            "rust|guard.logs",
        ),
    ],
    # The interpreters.
    "crates/cpython/src/call.rs": [
        (
            "    telling::result(script, hook.text, block.as_ref());\n",
            "",
            "the log does not show what hooks answer, whatever its level",
            "contract.lifecycle",
        ),
        (
            "        telling::of_hook(hook.number, params, index)\n",
            '        let _ = index;\n        telling::of_function(b"")\n',
            "passwords of users are in the log",
            "guard.logs|guard.log_attacks|contract.lifecycle",
        ),
        (
            "    if !entry_point.admits() {\n        return Err(None);\n    }\n",
            "    entry_point.admits();\n",
            "a hook that was stuck three times is called on",
            "guard.breaker",
        ),
        (
            "        Ok(returned) if call.ends_late() => {\n"
            "            drop(returned);\n"
            "            call.answers_too_late();\n"
            "            Err(None)\n"
            "        }\n",
            "",
            "the answer of a hook that came too late counts",
            "guard.deadline|guard.refuse.*",
        ),
    ],
    "crates/cpython/src/gil_state.rs": [
        (
            "    if !current.is_null() {\n        place::find(current);\n",
            "    if false && !current.is_null() {\n        place::find(current);\n",
            "C extensions deadlock in interpreters of scripts",
            "lifecycle.host|field.sub|contract.isolation",
        ),
        (
            "    unsafe { ffi::PyGILState_GetThisThreadState() }.is_null()\n",
            "    !unsafe { ffi::PyGILState_GetThisThreadState() }.is_null()\n",
            "a place of somebody else is taken for Python's",
            "lifecycle.host|field.sub|contract.isolation",
        ),
    ],
    "crates/cpython/src/gil_state/key.rs": [
        (
            "                libc::pthread_setspecific(key, current.cast());\n",
            "",
            "C extensions crash the hub",
            "lifecycle.host|contract.isolation",
        ),
        (
            "        unsafe { libc::pthread_setspecific(key as libc::pthread_key_t, thread_state.cast()) };\n",
            "        let _ = thread_state;\n",
            "C extensions take another script's interpreter for theirs",
            "lifecycle.host|field.sub|contract.isolation",
        ),
    ],
    "crates/cpython/src/gil_state/variable.rs": [
        (
            "                word.write(current);\n",
            "",
            "C extensions crash the hub",
            "lifecycle.host|contract.isolation",
            ">=3.15",
        ),
        (
            "        unsafe { variable.write(thread_state) };\n",
            "        let _ = (variable, thread_state);\n",
            "C extensions take another script's interpreter for theirs",
            "lifecycle.host|field.sub|contract.isolation",
            ">=3.15",
        ),
    ],
    "crates/cpython/src/imports.rs": [
        (
            "folders.filter(|folder| folder.is_absolute()).collect()",
            "folders.take(0).collect()",
            "packages of the system that need main are not recognised",
            "lifecycle.preflight|clients.numpy.python3",
        ),
        (
            "Ok(Imports { at_load: next(), in_functions: next() })",
            "Ok(Imports { in_functions: next(), at_load: next() })",
            "what only a function imports decides where a script runs",
            "lifecycle.preflight",
        ),
    ],
    "crates/cpython/src/init.rs": [
        (
            "        config.install_signal_handlers = 0;\n",
            "        config.install_signal_handlers = 1;\n",
            "Ctrl-C does not end the hub any more",
            "contract.lifecycle|lifecycle.host",
        ),
        (
            "        config.configure_locale = 0;\n",
            "        config.configure_locale = 1;\n",
            "the hub's numbers have other decimal points",
            "lifecycle.host|contract.isolation|field.sub",
        ),
    ],
    "crates/cpython/src/force_stop.rs": [
        (
            '        && !file.contains("/site-packages/")\n',
            "",
            "packages get two seconds more than scripts to catch their exception",
            "guard.deadline",
        ),
        (
            "    if since < GRACE {\n        return false;\n    }\n",
            "",
            "a hook gets no time to clean up after its deadline",
            "guard.deadline",
        ),
    ],
    "crates/cpython/src/force_stop/monitoring.rs": [
        (
            'scope::call(attached, c"watch_steps", &[]);',
            'scope::call(attached, c"unwatch_steps", &[]);',
            "from 3.12 on a hook that catches its exception runs on for ever",
            "guard.deadline",
            ">=3.12",
        ),
        (
            'scope::call(attached, c"unwatch_steps", &[]);',
            "Ok::<_, crate::python::object::Raised>(attached.none());",
            "from 3.12 on a script is slow for ever after it caught an exception",
            "guard.deadline",
            ">=3.12",
        ),
    ],
    "crates/cpython/src/force_stop/tracing.rs": [
        (
            "    if what != ffi::PyTrace_LINE && what != ffi::PyTrace_CALL {\n",
            "    if what != ffi::PyTrace_CALL {\n",
            "up to 3.11 a loop that catches its exception runs on for ever",
            "guard.deadline",
            "<3.12",
        ),
        (
            "        set(place, before.function, before.object);\n",
            "        set(place, None, std::ptr::null_mut());\n",
            "up to 3.11 a script's own trace function is gone after a late call",
            "guard.deadline",
            "<3.12",
        ),
    ],
    "crates/cpython/src/interpreter.rs": [
        (
            "        all.retain(|known| known.strong_count() > 0);\n",
            "",
            "each load of a script costs memory for ever",
            "lifecycle.reload.sub",
        ),
        (
            "        (!thread_state.is_null()).then(",
            "        (false && !thread_state.is_null()).then(",
            "the log does not say which script's own thread crashed the hub",
            "guard.crash",
        ),
    ],
    "crates/cpython/src/interpreter/create.rs": [
        (
            "(lock == Lock::Shared && NEEDS_TICKER)",
            "(false && lock == Lock::Shared && NEEDS_TICKER)",
            "a script's thread that is busy keeps the hub waiting",
            "lifecycle.busy_script",
            "<3.13",
        ),
        (
            "        allow_daemon_threads: 1,\n",
            "        allow_daemon_threads: 0,\n",
            "scripts cannot start daemon threads",
            "lifecycle.unload|contract.threads",
            ">=3.12",
        ),
    ],
    "crates/cpython/src/interpreter/enter.rs": [
        (
            "            if let Some(suspended) = self.suspended {\n"
            "                ffi::PyEval_RestoreThread(suspended);\n            }\n",
            "",
            "a script whose call of the hub ends in another script crashes it",
            "contract.isolation|lifecycle.nested_unload",
        ),
        (
            "(!attached.is_null() && (cfg!(Py_3_12) || attached == own))",
            "(!attached.is_null())",
            "two threads of the hub that call scripts at the same time crash it",
            "contract.threads",
            "<3.12",
        ),
    ],
    "crates/cpython/src/interpreter/janitor.rs": [
        (
            "        if let Some(suspended) = self.suspended {\n"
            "            // SAFETY: the thread state that `janitor` left",
            "        if let Some(suspended) = None {\n"
            "            // SAFETY: the thread state that `janitor` left",
            "a script that has another one unloaded crashes the hub",
            "lifecycle.nested_unload|contract.lifecycle",
        ),
        (
            "        self.interpreter.closing.store(false, Ordering::SeqCst);\n",
            "",
            "a script that was loaded again has no deadline any more",
            "guard.deadline",
        ),
    ],
    "crates/cpython/src/interpreter/prepare.rs": [
        (
            "matches!(*now, Preparation::NotAsked | Preparation::Failed)",
            "matches!(*now, Preparation::NotAsked)",
            "after one fault no script runs in the main interpreter any more",
            "panics.*",
        ),
        (
            "        unsafe { ffi::PyEval_RestoreThread(suspended) };\n        gil_state::set(seen);\n",
            "        let _ = (suspended, seen);\n",
            "a host that runs Python code of its own crashes as it loads the first script",
            "lifecycle.host",
        ),
    ],
    "crates/cpython/src/interpreter/start.rs": [
        (
            "        libc::sigaction(libc::SIGINT, &raw const host, ptr::null_mut());\n",
            "",
            "Ctrl-C does not end the hub any more",
            "contract.lifecycle",
        ),
        (
            "        waiting::take_place(attached);\n",
            "",
            "scripts in the main interpreter wait beyond their deadline",
            "guard.waits.*",
        ),
    ],
    "crates/cpython/src/interpreter/threads.rs": [
        (
            "kept.serial == serial && !kept.is_deleted()",
            "kept.serial == serial",
            "the hub crashes when it calls a script that was loaded again",
            "lifecycle.reuse|lifecycle.reload.sub",
        ),
        (
            "    with_thread(|thread| !thread.frames.is_empty())\n",
            "    with_thread(|_| true)\n",
            "a script's own thread is in the hub beside the hub's thread",
            "lifecycle.script_threads|contract.threads",
        ),
    ],
    "crates/cpython/src/interpreter/visits.rs": [
        (
            "                || entries.iter().any(|entry| entry.thread_state == state)\n",
            "                || entries.is_empty()\n",
            "the hub's threads are taken for a script's: it is never unloaded",
            "lifecycle.unload|lifecycle.reuse",
        ),
        (
            "[kept, self.janitor.load(Ordering::Acquire)].into_iter()",
            "[kept].into_iter()",
            "a script that does not come to its end at an unload keeps the hub for ever",
            "guard.deadline|lifecycle.leaving",
        ),
    ],
    "crates/cpython/src/interrupt.rs": [
        (
            "    if let Err(raised) = let_arrive(attached) {\n        attached.clear(raised);\n    }\n",
            "",
            "the exception of a call that just ended comes into the next one",
            "guard.deadline|guard.sending",
        ),
        (
            "    if attempt.is_in_host() {\n"
            "        return Some(AttemptResult::InHost(stack));\n"
            "    }\n",
            "",
            "an exception comes late, into another call",
            "guard.deadline|guard.sending",
        ),
    ],
    "crates/cpython/src/load.rs": [
        (
            "    unload::abandon(loaded, script, Instant::now() + unload_time());\n",
            "    drop(loaded);\n",
            "threads of a script that failed to load run on",
            "lifecycle.leaving|lifecycle.settings",
        ),
        (
            "    chosen == Ok(Runtime::Worker)\n",
            "    chosen.is_ok() && false\n",
            "a script that asks for a process of its own does not get one",
            "guard.worker",
        ),
    ],
    "crates/cpython/src/names.rs": [
        (
            "let same = |known: &&Name| *known.bytes == *name;",
            "let same = |known: &&Name| known.bytes.len() == name.len();",
            "another function of the script is called",
            "contract.call_function|rust",
        ),
        (
            "            return namespace.dict_value(&known);\n",
            "            return namespace.dict_value(&known).or(Some(known));\n",
            "a function that a script deleted is found as a text",
            "contract.call_function",
        ),
    ],
    "crates/cpython/src/object.rs": [
        (
            "        let object = if value {\n",
            "        let object = if !value {\n",
            "scripts get False for true, and True for false",
            "contract.call_function|contract.vh_functions",
        ),
        (
            "        unsafe { ffi::Py_DECREF(self.as_ptr()) };\n",
            "        let _ = ffi::Py_DECREF;\n",
            "each call costs memory for ever",
            "contract.memory|lifecycle.reload.sub",
        ),
    ],
    "crates/cpython/src/object/code.rs": [
        (
            "unsafe { self.take(ffi::PyImport_ImportModule(name.as_ptr())) }",
            "unsafe { Ok(self.borrow(ffi::PyImport_AddModule(name.as_ptr())).unwrap()) }",
            "modules that nobody imported before are empty",
            "contract.lifecycle|contract.vh_functions",
        ),
        (
            "                arguments.len(),\n",
            "                arguments.len().min(1),\n",
            "functions of scripts get their first argument only",
            "contract.call_function|contract.lifecycle",
        ),
    ],
    "crates/cpython/src/object/containers.rs": [
        (
            "        if !self.is_tuple() && !self.is_list() {\n",
            "        if !self.is_tuple() {\n",
            "hooks that answer lists answer nothing",
            "contract.hooks|contract.call_function",
        ),
        (
            "dict.set_dict_pair(&pair[0], &pair[1])?;",
            "dict.set_dict_pair(&pair[1], &pair[0])?;",
            "keys and values of JSON are exchanged",
            "contract.call_function",
        ),
    ],
    "crates/cpython/src/object/exceptions.rs": [
        (
            '&format!("{kind}: {message}")',
            "message",
            "an exception of the host that Python does not have is told without its name",
            "contract.owning_functions",
        ),
        (
            "ffi::PyType_IsSubtype(found.as_ptr().cast(), ffi::PyExc_Exception.cast()) != 0;",
            "true;",
            "a function of the hub can end the script's thread by SystemExit",
            "contract.owning_functions",
        ),
    ],
    "crates/cpython/src/object/kept.rs": [
        (
            "unsafe { attached.borrow(self.0.as_ptr()) }.expect",
            "unsafe { attached.take(self.0.as_ptr()) }.expect",
            "the hub crashes after some calls",
            "contract.call_function|contract.hooks",
        ),
        (
            "        drop(unsafe { attached.take(self.0.as_ptr()) });\n",
            "        std::mem::forget(unsafe { attached.take(self.0.as_ptr()) });\n",
            "what a script held stays when it is unloaded",
            "lifecycle.unload|lifecycle.reload.sub",
        ),
    ],
    "crates/cpython/src/object/make.rs": [
        (
            "const TWO_BYTES: i32 = 2;",
            "const TWO_BYTES: i32 = 1;",
            "each second character of a hub that speaks CP1251 is a NUL",
            "contract.text",
        ),
        (
            "const FOUR_BYTES: i32 = 4;",
            "const FOUR_BYTES: i32 = 2;",
            "each second character of a hub that speaks GBK is a NUL",
            "contract.text",
        ),
    ],
    "crates/cpython/src/object/read.rs": [
        (
            "        (overflow == 0).then_some(value)\n",
            "        Some(value)\n",
            "large integers become -1",
            "contract.call_function|contract.hooks",
        ),
        (
            "&raw mut ffi::PyCoro_Type) != 0 }",
            "&raw mut ffi::PyCoro_Type) > 1 }",
            "hooks that are coroutines never run",
            "lifecycle.async",
        ),
    ],
    "crates/cpython/src/output.rs": [
        (
            "    let owner = owner.and_then(|serial| directory::with_serial(serial as u64));\n    let file",
            "    let owner = owner.and_then(|serial| directory::with_serial(serial as u64 + 1));\n    let file",
            "lines that scripts print do not tell whose they are",
            "guard.logs|contract.isolation",
        ),
        (
            "        return Ok((message.to_text(), level.and_then(|level| level.as_i64())));\n",
            "        return Ok((message.to_text(), None));\n",
            "the level of vh.log is not looked at",
            "guard.logs|contract.vh_functions|guard.log_filter",
        ),
    ],
    "crates/cpython/src/parking.rs": [
        (
            "parked.iter().rposition(|parked| parked.home == *home)?;",
            "parked.iter().rposition(|parked| parked.home.lock == home.lock)?;",
            "a script gets the interpreter of another one",
            "lifecycle.reuse",
        ),
        (
            "(too_many > 0 || !one.home.path.exists())",
            "false",
            "interpreters of scripts that are gone stay for ever",
            "lifecycle.reuse|lifecycle.reload.sub",
        ),
    ],
    "crates/cpython/src/priming.rs": [
        (
            "            tell(main, row.function, scope::call(main, row.function, &[]));\n",
            "            let _ = (main, row.function);\n",
            "dates break in other scripts when the first that read one is gone",
            "lifecycle.reuse|field.sub",
            "<3.13",
        ),
        (
            "        tell(attached, source, attached.run(source));\n",
            "        let _ = (attached, source);\n",
            "up to 3.11 escapes with names of characters break in other scripts",
            "field.sub",
            "<3.12",
        ),
    ],
    "crates/cpython/src/report.rs": [
        (
            '            if !file.starts_with("<vh ") {\n',
            "            if true {\n",
            "errors are told at places inside of the library",
            "guard.logs|guard.deadline|contract.last_error",
        ),
        (
            "    taken.note_refusal(script.runtime());\n",
            "    let _ = script.runtime();\n",
            "a package that refuses the runtime refuses it again at the next load",
            "lifecycle.preflight|contract.advice|packages.*|lifecycle.host",
        ),
        (
            '            if !file.starts_with("<vh ") {\n',
            "            {\n",
            "errors are said to be in the library",
            "rust|contract.last_error|guard.logs|lifecycle.async",
        ),
    ],
    "crates/cpython/src/scope.rs": [
        (
            '    namespace.set_dict_item(c"__builtins__", &builtins.call_method(c"copy", &[])?)?;\n',
            '    namespace.set_dict_item(c"__builtins__", &builtins)?;\n',
            "a script that breaks Python's builtins breaks its unload",
            "lifecycle.reuse|contract.isolation|guard.beside",
        ),
        (
            '        Err(error) => Err(report::raise(attached, &error, "run_in_host")),\n',
            "        Err(_) => Ok(attached.none()),\n",
            "work that is refused is lost without a word",
            "lifecycle.script_threads",
        ),
    ],
    "crates/cpython/src/scope/names.rs": [
        (
            "            joined.push(0);\n        }\n        joined.push(0);\n",
            "            joined.push(0);\n        }\n",
            "the names of all modules of a baseline are those of the first",
            "field.sub|lifecycle.reuse",
        ),
        (
            "position(|known| **known == *names)",
            "position(|_| true)",
            "an interpreter is put back to the baseline of another",
            "field.sub|lifecycle.reuse",
        ),
    ],
    "crates/cpython/src/sending.rs": [
        (
            "    let may = !state.is_some_and(|state| is_importing(attached, state));\n",
            "    let may = true;\n",
            "an interrupted import keeps its lock: later imports hang",
            "guard.sending",
        ),
        (
            "    if may {\n",
            "    if !may {\n",
            "threads of a script are not stopped when it is unloaded",
            "lifecycle.unload|lifecycle.script_threads",
        ),
        (
            "            LOCKING => return frame.as_ptr() == innermost.as_ptr(),\n",
            "            LOCKING => return false,\n",
            "up to 3.12 an interrupted import keeps its lock: later imports hang",
            "guard.sending",
            "<3.13",
        ),
        (
            "const LOOKS_LATER: bool = cfg!(Py_3_13);",
            "const LOOKS_LATER: bool = false;",
            "from 3.13 on an interrupted import keeps its lock: later imports hang",
            "guard.sending",
            ">=3.13",
        ),
        (
            "    if !receiver.state.is_null() {\n        return Some(receiver.state);\n    }\n",
            "    if receiver.state.is_null() {\n        return None;\n    }\n",
            "an import of a script's own thread keeps its lock when it is interrupted",
            "guard.sending|lifecycle.script_threads",
        ),
    ],
    "crates/cpython/src/sending/by_state.rs": [
        (
            "    let Some(state) = state else { return };\n",
            "    let state = state.unwrap_or_else(|| thread_state::all(attached).next().unwrap());\n",
            "up to 3.11 an exception for a thread that has gone comes to another",
            "guard.sending|lifecycle.script_threads",
            "<3.12",
        ),
        (
            "    if has_one(state) {\n        return; // It is on its way.\n    }\n",
            "",
            "up to 3.11 an exception comes to the wrong thread",
            "guard.sending",
            "<3.12",
        ),
    ],
    "crates/cpython/src/stand_in.rs": [
        (
            "            if place.replace(value).is_some() {\n                return None;\n            }\n",
            "            place.replace(value);\n",
            "an argument that is given twice is not told",
            "guard.waits_in_time|guard.waits_elsewhere",
        ),
        (
            "        if positional.len() > N {\n            return None;\n        }\n",
            "",
            "too many arguments are not told",
            "guard.waits_in_time|guard.waits_elsewhere",
        ),
    ],
    "crates/cpython/src/thread_state.rs": [
        (
            "ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get())",
            "ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Main())",
            "scripts see the threads of others",
            "field.sub",
        ),
        (
            "        (Some(at), None) => NUMBER_AT.store(at, Ordering::Release),\n",
            "        (Some(_), None) => {}\n",
            "from 3.12 on nobody knows which thread a thread state is of",
            "field.sub|guard.sending",
            ">=3.12",
        ),
        (
            "    numbers: [c_int; 7],\n",
            "    numbers: [c_int; 9],\n",
            "on 3.11 deadlines crash the hub",
            "guard.sending|guard.deadline",
            "<3.12",
        ),
        (
            "    counter: c_int,\n",
            "    counter: [c_int; 3],\n",
            "up to 3.11 exceptions are written over something else",
            "guard.sending|guard.deadline",
            "<3.12",
        ),
    ],
    "crates/cpython/src/ticker.rs": [
        (
            "            has_threads = threads(state) > WITHOUT_THREADS;\n",
            "            has_threads = threads(state) > 1000;\n",
            "before 3.13 threads of busy scripts delay the hub",
            "lifecycle.busy_script|lifecycle.script_threads",
            "<3.13",
        ),
        (
            "            thread.thread().unpark();\n",
            "",
            "before 3.13 each unload takes longer",
            "lifecycle.unload",
            "<3.13",
        ),
    ],
    "crates/cpython/src/trampoline.rs": [
        (
            '    caught.tell("the script gets a RuntimeError");\n',
            "    let _ = caught;\n",
            "a fault of the library is not told",
            "panics.injected",
        ),
        (
            "        Err(Raised) => -1,\n",
            "        Err(Raised) => 0,\n",
            "a module that could not be filled is taken for one",
            "panics.injected",
        ),
    ],
    "crates/cpython/src/waiting.rs": [
        (
            "        if blocking.as_ref().is_some_and(|blocking| !blocking.is_true()) {\n"
            "            return self.pass_on();\n        }\n",
            "",
            "a script that only tries a lock waits for it",
            "guard.waits_in_time|guard.waits.*",
        ),
        (
            "            if is_answer(&result) || wait.is_over() {\n",
            "            if is_answer(&result) {\n",
            "waits with a time limit last until the deadline",
            "guard.waits_in_time|guard.waits.*",
        ),
    ],
    "crates/cpython/src/vh.rs": [
        (
            "        Some(script) if !script.is_closed() => call(script),\n",
            "        Some(script) => call(script),\n",
            "finalizers of a script that is gone call the hub",
            "lifecycle.leaving|lifecycle.script_threads",
        ),
        (
            "            running.as_ref()\n",
            "            drop(running);\n            None\n",
            "modules that scripts of the main interpreter share cannot call the hub",
            "lifecycle.shared_interpreter|contract.isolation",
        ),
    ],
    "crates/cpython/src/vh/binding.rs": [
        (
            "Binding { function, script: script.cloned() }",
            "Binding { function, script: script.cloned().filter(|_| false) }",
            "threads of a script in the main interpreter cannot call the hub",
            "lifecycle.script_threads|contract.threads",
        ),
        (
            "        Arc::increment_strong_count(script);\n",
            "",
            "the hub crashes after a script has been unloaded",
            "lifecycle.reuse|contract.vh_functions",
        ),
    ],
    "crates/cpython/src/vh/module.rs": [
        (
            '            namespace.call_method(c"pop", &[name])?;\n',
            "            let _ = name;\n",
            "what a script put into vh is there at its next load",
            "lifecycle.reuse",
        ),
        (
            "            (*binding).script = Some(Arc::clone(script));\n",
            "            let _ = (binding, script);\n",
            "a script that was loaded again cannot call the hub",
            "lifecycle.reuse|lifecycle.reload.sub",
        ),
    ],
    "crates/cpython/src/vh/table.rs": [
        (
            "        Outcome::Rows => Function::Sql(callback),\n",
            "        Outcome::Rows => Function::Callback(callback),\n",
            "vh.SQL puts no values into its query",
            "contract.vh_functions|sql.*",
        ),
        (
            '(c"Encode", Function::Encode,',
            '(c"Encode", Function::Decode,',
            "vh.Encode does the reverse",
            "contract.vh_functions",
        ),
    ],
    "crates/cpython/src/vh/arguments.rs": [
        (
            "            if values[index].replace(argument).is_some() {\n",
            "            values[index].replace(argument);\n            if false {\n",
            "an argument that is given twice is not told",
            "contract.vh_functions",
        ),
        (
            "    param.name == keyword || (!param.alias.is_empty() && param.alias == keyword)\n",
            "    param.name == keyword\n",
            "scripts that give arguments by their older names fail",
            "contract.vh_functions",
        ),
    ],
    "crates/cpython/src/vh/attributes.rs": [
        (
            "convert::from_hub_or_none(attached, path, &text::UTF8)",
            "convert::from_hub_or_none(attached, path, encoding)",
            "a script in a folder with letters does not find itself in a hub that speaks CP1251",
            "contract.text|contract.vh_functions",
        ),
        (
            "convert::from_hub_or_none(attached, text.as_deref(), encoding)",
            "convert::from_hub_or_none(attached, text.as_deref(), &text::UTF8)",
            "a bot's nick with letters is wrong in a hub that speaks CP1251",
            "contract.text|contract.vh_functions",
        ),
    ],
    "crates/cpython/src/vh/calls.rs": [
        (
            "    if changes_encoding {\n        hub::forget_encoding();\n    }\n",
            "    let _ = changes_encoding;\n",
            "after a script set the hub's encoding, text is still in the old one",
            "contract.text",
        ),
        (
            "    script.count_thread_vh_call();\n",
            "",
            "calls of threads are not counted in the statistics",
            "guard.stats",
        ),
    ],
    "crates/cpython/src/vh/constants.rs": [
        (
            "    add_version(module)\n",
            "    Ok(())\n",
            "scripts do not find the version",
            "contract.vh_functions",
        ),
        (
            "module.attached().int(value)?",
            "module.attached().int(value + 1)?",
            "every constant is one too large",
            "contract.vh_functions",
        ),
    ],
    "crates/cpython/src/vh/results.rs": [
        (
            "            raw.extend([u32::from('$'); 2]);\n",
            "            raw.extend([u32::from('$'); 1]);\n",
            "vh.GetRawNickList and its kind are no list of the protocol",
            "contract.vh_functions",
        ),
        (
            "        if !nicks.is_list() || !nicks.items().iter().all(Obj::is_str) {\n",
            "        if !nicks.is_list() {\n",
            "lists of nicks may hold what is no nick",
            "contract.vh_functions|contract.bad_input",
        ),
    ],
    "crates/cpython/src/vh/typed.rs": [
        (
            "    if arguments.len() != format.len() {\n",
            "    if arguments.len() < format.len() {\n",
            "a function of the hub that is given too much reads half of it",
            "contract.owning_functions|header.*",
        ),
        (
            "                (b'd', Piece::Int(number)) => Piece::Float(number as f64),\n",
            "",
            "an int in the place of a float is another number for the hub",
            "contract.owning_functions",
        ),
    ],
    # Python inside of the library.
    "crates/cpython/src/support/belonging.py": [
        (
            '            return LIBRARY_FOLDERS.isdisjoint(path[len(folder) :].split("/"))\n',
            "            return True\n",
            "packages in a virtual environment below the hub are imported anew at each load",
            "lifecycle.preflight|lifecycle.reuse",
        ),
        (
            "        return any(self.has_class(base) for base in kind.__bases__)\n",
            "        return False\n",
            "enums of a script stay in its interpreter",
            "lifecycle.reuse|field.sub|lifecycle.shared_interpreter",
        ),
    ],
    "crates/cpython/src/support/changes.py": [
        (
            "            if after in now:\n                set_again(*arguments)\n",
            "            set_again(*arguments)\n",
            "an unload changes settings that another script has made since",
            "lifecycle.settings",
        ),
        (
            "                owner.remove(item)\n",
            "                pass\n",
            "folders that a script of main put on sys.path stay",
            "lifecycle.settings|lifecycle.shared_interpreter|field.main",
        ),
    ],
    "crates/cpython/src/support/common.py": [
        (
            '        serial = getattr(threading.current_thread(), "_vh_script", None)\n',
            "        serial = None\n",
            "threads of scripts in main are nobody's: their calls of vh fail",
            "lifecycle.script_threads|lifecycle.shared_interpreter",
        ),
        (
            "    # A script may have closed or changed those of the load before.\n    replace_output()\n",
            "",
            "a script that closed sys.stdout prints nothing after its reload",
            "lifecycle.reuse|field.sub",
        ),
    ],
    "crates/cpython/src/support/importing.py": [
        (
            "            sys.path.insert(0, folder)\n",
            "            sys.path.append(folder)\n",
            "modules beside a script do not come first",
            "contract.isolation|field.sub",
        ),
        (
            "    for folder in reversed(folders):\n",
            "    for folder in folders:\n",
            "of two helper modules of one name a script gets the one of the hub's folder, not its neighbour",
            "contract.isolation|contract.advice|lifecycle.host|field.*",
        ),
    ],
    "crates/cpython/src/support/libraries.py": [
        (
            "            if not path.endswith(EXTENSIONS) and not is_library_file(path):\n",
            "            if not is_library_file(path):\n",
            "C modules beside a script are imported twice, which crashes some",
            "lifecycle.reuse|lifecycle.preflight",
        ),
        (
            "            found[name] = None  # The script forbids the import.\n",
            "            pass\n",
            "an import that a script forbade stays forbidden after its reload",
            "lifecycle.reuse|field.sub",
        ),
    ],
    "crates/cpython/src/support/logs.py": [
        (
            "                return  # The script is gone.\n",
            "                pass\n",
            "what somebody else logs is told as a script's that is gone",
            "lifecycle.shared_interpreter",
        ),
        (
            "                logger.removeHandler(handler)\n",
            "                pass\n",
            "each reload of a script writes each of its lines once more",
            "lifecycle.shared_interpreter|field.sub|field.main",
        ),
    ],
    "crates/cpython/src/support/looking.py": [
        (
            '        if type(node).__name__ in ("FunctionDef", "AsyncFunctionDef"):\n',
            '        if type(node).__name__ == "FunctionDef":\n',
            "what only an async function imports decides where a script runs",
            "lifecycle.preflight",
        ),
        (
            "                    names.update(inner.names)\n",
            "                    pass\n",
            "hooks that a function defines are not refused when the script fails",
            "guard.refuse.*",
        ),
    ],
    "crates/cpython/src/support/loops.py": [
        (
            "        vars(local)[self.name, current_serial()] = value\n",
            "        vars(local)[self.name, None] = value\n",
            "a script's event loop is not found again",
            "lifecycle.async",
        ),
        (
            "            scope.current_loops.append(value)\n",
            "            pass\n",
            "the event loop of a script is not closed at its unload",
            "lifecycle.async",
        ),
    ],
    "crates/cpython/src/support/main.py": [
        (
            "    def fork_exec_alone(arguments, *more):\n",
            "    def fork_exec_alone(arguments, *more):\n        return fork_exec(arguments, *more)\n",
            "preexec_fn of subprocess hangs the hub",
            "lifecycle.workers|contract.isolation|lifecycle.host",
        ),
        (
            "        self._vh_script = None if scope is None else scope.script\n",
            "        self._vh_script = None\n",
            "threads of scripts in main are not stopped at their unload",
            "lifecycle.unload|contract.threads",
        ),
    ],
    "crates/cpython/src/support/output.py": [
        (
            "    def close(self):\n",
            "    def close_nothing(self):\n",
            "a script that wraps sys.stdout closes it for others",
            "field.main|lifecycle.shared_interpreter",
        ),
        (
            "        if not scope.shared:\n            return scope.script\n",
            "        pass\n",
            "lines that threads of a script print have no name of a script",
            "guard.logs",
        ),
    ],
    "crates/cpython/src/support/preparing.py": [
        (
            "    forbid_exit()\n",
            "",
            "os._exit of a script ends the hub",
            "guard.logs",
        ),
        (
            "    forbid_fork()\n",
            "",
            "a fork in a script hangs the hub's child",
            "lifecycle.workers|contract.isolation",
        ),
    ],
    "crates/cpython/src/support/priming.py": [
        (
            "    module._strptime_datetime = strptime_here\n",
            "    pass\n",
            "before 3.13 no script reads a date",
            "lifecycle.reuse|field.sub",
            "<3.13",
        ),
        (
            '        if before is not None:\n            sys.modules["_strptime"] = before\n',
            "",
            "before 3.13 a module that a script has is imported a second time",
            "field.main",
            "<3.13",
        ),
    ],
    "crates/cpython/src/support/restoring.py": [
        (
            "            namespace[name] = value\n",
            "            pass\n",
            "a builtin that a script replaced stays replaced after its reload",
            "lifecycle.reuse",
        ),
        (
            "            codecs.unregister(function)\n",
            "            pass\n",
            "codecs of a script stay after it is gone",
            "lifecycle.reuse|field.sub",
        ),
    ],
    "crates/cpython/src/support/settings.py": [
        (
            "            elif is_same(now.get(name), after):\n",
            "            elif True:\n",
            "an unload changes settings that another script has made since",
            "lifecycle.settings",
        ),
        (
            '    "folder": pair("posix", "getcwd", "chdir"),\n',
            "",
            "the hub's working directory stays as a script left it",
            "lifecycle.settings|field.sub|field.main",
        ),
    ],
    "crates/cpython/src/support/steps.py": [
        (
            "        events.EXCEPTION_HANDLED,\n",
            "",
            "a hook that catches every exception in a loop is not ended",
            "guard.deadline",
            ">=3.12",
        ),
        (
            "    MONITORING.free_tool_id(tool)\n",
            "    pass\n",
            "profilers find no free place after a deadline",
            "guard.deadline",
            ">=3.12",
        ),
    ],
    "crates/cpython/src/support/sweeping.py": [
        (
            "        atexit._run_exitfuncs()\n",
            "        pass\n",
            "libraries do not finish when their interpreter ends",
            "lifecycle.reuse|lifecycle.leaving|lifecycle.unload",
        ),
        (
            "        left = restore_libraries(gone, own)\n",
            "        left = []\n",
            "the next load finds a library as the script had patched it",
            "lifecycle.reuse",
        ),
    ],
    "crates/cpython/src/support/unhooking.py": [
        (
            "                            put_back(owner, name, before.get(name, MISSING))\n",
            "                            pass\n",
            "what a script of main put into a module stays when it is gone",
            "lifecycle.shared_interpreter",
        ),
        (
            "            scope.undoing.append(lambda: codecs.unregister(search))\n",
            "            pass\n",
            "codecs of a script of main stay when it is gone",
            "lifecycle.shared_interpreter",
        ),
    ],
    # Python in child processes.
    "crates/core/src/constants.rs": [
        (
            "1 << bit));\n",
            "bit));\n",
            "bans are of another kind than the script asks for",
            "rust|contract.vh_functions",
        ),
        (
            "std::array::from_fn(|_| parts.next().unwrap_or(0))",
            "std::array::from_fn(|_| parts.next().unwrap_or(1))",
            "scripts that compare versions think that this one is newer",
            "rust",
        ),
    ],
    "crates/guard/src/advice.rs": [
        (
            "        if !is_new && !is_own {\n            continue;\n        }\n",
            "        let _ = (is_new, is_own);\n",
            "each script tells anew of each file that hides a module of Python",
            "contract.advice",
        ),
        (
            ".filter(|meant| !has(meant))",
            ".filter(|meant| has(meant) || true)",
            "a helper function with nearly a hook's name is told as a mistake",
            "contract.advice",
        ),
    ],
    "crates/guard/src/attributes.rs": [
        (
            '"opchatname" => Attribute::Text(script.op_chat_nick().map(Cow::Owned)),',
            '"opchatname" => Attribute::Text(script.bot_nick().map(Cow::Owned)),',
            "scripts take the bot for the operators' chat",
            "contract.vh_functions|contract.hooks|lifecycle.host",
        ),
        (
            '"path" => Attribute::Path(Some(script.path_bytes())),',
            '"path" => Attribute::Text(Some(Cow::Borrowed(script.path_bytes()))),',
            "a script in a folder with letters does not find itself in a hub that speaks CP1251",
            "contract.text|contract.vh_functions",
        ),
    ],
    "crates/guard/src/folders.rs": [
        (
            "let folders = [own, shared].into_iter().flatten();",
            "let folders = [own, None].into_iter().flatten();\n        drop(shared);",
            "scripts do not find modules in the hub's folder of scripts",
            "contract.isolation|contract.advice|contract.find|field.sub|lifecycle.host",
        ),
        (
            ".filter(|path| !path.is_empty())?;",
            "?;",
            "an empty VH_PYTHON_VENV keeps all scripts from loading",
            "guard.refuse|rust|contract.isolation",
        ),
    ],
    "crates/guard/src/kept.rs": [
        (
            "states.get(&key(script)).cloned()",
            "states.get(&key(script)).cloned().filter(|_| false)",
            "vh.state is never kept",
            "lifecycle.state|rust",
        ),
        (
            ".insert(key(script), text);",
            ".entry(key(script)).or_insert(text);",
            "vh.state is that of the first unload for ever",
            "lifecycle.state|rust",
        ),
    ],
    "crates/host/src/nick_list.rs": [
        (
            "    .filter(|nick| !nick.is_empty())\n",
            "",
            "lists of nicks have an empty one",
            "rust|contract.vh_functions",
        ),
        (
            "let text = text.strip_prefix(prefix).unwrap_or(text);",
            "let _ = prefix;",
            "the first nick of a list begins with the word of the protocol",
            "rust|contract.vh_functions",
        ),
    ],
    "crates/host/src/telling.rs": [
        (
            "        (ON_PARSED_MSG_MY_PASS, 1) => Telling::Secret,\n",
            "",
            "passwords of users are in the log",
            "guard.logs|guard.log_attacks|contract.lifecycle",
        ),
        (
            '        "password" => Telling::Secret,\n',
            "",
            "passwords of registrations are in the log",
            "guard.logs|guard.log_attacks|contract.vh_functions",
        ),
    ],
    "crates/worker/src/script.rs": [
        (
            "if self.process.take_jobs() && entry_point.admits()",
            "if false && entry_point.admits()",
            "what threads of a script in a process give to the host is never run",
            "contract.worker",
        ),
        (
            "        script.listening.add(1 << ON_TIMER);\n",
            "",
            "coroutines of a script in a process stop until somebody says something",
            "guard.beside|contract.worker",
        ),
    ],
    "crates/worker/src/script/calling.rs": [
        (
            "targs::signed(number).to_string()",
            "number.to_string()",
            "a negative number reaches a script in a process as a large one",
            "contract.worker",
        ),
        (
            "    if outcome.none.is_some() {\n        return Some(None);\n    }\n",
            "",
            "a hook that a script in a process has deleted answers",
            "contract.worker",
        ),
    ],
    "crates/worker/src/script/ending.rs": [
        (
            "        kept::keep(script, text.into_bytes());\n",
            "        drop(text);\n",
            "vh.state of a script in a process does not outlive a reload",
            "lifecycle.state",
        ),
        (
            "    if process.has_unload() {",
            "    if false {",
            "UnLoad() of a script in a process is not called",
            "lifecycle.state|contract.worker",
        ),
    ],
    "crates/worker/src/script/heard.rs": [
        (
            "                Ok(()) if !late => requests::answer(&script, &asked),\n",
            "                Ok(()) if late => requests::answer(&script, &asked),\n",
            "threads of a script in a process cannot call the hub",
            "contract.worker",
        ),
        (
            "        if let (Some((how, is_wanted)), Some(process)) = (ended, self.process.upgrade()) {\n            process.has_ended(&how, is_wanted);\n        }\n",
            "        drop(ended);\n",
            "a process that ends before the script is in it is never started again",
            "guard.worker",
        ),
    ],
    "crates/worker/src/script/late.rs": [
        (
            "                let _ = backend.kill_and_wait();\n",
            "",
            "a call in native code keeps a script in a process busy for ever",
            "guard.worker",
        ),
        (
            "            if steps > 0 {\n",
            "            if false {\n",
            "a script in a process that catches the exception once is killed",
            "guard.worker",
        ),
    ],
    "crates/worker/src/script/loading.rs": [
        (
            "        let source: String = self.source().iter().map(|&byte| char::from(byte)).collect();",
            "        let source = String::from_utf8_lossy(self.source()).into_owned();",
            "scripts with letters do not load in a process",
            "contract.worker",
        ),
        (
            '(None, Some(venv)) => venv.path.join("bin").join("python").into(),',
            "(None, Some(_)) => default.to_owned(),",
            "a script in a process does not find the packages of its environment",
            "guard.refuse|guard.worker",
        ),
    ],
    "crates/worker/src/script/process.rs": [
        (
            "            script.listening.change(before, bits);\n",
            "",
            "hooks that a script in a process sets later are not called",
            "guard.worker",
        ),
        (
            "        state.is_starting = true;\n        state.starts += 1;",
            "        state.is_starting = true;\n        state.starts = 0;",
            "a script whose process always dies is started again without end",
            "guard.worker",
        ),
        (
            "        self.running.lock().clear();\n",
            "",
            "a script whose process died in a late call answers nothing any more",
            "guard.worker",
        ),
    ],
    "crates/worker/src/script/raised.rs": [
        (
            "            raised.fails(call, place, || advice)\n",
            "            let _ = advice;\n            raised.fails(call, place, String::new)\n",
            "a script of Python 2 in a process is not recognised",
            "contract.worker",
        ),
        (
            '            call.was_interrupted("TimeoutError".to_owned());\n',
            "",
            "late calls of a script in a process are not counted",
            "guard.worker|guard.stats|guard.breaker",
        ),
    ],
    "crates/worker/src/script/requests.rs": [
        (
            'if changes_reading || !found.starts_with(b"{\\"t\\":[true") {',
            "if false {",
            "what the hub's database is stays unknown to a script in a process after a change",
            "contract.worker",
        ),
        (
            "        hub::forget_encoding();\n",
            "",
            "after a script in a process changed the hub's encoding its texts are wrong",
            "contract.worker",
        ),
    ],
    "crates/worker/src/script/results.rs": [
        (
            '        form("t", &self.list(items)?)\n',
            "        self.list(items)\n",
            "a script in a process gets lists where it gets tuples elsewhere",
            "contract.worker",
        ),
        (
            "        value.to_string().into_bytes()\n",
            "        (!value).to_string().into_bytes()\n",
            "a script in a process takes a failed call for done",
            "contract.worker",
        ),
    ],
    "crates/worker/src/script/typed.rs": [
        (
            "(b'd', Value::Int(number)) => Ok(Piece::Float(*number as f64)),",
            "(b'd', Value::Int(number)) => Ok(Piece::Int(*number)),",
            "a host function that asks for a float gets an int from a process",
            "contract.worker",
        ),
        (
            "if values.len() != format.len() {",
            "if values.len() < format.len() {",
            "a host function with a format gets more than it asks for from a process",
            "contract.worker",
        ),
    ],
    "crates/worker/src/script/values.rs": [
        (
            "decoded.code_points())\n",
            "decoded.code_points().filter(|point| *point < 0xD800))\n",
            "bytes that are no text do not come back from a process",
            "rust|contract.worker",
        ),
        (
            "write_hub_text(out, Some(text), &vh_core::text::UTF8)",
            "write_hub_text(out, Some(text), encoding)",
            "JSON of a caller is read wrongly in a process in a hub that speaks CP1251",
            "contract.worker",
        ),
    ],
    "crates/worker/src/backend.rs": [
        (
            "        if rest == Rest::Waits {\n            poller::again(self.number, Of::Input, input.pipe());\n        }\n",
            "",
            "what a full pipe did not take is never written: calls with much text are not answered",
            "rust",
        ),
        (
            "            if now >= self.deadline {\n                break self.give_up();\n            }\n",
            "",
            "a call has no deadline: a back end that does not answer blocks its caller for ever",
            "rust",
        ),
    ],
    "crates/worker/src/backend/ending.rs": [
        (
            "            child::kill_group(self.pid);\n            guardian::remove",
            "            guardian::remove",
            "programs that a back end has started live on after it",
            "rust",
        ),
        (
            'how.push_str(&format!("; its last words: {}", last.join(" | ")));',
            "",
            "nobody learns what a back end said before it died",
            "rust",
        ),
    ],
    "crates/worker/src/backend/reading.rs": [
        (
            "            if waiting.iter().any(|waiter| waiter.call_to_read()) {\n                return;\n            }\n",
            "            if waiting.iter().any(|waiter| waiter.call_to_read()) {\n                return;\n            }\n        if true {\n            return;\n        }\n",
            "events do not come while no call runs",
            "rust",
        ),
        (
            "self.events.give(name, value)",
            "drop((name, value))",
            "handlers hear no events",
            "rust",
        ),
    ],
    "crates/worker/src/child.rs": [
        (
            "            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;\n",
            "",
            "a back end that is stopped or busy outlives its host",
            "rust",
        ),
        (
            "        .process_group(0);\n    if let",
            "        ;\n    if let",
            "a back end is killed with all of the host's process group, or not with its own",
            "rust",
        ),
    ],
    "crates/worker/src/events.rs": [
        (
            "|handler| handler.1 == name",
            "|_| true",
            "handlers hear events of other names",
            "rust",
        ),
        (
            "push((number, name.to_owned(), handler));",
            "push((number, String::new(), handler));",
            "handlers hear nothing",
            "rust",
        ),
    ],
    "crates/worker/src/frames.rs": [
        (
            "            if !text.is_empty() {\n",
            "            if true {\n",
            "an empty frame is taken for one that says something",
            "rust",
        ),
        (
            "            self.start = text.end + 1;\n",
            "            self.start = text.end;\n",
            "the NUL of a frame stands before the next one, which cannot be read",
            "rust",
        ),
    ],
    "crates/worker/src/guardian.rs": [
        (
            'for group in $groups; do kill -KILL \\"-$group\\"; done\n',
            "",
            "programs that a back end has started outlive a host that is killed",
            "rust",
        ),
        (
            '[ \\"$what\\" = add ] && groups=',
            "groups=",
            "groups that have ended are killed later, when their numbers are others'",
            "rust",
        ),
    ],
    "crates/worker/src/input.rs": [
        (
            "                Err(Errno::AGAIN) => return written,\n",
            "                Err(Errno::AGAIN) => {}\n",
            "a back end that does not read blocks its host",
            "rust",
        ),
        (
            "            if queued + line.len() > LONGEST_QUEUE {",
            "            if false {",
            "what waits for a back end that does not read takes all memory",
            "rust",
        ),
    ],
    "crates/worker/src/lib.rs": [
        (
            "    if let Some(living) = living::of_script(&path) {\n        return Ok(living);\n    }\n",
            "",
            "a second start of a script is a second process with a state of its own",
            "rust",
        ),
        (
            "    if has_own { Task::Script } else { Task::Serve }",
            "    if has_own { Task::Serve } else { Task::Serve }",
            "a script with a module of its own gets ours",
            "rust",
        ),
    ],
    "crates/worker/src/lines.rs": [
        (
            "        if self.last.len() == KEPT {\n            self.last.pop_front();\n        }\n",
            "",
            "all that a back end prints is kept in memory",
            "rust",
        ),
        (
            "text.trim_end_matches(['\\r', '\\n'])",
            "text.as_ref()",
            "lines of a back end have an empty line behind each",
            "rust",
        ),
    ],
    "crates/worker/src/living.rs": [
        (
            "backend.path() == path && backend.takes_calls()",
            "backend.path() == path",
            "a back end that is being ended is handed out",
            "rust",
        ),
        (
            "    living.retain(|backend| backend.lives());\n",
            "",
            "a number names a back end that has ended",
            "rust",
        ),
    ],
    "crates/worker/src/message.rs": [
        (
            "            *byte = b' ';\n",
            "",
            "parameters written over several lines break the wire",
            "rust",
        ),
        (
            ".and_then(Code::of_name).unwrap_or(Code::Python)",
            ".and(None).unwrap_or(Code::Python)",
            "every error of a back end has the code python",
            "rust",
        ),
    ],
    "crates/worker/src/options.rs": [
        (
            "Duration::try_from_secs_f64(milliseconds / 1000.0)",
            "Duration::try_from_secs_f64(milliseconds)",
            "a timeout is a thousand times as long",
            "rust",
        ),
        (
            "    if !text.starts_with('{') {",
            "    if false {",
            "parameters that are a list are sent",
            "rust",
        ),
    ],
    "crates/worker/src/poller.rs": [
        (
            "            who.do_what_is_due(Instant::now());\n",
            "            let _ = who;\n",
            "a back end that has closed its output and does not end lives on, and its calls wait",
            "rust",
        ),
        (
            "        Of::Errors | Of::End => EventFlags::IN,",
            "        Of::Errors | Of::End => EventFlags::IN | EventFlags::ONESHOT,",
            "only the first piece of what a back end prints is shown",
            "rust",
        ),
    ],
    "crates/worker/src/python.rs": [
        (
            "    if (major, minor) < OLDEST {",
            "    if false {",
            "a Python that is too old fails with a traceback of our own",
            "rust",
        ),
        (
            "    sys.path.append(archive)\n",
            "",
            "processes that a back end starts by multiprocessing cannot import the script",
            "rust",
        ),
    ],
    "crates/worker/src/starting.rs": [
        (
            "            HAS_ENDED.wait(&mut paths);\n",
            "            break;\n",
            "two who start a script at once get two back ends",
            "rust",
        ),
        (
            "        PATHS.lock().retain(|path| *path != self.0);\n",
            "",
            "a script can be started once only, and then blocks whoever starts it",
            "rust",
        ),
    ],
    "crates/worker/src/waiter.rs": [
        (
            "        if !slot.is_asleep {\n            return false;\n        }\n",
            "",
            "a call that does not wait yet is called to read, and nobody reads",
            "rust",
        ),
        (
            "        self.slot.lock().answer = Some(answer);\n        self.changed.notify_all();\n",
            "        self.slot.lock().answer = Some(answer);\n",
            "a call sleeps until its deadline though its answer is there",
            "rust",
        ),
    ],
    "src/abi/backends.rs": [
        (
            "    if place.is_null() || unsafe",
            "    if !place.is_null() || unsafe",
            "no answer reaches a program in C",
            "matrix.symbols|header.backend",
        ),
        (
            "backends::terminate(backend).map_err(Error::told)",
            "backends::terminate(backend + 1).map_err(Error::told)",
            "another back end is ended",
            "matrix.symbols|header.backend",
        ),
    ],
    "src/backends.rs": [
        (
            ".filter(|timeout| *timeout > 0)",
            "",
            "a call without a time of its own ends at once",
            "matrix.symbols|header.backend",
        ),
        (
            "        begun.remove(&number);\n",
            "        let _ = begun;\n",
            "what is known of calls that were answered is kept for ever, and they can be cancelled",
            "header.backend",
        ),
    ],
    "crates/core/src/parts/jobs.py": [
        (
            "        self.closed = True\n",
            "",
            "run_in_host is not refused after the unload: nobody ever does the work",
            "lifecycle.leaving",
        ),
        (
            '        if self.closed:\n            future.set_exception(RuntimeError("the script is being unloaded"))\n            return future\n',
            "",
            "run_in_host is not refused after the unload",
            "lifecycle.leaving",
        ),
        (
            "            future.set_exception(task.exception())\n",
            "            future.cancel()\n",
            "who waits for a coroutine given to the hub's thread does not hear how it failed",
            "lifecycle.script_threads|lifecycle.async",
        ),
        (
            "        if in_host_call():\n            self.run_jobs()\n        else:\n            notify(self.script)\n",
            "        notify(self.script)\n",
            "work given to the hub inside of a call is not done at once, and whoever waits for it hangs",
            "lifecycle.script_threads",
        ),
    ],
    "crates/core/src/parts/offers.py": [
        (
            "            function, args, kwargs = callbacks.pop()\n",
            "            function, args, kwargs = callbacks.pop(0)\n",
            "callbacks of an unload and exit functions run in the wrong order",
            "lifecycle.unload|lifecycle.state",
        ),
        (
            "            except BaseException as exception:\n                self.failures.append((place, exception))\n",
            "            except BaseException:\n                pass\n",
            "nobody hears of an exit function that fails",
            "lifecycle.unload",
        ),
        (
            '        if not (callable(work) or hasattr(work, "__await__")):\n',
            "        if False:\n",
            "what cannot be run is taken by run_in_host",
            "lifecycle.script_threads|contract.vh_functions",
        ),
        (
            "        self.unload_callbacks.append((function, args, kwargs))\n        return function\n",
            "        self.unload_callbacks.append((function, args, kwargs))\n",
            "a function under @vh.on_unload is None",
            "lifecycle.leaving|contract.vh_functions",
        ),
    ],
    "crates/guard/src/raised.rs": [
        (
            "    let code = if is_interrupted { Code::Timeout } else { Code::Python };\n",
            "    let code = Code::Python;\n",
            "w_LastError does not tell that a call was interrupted",
            "guard.deadline|contract.last_error",
        ),
        (
            "            self.log(&script.label, place, advice);\n        }\n        let code",
            "        }\n        let code",
            "nobody hears of exceptions in hooks",
            "rust|contract.hooks|guard.logs",
        ),
    ],
    "crates/host/src/results.rs": [
        (
            "(self.int(index + 1)? & 0xFFFF)?",
            "(self.int(index + 1)?)?",
            "what is known of an address has numbers of nothing",
            "contract.vh_functions|rust|contract.worker",
        ),
        (
            "        Outcome::Bool => Ok(make.bool(false)),\n",
            "        Outcome::Bool => Ok(make.bool(true)),\n",
            "a script takes a failed call for done",
            "contract.vh_functions|rust|contract.worker",
        ),
    ],
    "crates/core/src/parts/coroutines.py": [
        (
            "            self.failures.append((place, exception))\n",
            "            pass\n",
            "nobody hears of an async hook that fails",
            "lifecycle.async",
        ),
        (
            "            serve()\n",
            "            pass\n",
            "an async function that waits for a thread of its script hangs",
            "lifecycle.async",
        ),
    ],
    "crates/core/src/parts/standard.py": [
        (
            "    sys.path[:] = SEARCH_PATH\n",
            "    pass\n",
            "a script named traceback.py breaks the telling of errors",
            "contract.isolation|contract.advice|lifecycle.reuse|guard.beside",
        ),
        (
            "        if hidden is not None:\n            sys.modules[name] = hidden\n",
            "",
            "a script that has a module named traceback.py imports another one after its first error",
            "contract.isolation|contract.advice|lifecycle.reuse|guard.beside",
        ),
    ],
    "crates/core/src/parts/python2.py": [
        (
            "        return exception.name in PYTHON_2_MODULES\n",
            "        return True\n",
            "each package that is not installed is told as a sign of Python 2",
            "contract.advice|lifecycle.preflight",
        ),
        (
            '        or (first in ("print", "exec") and rest[:1] not in ("", "(", "="))\n',
            "",
            "a script of Python 2 that prints is not recognised",
            "contract.advice|clients.scripts.python3",
        ),
    ],
    "crates/core/src/parts/telling.py": [
        (
            "        place, left_out = shorten(place)\n",
            "        left_out = 0\n",
            "an endless recursion fills the log",
            "guard.logs|contract.bad_input",
        ),
        (
            "    while place is not None and place.tb_frame.f_globals is globals():\n        place = place.tb_next\n    try:\n",
            "    try:\n",
            "tracebacks begin inside of the library",
            "guard.logs|contract.last_error|contract.call_function",
        ),
    ],
    "crates/core/src/parts/uncaught.py": [
        (
            "    if args.exc_type is SystemExit:\n        return\n",
            "",
            "each unload writes errors of threads that were asked to stop",
            "lifecycle.unload|contract.lifecycle|guard.logs",
        ),
        (
            "    sys.unraisablehook = sys.__unraisablehook__ = tell_unraisable\n",
            "",
            "errors of finalizers do not tell whose they are",
            "guard.logs",
        ),
    ],
    "crates/core/src/parts/arguments.py": [
        (
            "    except (TypeError, ValueError):\n        return True\n",
            "    except (TypeError, ValueError):\n        return False\n",
            "UnLoad written in C, or as a class, is called with nothing where it takes the code",
            "lifecycle.leaving|lifecycle.unload|contract.lifecycle",
        ),
        (
            "    except TypeError:\n        return False\n    return True\n",
            "    except TypeError:\n        return True\n    return True\n",
            "an UnLoad that takes nothing fails",
            "lifecycle.leaving|lifecycle.unload|contract.lifecycle|lifecycle.state",
        ),
    ],
    "crates/guard/src/crash/line.rs": [
        (
            "            if self.length == COLLECTED {\n                self.write();\n            }\n",
            "            if self.length == COLLECTED {\n                break;\n            }\n",
            "the log of a crash in a script with a long path is cut",
            "rust|guard.crash",
        ),
        (
            "are_two.then_some(libc::STDERR_FILENO)",
            "Some(libc::STDERR_FILENO).filter(|_| are_two || true)",
            "a crash is told twice where the log and standard error are one file",
            "guard.crash",
        ),
    ],
    "crates/cpython/src/support/ending.py": [
        (
            '        self.run_all("an exit function", self.exit_callbacks)\n',
            "",
            "functions of atexit are not called when a script ends",
            "lifecycle.unload|lifecycle.main|lifecycle.state",
        ),
        (
            "        SCOPES.pop(self.script, None)\n",
            "",
            "what belonged to each script that ever ran is kept",
            "lifecycle.*|memory.*",
        ),
    ],
    "crates/cpython/src/support/refusals.py": [
        (
            '        more = ", and restart the hub"\n',
            "        pass\n",
            "nobody hears that a package which another script has needs a restart of the hub",
            "contract.advice|lifecycle.preflight|packages.*",
        ),
        (
            '        exception = getattr(exception, "__cause__", None) or getattr(exception, "__context__", None)\n',
            "        exception = None\n",
            "a refusal that a package hides behind an error of its own is not recognised",
            "contract.advice|lifecycle.preflight|packages.*",
        ),
    ],
    "crates/cpython/src/support/scope.py": [
        (
            "        vh.run_in_host = self.run_in_host\n",
            "",
            "vh.run_in_host does not exist",
            "contract.vh_functions|lifecycle.script_threads",
        ),
        (
            "        vh.log_handler = self.log_handler\n",
            "",
            "vh.log_handler does not exist",
            "contract.vh_functions|guard.logs",
        ),
    ],
    "crates/guard/src/stopping.rs": [
        (
            "        if threads.ask(now >= courtesy) {\n            courtesy = courtesy.max(patience.min(now + COURTESY));\n        }\n",
            "",
            "timers, executors and event loops are not asked to finish at an unload",
            "lifecycle.unload|rust",
        ),
        (
            "let mut courtesy = start + COURTESY.min(time);",
            "let mut courtesy = start;",
            "daemon threads get no time to end by themselves at an unload",
            "lifecycle.unload|rust",
        ),
    ],
    "crates/core/src/parts/threads.py": [
        (
            "                    thread.cancel()\n",
            "                    pass\n",
            "timers are not cancelled at an unload",
            "lifecycle.unload",
        ),
        (
            "                executor.shutdown(wait=False)\n",
            "                pass\n",
            "executors are not asked to finish at an unload",
            "lifecycle.unload",
        ),
        (
            '        for task in loaded("asyncio").all_tasks(loop):\n            task.cancel()\n',
            "",
            "tasks of a script's threads are not told that it goes: they do not clean up",
            "lifecycle.unload|lifecycle.async",
        ),
    ],
    "crates/core/src/parts/finalizing.py": [
        (
            "    gc.unfreeze()\n    gc.collect()\n",
            "",
            "finalizers of a script that turned Python's collector off do not find its globals",
            "lifecycle.leaving",
        ),
        (
            '        sys.modules["__main__"] = FIRST_MAIN\n',
            "        pass\n",
            "the globals of a script stay in its interpreter after it is gone",
            "lifecycle.leaving|lifecycle.reuse",
        ),
    ],
    "crates/cpython/src/support/namespace.py": [
        (
            "    namespace.update(vars(FIRST_MAIN))\n",
            "",
            "scripts do not find what Python gives a program's main module",
            "contract.isolation|contract.loading|lifecycle.reuse|lifecycle.leaving|contract.vh_functions|rust",
        ),
        (
            '    sys.modules["__main__"] = module\n',
            "",
            "what a script gives to pickle is not found in its main module",
            "contract.isolation|lifecycle.reuse|lifecycle.leaving|field.*",
        ),
    ],
    "crates/cpython/src/support/owning.py": [
        (
            '        return not self.shared or getattr(thread, "_vh_script", None) == self.script\n',
            "        return True\n",
            "a script in main that is unloaded ends the threads of others",
            "lifecycle.*",
        ),
        (
            "ids if self.shared else ids | RAW_THREADS",
            "ids",
            "threads that were started by _thread run on in an interpreter that is given up",
            "lifecycle.unload|lifecycle.leaving",
        ),
    ],
    "crates/worker/src/script/gate.rs": [
        (
            " && !self.inside.contains(&thread)",
            "",
            "a hook that the hub calls inside of a call waits for its own end while the process is replaced",
            "rust",
        ),
        (
            "        is_empty.then_some(closed)\n",
            "        Some(closed)\n",
            "a script is taken out of its process under calls of other threads",
            "guard.worker|rust",
        ),
    ],
    "crates/worker/src/script/recycling.rs": [
        (
            "limits.calls.is_some_and(|limit| calls >= limit)",
            "false",
            "a process is never replaced for its calls",
            "guard.worker",
        ),
        (
            "        self.refuse_threads();\n",
            "",
            "a thread that calls the hub delays the replacing of its process",
            "guard.worker",
        ),
    ],
    "crates/worker/src/sigpipe.rs": [
        (
            "        held.take_back();\n",
            "",
            "a process that has just died ends a hub that does not handle SIGPIPE",
            "rust",
        ),
        (
            "libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut())",
            "0",
            "threads of the host do not get SIGPIPE any more",
            "rust",
        ),
    ],
}

CHANGES = [Change(file, *row) for file, rows in TABLE.items() for row in rows]


def times_found(change):
    """How often the old text is in its file."""
    path = ROOT / change.file
    return path.read_text(encoding="utf-8").count(change.old) if path.is_file() else 0
