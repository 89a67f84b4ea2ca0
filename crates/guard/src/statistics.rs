//! The statistics of all scripts as JSON, and as text that Prometheus reads.

use std::fmt::Write as _;
use std::sync::Arc;

use super::directory;
use super::entry_point::{EntryPoint, Kind};
use super::script::ScriptInfo;
use vh_core::clock;
use vh_core::json::write_text;
use vh_core::stats::Numbers;

/// JSON text: what `vh.stats()` returns and `w_Stats` writes.
pub fn json() -> Vec<u8> {
    let mut out = Object::new();
    out.number("time", clock::unix_time());
    out.list("scripts", directory::live().into_iter().map(script_json));
    out.finish()
}

fn script_json(script: Arc<ScriptInfo>) -> Vec<u8> {
    let mut out = Object::new();
    out.number("id", f64::from(script.id));
    out.text("name", &String::from_utf8_lossy(script.name_bytes()));
    out.text("path", &script.path().to_string_lossy());
    out.text("runtime", script.runtime_name());
    out.number("loaded", script.loaded_at());
    out.number("memory_at_load", script.memory.at_load() as f64);
    out.number("memory", script.memory.now() as f64);
    out.count("thread_vh_calls", script.thread_vh_calls());
    let entry_points = called(&script);
    out.list(
        "calls",
        entry_points.iter().map(|entry_point| {
            let mut out = Object::new();
            out.text("name", entry_point.name());
            out.text("kind", kind_of(entry_point));
            out.raw("suspended", if entry_point.is_suspended() { b"true" } else { b"false" });
            numbers_json(&mut out, &entry_point.row().read());
            out.finish()
        }),
    );
    out.finish()
}

/// The hooks and functions that were called, or would have been if they were not suspended.
fn called(script: &ScriptInfo) -> Vec<&EntryPoint> {
    let mut entry_points = script.entry_points.all();
    entry_points.retain(|entry_point| entry_point.row().was_called());
    entry_points
}

fn kind_of(entry_point: &EntryPoint) -> &'static str {
    match entry_point.kind() {
        Kind::Hook => "hook",
        Kind::Function => "function",
    }
}

fn numbers_json(out: &mut Object, numbers: &Numbers) {
    out.count("calls", numbers.calls);
    out.count("errors", numbers.errors);
    out.count("timeouts", numbers.timeouts);
    out.count("skipped", numbers.skipped);
    out.count("vh_calls", numbers.vh_calls);
    for (name, time) in times_of(numbers) {
        out.number(name, seconds(time));
    }
    match &numbers.last_error {
        None => out.raw("last_error", b"null"),
        Some(error) => {
            let mut inner = Object::new();
            inner.number("time", error.time);
            inner.text("text", &error.text);
            out.raw("last_error", &inner.finish());
        }
    }
}

