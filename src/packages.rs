//! Packages known to work or not in each runtime: data for the preflight.

/// How a package fares in a runtime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Works, also for a second script and after a reload.
    Works,
    /// Does not; the reason, to be read after "numpy ".
    Fails(&'static str),
}

use Verdict::{Fails, Works};

/// One top-level module name.
#[derive(Debug)]
pub struct Package {
    /// What a script imports.
    pub module: &'static str,
    /// In an interpreter of the script's own that shares the lock.
    pub sub: Verdict,
    /// In one with a lock of its own.
    pub own_gil: Verdict,
    /// Versions it was measured with: "numpy 2.4.6 on 3.11, 3.13".
    pub tested: &'static str,
}

/// Sorted by module.
pub static PACKAGES: &[Package] = &[
    Package {
        module: "numpy",
        sub: Fails("can be imported by one interpreter of a process only"),
        own_gil: Fails("does not support interpreters with a lock of their own"),
        tested: "numpy 2.4.6 on 3.11",
    },
    Package { module: "requests", sub: Works, own_gil: Works, tested: "requests" },
];

/// The row of a module.
pub fn find(module: &str) -> Option<&'static Package> {
    let found = PACKAGES.binary_search_by(|package| package.module.cmp(module));
    found.ok().map(|index| &PACKAGES[index])
}
