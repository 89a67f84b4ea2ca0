//! Writes what is generated from the tables and from what was measured, or checks it: `cargo xtask gen`.
//!
//! usage: cargo xtask gen [--check] [PATH...]
//!
//! PATHs choose files, by what their names contain. With --check nothing is written, and a file that is out of
//! date is an error.
#![forbid(unsafe_code)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

mod header;
mod reference;
mod stub;
#[cfg(test)]
mod tests;

type Text = fn() -> Result<String, Box<dyn Error>>;

/// What prints a file.
enum Printer {
    Text(Text),
    /// A Python script of this checkout, which knows `--check`.
    Script(&'static str),
}

/// Every generated file of the checkout.
const FILES: [(&str, Printer); 4] = [
    ("include/vh_python_wrapper.h", Printer::Text(header::text)),
    ("docs/reference.md", Printer::Text(|| Ok(reference::text()?))),
    ("python/vh.pyi", Printer::Text(|| Ok(stub::text()?))),
    ("docs/packages.md", Printer::Script("tests/packages/document.py")),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.first().is_none_or(|first| first != "gen") {
        eprintln!("usage: cargo xtask gen [--check] [PATH...]");
        return ExitCode::from(2);
    }
    arguments.remove(0);
    let checks = arguments.iter().any(|argument| argument == "--check");
    arguments.retain(|argument| argument != "--check");
    let is_wanted = |path: &str| {
        arguments.is_empty() || arguments.iter().any(|part| path.contains(part.as_str()))
    };
    let mut result = ExitCode::SUCCESS;
    for (path, printer) in FILES.iter().filter(|(path, _)| is_wanted(path)) {
        if let Err(error) = generate(path, printer, checks) {
            eprintln!("{path}: {error}");
            result = ExitCode::FAILURE;
        }
    }
    result
}

fn generate(path: &str, printer: &Printer, checks: bool) -> Result<(), Box<dyn Error>> {
    let text = match printer {
        Printer::Text(text) => text()?,
        Printer::Script(script) => return run(script, checks),
    };
    let file = root().join(path);
    // Only a changed file gets a new date, so that nothing is compiled again for nothing.
    if std::fs::read_to_string(&file).is_ok_and(|found| found == text) {
        return Ok(());
    }
    if checks {
        return Err("it is out of date: run `cargo xtask gen` and commit it".into());
    }
    Ok(std::fs::write(file, text)?)
}

fn run(script: &str, checks: bool) -> Result<(), Box<dyn Error>> {
    let python = std::env::var_os("PYO3_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command.arg("-B").arg(root().join(script)).args(checks.then_some("--check"));
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{script} ended with {status}").into()) }
}
