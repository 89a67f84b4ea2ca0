//! What unit tests of several crates share.
#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod environment;
mod records;

pub use environment::with_variable;
pub use records::told;

/// The default of a setting, as docs/configuration.md tells users below the setting's heading.
///
/// # Panics
/// When the page tells none.
pub fn documented(name: &str) -> f64 {
    let page = include_str!("../../../docs/configuration.md");
    let section = page.split("\n## ").find(|section| section.lines().next() == Some(name));
    let section = section.unwrap_or_else(|| panic!("{name} has no heading"));
    let told =
        section.split_once("by default ").unwrap_or_else(|| panic!("no default: {section}")).1;
    let number = told.split_whitespace().next().unwrap_or_default().trim_end_matches('.');
    number.parse().unwrap_or_else(|_| panic!("no number is told: {section}"))
}