fn times_of(numbers: &Numbers) -> [(&'static str, u64); 4] {
    [("total", numbers.total), ("max", numbers.max), ("p50", numbers.p50), ("p99", numbers.p99)]
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

/// A JSON object that is being written.
struct Object(Vec<u8>);

impl Object {
    fn new() -> Object {
        Object(Vec::new())
    }

    fn raw(&mut self, name: &str, value: &[u8]) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        write_text(&mut self.0, name);
        self.0.push(b':');
        self.0.extend_from_slice(value);
    }

    fn text(&mut self, name: &str, value: &str) {
        let mut text = Vec::new();
        write_text(&mut text, value);
        self.raw(name, &text);
    }

    fn count(&mut self, name: &str, value: u64) {
        self.raw(name, value.to_string().as_bytes());
    }

    /// Writes a finite number. Rust writes no exponents, nor anything else that JSON lacks.
    fn number(&mut self, name: &str, value: f64) {
        self.raw(name, value.to_string().as_bytes());
    }

    fn list(&mut self, name: &str, items: impl Iterator<Item = Vec<u8>>) {
        let items: Vec<_> = items.collect();
        self.raw(name, &[b"[".as_slice(), &items.join(&b","[..]), b"]"].concat());
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.extend_from_slice(if self.0.is_empty() { b"{}" } else { b"}" });
        self.0
    }
}

/// A metric of Prometheus: its name, kind, explanation, and value.
type Metric = (&'static str, &'static str, &'static str, fn(&Numbers) -> f64);

const METRICS: [Metric; 7] = [
    ("calls_total", "counter", "Calls of a hook or function of a script.", |n| n.calls as f64),
    ("errors_total", "counter", "Calls that failed.", |n| n.errors as f64),
    ("timeouts_total", "counter", "Calls that went past their deadline.", |n| n.timeouts as f64),
    ("skipped_total", "counter", "Calls not made, because the hook is suspended.", |n| {
        n.skipped as f64
    }),
    ("vh_calls_total", "counter", "Calls of vh functions made inside.", |n| n.vh_calls as f64),
    ("call_seconds_total", "counter", "Time spent in calls.", |n| seconds(n.total)),
    ("call_seconds_max", "gauge", "Time of the longest call.", |n| seconds(n.max)),
];

/// Text in the exposition format of Prometheus.
pub fn prometheus() -> String {
    let rows = labelled_numbers();
    let mut out = String::new();
    for (name, kind, help, value) in METRICS {
        head(&mut out, name, kind, help);
        for (labels, numbers) in &rows {
            line(&mut out, name, labels, value(numbers));
        }
    }
    let name = "call_seconds";
    head(&mut out, name, "gauge", "Time that this share of the calls stayed below.");
    for (labels, numbers) in &rows {
        for (share, time) in [("0.5", numbers.p50), ("0.99", numbers.p99)] {
            line(&mut out, name, &format!("{labels},quantile=\"{share}\""), seconds(time));
        }
    }
    let name = "memory_bytes";
    head(&mut out, name, "gauge", "Memory a script takes, estimated.");
    for script in directory::live() {
        let file = label_text(&String::from_utf8_lossy(script.name_bytes()));
        let labels = format!("id=\"{}\",script=\"{file}\"", script.id);
        line(&mut out, name, &labels, script.memory.now() as f64);
    }
    out
}

fn labelled_numbers() -> Vec<(String, Numbers)> {
    let mut rows = Vec::new();
    for script in directory::live() {
        let file = label_text(&String::from_utf8_lossy(script.name_bytes()));
        for entry_point in called(&script) {
            let call = label_text(entry_point.name());
            // A function may have the name of a hook.
            let kind = kind_of(entry_point);
            let labels =
                format!("id=\"{}\",script=\"{file}\",call=\"{call}\",kind=\"{kind}\"", script.id);
            rows.push((labels, entry_point.row().read()));
        }
    }
    rows
}

fn label_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

// Writing to a String cannot fail.

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP vh_python_{name} {help}\n# TYPE vh_python_{name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &str, value: f64) {
    let _ = writeln!(out, "vh_python_{name}{{{labels}}} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breaker::Outcome;
    use crate::fake::{call, script};
    use vh_core::hooks;
    use vh_host::fake_hub::FakeHub;

    #[test]
    fn labels_of_prometheus_keep_strange_names_together() {
        assert_eq!(label_text("a \"b\" \\ c\nd"), r#"a \"b\" \\ c\nd"#);
    }

    #[test]
    fn an_object_is_written_as_json() {
        let object = |fill: &dyn Fn(&mut Object)| {
            let mut object = Object::new();
            fill(&mut object);
            String::from_utf8(object.finish()).unwrap()
        };
        assert_eq!(object(&|_| ()), "{}");
        let all = object(&|it| {
            it.text("a\"", "b\n");
            it.count("count", u64::MAX);
            it.number("time", seconds(1_500_000_000));
            it.raw("raw", b"null");
            it.list("none", std::iter::empty());
            it.list("two", [b"1".to_vec(), b"{}".to_vec()].into_iter());
        });
        let json = r#"{"a\"":"b\n","count":18446744073709551615,"time":1.5,"raw":null,"none":[],"two":[1,{}]}"#;
        assert_eq!(all, json);
    }

    /// Two live scripts, of which the first was called.
    fn two() -> [Arc<ScriptInfo>; 2] {
        let scripts = [script(2, "a.py", ""), script(5, "b \"c\".py", "")];
        scripts.iter().for_each(|script| script.set_live(true));
        let points = &scripts[0].entry_points;
        points.hook(0);
        for _ in 0..3 {
            drop(call(points.hook(hooks::ON_TIMER)));
        }
        points.hook(hooks::ON_TIMER).row().count_timeout();
        points.hook(hooks::ON_TIMER).has_failed("ValueError: no".to_owned(), "ValueError");
        points.function(b"OnTimer").row().count_skipped();
        scripts[0].count_thread_vh_call();
        scripts
    }

    #[test]
    #[cfg_attr(miri, ignore = "a slot has a stack for signals")]
    fn statistics_tell_of_what_was_called() {
        let _hub = FakeHub::begin(|_| false);
        let [first, _second] = two();
        let json = String::from_utf8(json()).unwrap();
        assert!(json.starts_with("{\"time\":1") && json.ends_with("\"calls\":[]}]}"), "{json}");
        let (one, other) = json.split_once("},{\"id\":5,").unwrap();
        let has = |part: &str| assert!(one.contains(part), "{part} is not in {json}");
        has("\"scripts\":[{\"id\":2,\"name\":\"a.py\",\"path\":\"/there/is/no/such/folder/a.py\",");
        has(&format!("\"runtime\":\"\",\"loaded\":{},\"memory_at_load\":0,", first.loaded_at()));
        has(
            "\"memory\":0,\"thread_vh_calls\":1,\"calls\":[{\"name\":\"OnTimer\",\"kind\":\"hook\",",
        );
        has(
            "\"suspended\":false,\"calls\":3,\"errors\":1,\"timeouts\":1,\"skipped\":0,\"vh_calls\":0,",
        );
        has("\"last_error\":{\"time\":1");
        has(",\"text\":\"ValueError: no\"}},{\"name\":\"OnTimer\",\"kind\":\"function\",");
        has("\"calls\":0,\"errors\":0,\"timeouts\":0,\"skipped\":1,");
        has("\"max\":0,\"p50\":0,\"p99\":0,\"last_error\":null}]");
        assert!(!one.contains("OnNewConn"), "it was not called: {json}");
        assert!(other.starts_with("\"name\":\"b \\\"c\\\".py\","), "{json}");
        first.entry_points.hook(hooks::ON_TIMER);
    }

    #[test]
    #[cfg_attr(miri, ignore = "a slot has a stack for signals")]
    fn a_suspended_hook_is_told() {
        let _hub = FakeHub::begin(|_| false);
        let [first, _second] = two();
        let point = first.entry_points.hook(hooks::ON_TIMER);
        (0..3).for_each(|_| point.has_ended(Outcome::Timeout));
        let json = String::from_utf8(json()).unwrap();
        assert!(json.contains("\"kind\":\"hook\",\"suspended\":true,"), "{json}");
    }

    #[test]
    #[cfg_attr(miri, ignore = "a slot has a stack for signals")]
    fn prometheus_gets_a_line_for_each_number() {
        let _hub = FakeHub::begin(|_| false);
        let _scripts = two();
        let text = prometheus();
        let labels = r#"id="2",script="a.py",call="OnTimer",kind="hook""#;
        for line in [
            "# HELP vh_python_calls_total Calls of a hook or function of a script.",
            "# TYPE vh_python_calls_total counter",
            &format!("vh_python_calls_total{{{labels}}} 3"),
            &format!("vh_python_errors_total{{{labels}}} 1"),
            &format!("vh_python_timeouts_total{{{labels}}} 1"),
            r#"vh_python_skipped_total{id="2",script="a.py",call="OnTimer",kind="function"} 1"#,
            "# TYPE vh_python_call_seconds_max gauge",
            r#"vh_python_memory_bytes{id="2",script="a.py"} 0"#,
            r#"vh_python_memory_bytes{id="5",script="b \"c\".py"} 0"#,
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in {text}");
        }
        for quantile in ["0.5", "0.99"] {
            let start = format!("vh_python_call_seconds{{{labels},quantile=\"{quantile}\"}} 0.");
            assert!(text.lines().any(|it| it.starts_with(&start)), "{start} is not in {text}");
        }
    }
}
