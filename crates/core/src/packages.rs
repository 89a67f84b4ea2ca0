//! Packages that are known to work in each runtime, or to fail: data for the preflight.
//!
//! The verdicts are measured by tests/packages/measure.py, and a test here compares. All packages work in
//! `main`.

/// How a package fares in a runtime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It works, in several scripts at once and after reloads too.
    Works,
    /// It does not work; the reason, to be read after "numpy ".
    Fails(&'static str),
}

use Verdict::{Fails, Works};

/// One top-level module name.
#[derive(Debug)]
pub struct Package {
    /// What a script imports.
    pub module: &'static str,
    /// Whether it works in an interpreter of the script's own that shares the lock of all others.
    pub sub: Verdict,
    /// Whether it works in one with a lock of its own.
    pub own_gil: Verdict,
    /// With which versions that was measured: "numpy 2.4.6 on 3.11, 2.5.5 on 3.12, 3.13".
    pub tested: &'static str,
}

const ONE_INTERPRETER: Verdict = Fails("can be imported by one interpreter of a process only");
/// There is no error at first, but there are strange ones in the second script, from Python 3.12 on.
const KEEPS: Verdict =
    if cfg!(Py_3_12) { Fails("breaks when a second interpreter imports it") } else { Works };
const NEEDS_NUMPY: Verdict =
    Fails("needs numpy, which can be imported by one interpreter of a process only");
const NEEDS_PYDANTIC: Verdict =
    Fails("needs pydantic, which can be imported by one interpreter of a process only");
const NEEDS_RPDS: Verdict = if cfg!(Py_3_12) {
    Fails("needs rpds, which breaks when a second interpreter imports it")
} else {
    Works
};
const NO_OWN_LOCK: Verdict = Fails("does not support interpreters with a lock of their own");
const REFUSED: Verdict =
    Fails("does not say that it supports several interpreters, which Python 3.13 insists on");
const CRASHES: Verdict =
    Fails("crashes Python 3.12 when the interpreter that imported it first has ended");

/// Python 3.13 was the first to refuse such packages.
const UNTIL_3_12: Verdict = if cfg!(Py_3_13) { REFUSED } else { Works };
/// 3.12 was the first Python to end parts of such a package with an interpreter, which crashes; 3.13 was the
/// first to refuse it. As the library uses interpreters again, the crash may not come; but if it did, it
/// would end the hub.
const UNTIL_3_11: Verdict = if cfg!(Py_3_12) && !cfg!(Py_3_13) { CRASHES } else { UNTIL_3_12 };
/// For packages that need the C interface of datetime, which 3.12 does not have in such interpreters.
const SINCE_3_13: Verdict = if cfg!(Py_3_13) { Works } else { NO_OWN_LOCK };

const fn row(
    module: &'static str,
    sub: Verdict,
    own_gil: Verdict,
    tested: &'static str,
) -> Package {
    Package { module, sub, own_gil, tested }
}

/// All rows, sorted by module. `google` is protobuf, `zope` is zope.interface.
pub static PACKAGES: &[Package] = &[
    row("Levenshtein", ONE_INTERPRETER, NO_OWN_LOCK, "Levenshtein 0.27.5 on 3.11, 3.12, 3.13"),
    row("PIL", Works, NO_OWN_LOCK, "pillow 13.0.0 on 3.11, 3.12, 3.13"),
    row("aiohttp", Works, Works, "aiohttp 3.14.5 on 3.11, 3.12, 3.13"),
    row("bcrypt", ONE_INTERPRETER, NO_OWN_LOCK, "bcrypt 5.0.0 on 3.11, 3.12, 3.13"),
    row("bs4", Works, Works, "beautifulsoup4 4.15.0 on 3.11, 3.12, 3.13"),
    row("cffi", UNTIL_3_11, NO_OWN_LOCK, "cffi 2.1.1 on 3.11, 3.12, 3.13"),
    row(
        "charset_normalizer",
        ONE_INTERPRETER,
        NO_OWN_LOCK,
        "charset-normalizer 3.5.2 on 3.11, 3.12, 3.13",
    ),
    row("cryptography", ONE_INTERPRETER, NO_OWN_LOCK, "cryptography 50.0.2 on 3.11, 3.12, 3.13"),
    row("django", Works, SINCE_3_13, "django 5.2.19 on 3.11, 6.1.3 on 3.12, 3.13"),
    row("dns", Works, Works, "dnspython 2.9.2 on 3.11, 3.12, 3.13"),
    row("fastapi", NEEDS_PYDANTIC, NEEDS_PYDANTIC, "fastapi 0.165.0 on 3.11, 3.12, 3.13"),
    row("flask", Works, Works, "flask 3.1.3 on 3.11, 3.12, 3.13"),
    row("frozenlist", Works, Works, "frozenlist 1.8.0 on 3.11, 3.12, 3.13"),
    row("geoip2", Works, Works, "geoip2 5.3.0 on 3.11, 3.12, 3.13"),
    row("gevent", ONE_INTERPRETER, NO_OWN_LOCK, "gevent 26.9.0 on 3.11, 3.12, 3.13"),
    row("google", Works, Works, "protobuf 7.36.2 on 3.11, 3.12, 3.13"),
    row("greenlet", UNTIL_3_11, NO_OWN_LOCK, "greenlet 3.5.6 on 3.11, 3.12, 3.13"),
    row("grpc", ONE_INTERPRETER, NO_OWN_LOCK, "grpcio 1.85.1 on 3.11, 3.12, 3.13"),
    row("httptools", ONE_INTERPRETER, NO_OWN_LOCK, "httptools 0.9.0 on 3.11, 3.12, 3.13"),
    row("httpx", Works, Works, "httpx 0.28.1 on 3.11, 3.12, 3.13"),
    row("jinja2", Works, Works, "jinja2 3.1.6 on 3.11, 3.12, 3.13"),
    row("jsonschema", NEEDS_RPDS, NO_OWN_LOCK, "jsonschema 4.26.0 on 3.11, 3.12, 3.13"),
    row("lxml", ONE_INTERPRETER, NO_OWN_LOCK, "lxml 6.1.3 on 3.11, 3.12, 3.13"),
    row("markupsafe", Works, Works, "markupsafe 3.0.4 on 3.11, 3.12, 3.13"),
    row("matplotlib", NEEDS_NUMPY, NEEDS_NUMPY, "matplotlib 3.11.2 on 3.11, 3.12, 3.13"),
    row("maxminddb", Works, Works, "maxminddb 3.2.0 on 3.11, 3.12, 3.13"),
    row("msgpack", Works, Works, "msgpack 1.2.4 on 3.11, 3.12, 3.13"),
    row("multidict", Works, Works, "multidict 7.2.1 on 3.11, 3.12, 3.13"),
    row("nacl", UNTIL_3_12, NO_OWN_LOCK, "pynacl 1.6.2 on 3.11, 3.12, 3.13"),
    row("numpy", ONE_INTERPRETER, NO_OWN_LOCK, "numpy 2.4.6 on 3.11, 2.5.5 on 3.12, 3.13"),
    row("orjson", UNTIL_3_12, NO_OWN_LOCK, "orjson 3.13.0 on 3.11, 3.12, 3.13"),
    row("pandas", NEEDS_NUMPY, NEEDS_NUMPY, "pandas 3.1.1 on 3.11, 3.12, 3.13"),
    row("propcache", Works, Works, "propcache 0.5.4 on 3.11, 3.12, 3.13"),
    row("psutil", UNTIL_3_11, NO_OWN_LOCK, "psutil 7.2.2 on 3.11, 3.12, 3.13"),
    row("psycopg2", UNTIL_3_12, NO_OWN_LOCK, "psycopg2-binary 2.9.13 on 3.11, 3.12, 3.13"),
    row("pydantic", ONE_INTERPRETER, NO_OWN_LOCK, "pydantic 2.14.3 on 3.11, 3.12, 3.13"),
    row("pydantic_core", ONE_INTERPRETER, NO_OWN_LOCK, "pydantic-core 2.50.4 on 3.11, 3.12, 3.13"),
    row("pymysql", Works, Works, "PyMySQL 1.2.4 on 3.11, 3.12, 3.13"),
    row("rapidfuzz", Works, Works, "rapidfuzz 3.14.6 on 3.11, 3.12, 3.13"),
    row("redis", Works, Works, "redis 8.1.0 on 3.11, 3.12, 3.13"),
    row("regex", UNTIL_3_11, NO_OWN_LOCK, "regex 2026.11.15 on 3.11, 3.12, 3.13"),
    row("requests", Works, Works, "requests 2.34.2 on 3.11, 3.12, 3.13"),
    row("rpds", KEEPS, NO_OWN_LOCK, "rpds-py 2026.9.1 on 3.11, 3.12, 3.13"),
    row("scipy", NEEDS_NUMPY, NEEDS_NUMPY, "scipy 1.17.1 on 3.11, 1.18.1 on 3.12, 3.13"),
    row("simplejson", Works, Works, "simplejson 4.3.0 on 3.11, 3.12, 3.13"),
    row("sklearn", NEEDS_NUMPY, NEEDS_NUMPY, "scikit-learn 1.9.1 on 3.11, 3.12, 3.13"),
    row("sqlalchemy", ONE_INTERPRETER, NO_OWN_LOCK, "sqlalchemy 2.1.9 on 3.11, 3.12, 3.13"),
    row("starlette", Works, Works, "starlette 1.10.0 on 3.11, 3.12, 3.13"),
    row("tornado", Works, Works, "tornado 6.6.1 on 3.11, 3.12, 3.13"),
    row("ujson", UNTIL_3_12, NO_OWN_LOCK, "ujson 6.1.0 on 3.11, 3.12, 3.13"),
    row("uvicorn", Works, Works, "uvicorn 0.54.0 on 3.11, 3.12, 3.13"),
    row("uvloop", ONE_INTERPRETER, NO_OWN_LOCK, "uvloop 0.23.0 on 3.11, 3.12, 3.13"),
    row("websockets", Works, Works, "websockets 17.4 on 3.11, 3.12, 3.13"),
    row("yaml", Works, Works, "PyYAML 6.0.3 on 3.11, 3.12, 3.13, its Python part"),
    row("yarl", Works, Works, "yarl 1.25.1 on 3.11, 3.12, 3.13"),
    row("zope", Works, Works, "zope.interface 8.7 on 3.11, 3.12, 3.13"),
    row("zstandard", UNTIL_3_11, NO_OWN_LOCK, "zstandard 0.25.0 on 3.11, 3.12, 3.13"),
];

/// The row of a module.
pub fn find(module: &str) -> Option<&'static Package> {
    let found = PACKAGES.binary_search_by(|package| package.module.cmp(module));
    found.ok().map(|index| &PACKAGES[index])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn sorted_without_duplicates() {
        assert!(PACKAGES.is_sorted_by(|one, next| one.module < next.module));
    }

    #[test]
    fn every_row_is_found() {
        for package in PACKAGES {
            assert!(std::ptr::eq(find(package.module).unwrap(), package));
        }
        assert!(find("no_such_module").is_none());
    }

    #[test]
    fn reasons_can_be_read_after_the_name() {
        for package in PACKAGES {
            assert!(!package.tested.is_empty(), "{package:?}");
            for verdict in [package.sub, package.own_gil] {
                if let Fails(reason) = verdict {
                    assert!(reason.starts_with(|c: char| c.is_ascii_lowercase()), "{package:?}");
                    assert!(!reason.ends_with('.'), "{package:?}");
                }
            }
        }
    }

    /// The results that were measured with a Python.
    fn measured(version: &str) -> std::io::Result<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/packages/measured");
        std::fs::read_to_string(format!("{folder}/{version}.tsv"))
    }

    /// The Pythons for which a row was measured, read from "numpy 2.4.6 on 3.11, 2.5.5 on 3.12, 3.13".
    fn versions(package: &Package) -> HashSet<&'static str> {
        let parts = package.tested.split([',', ' ']);
        parts.filter(|part| part.starts_with("3.") && part.matches('.').count() == 1).collect()
    }

    #[test]
    fn every_row_is_for_the_same_pythons_and_each_was_measured() {
        let all = versions(&PACKAGES[0]);
        assert!(all.len() >= 3, "{all:?}");
        for package in PACKAGES {
            assert_eq!(versions(package), all, "{package:?}");
        }
        for version in all {
            let measured = measured(version).unwrap();
            let count = measured.lines().filter(|line| line.contains("\tpackage\t")).count();
            assert!(count >= PACKAGES.len(), "{version}: {count}");
        }
    }

    /// Verdicts depend on the Python of the build, so only what was measured with that one can be compared.
    #[test]
    fn agrees_with_what_was_measured() {
        let version = env!("VH_PYTHON_VERSION");
        if !versions(&PACKAGES[0]).contains(version) {
            // The table says nothing of this Python, so there must not be a file either that the table
            // ignores.
            assert!(measured(version).is_err(), "{version} was measured: add it to the table");
            return;
        }
        let measured = measured(version).unwrap();
        let mut lines = measured.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let columns = lines.next().unwrap();
        let column = |name: &str| columns.iter().position(|column| *column == name).unwrap();
        let mut packages = 0;
        for line in lines.filter(|line| line[column("kind")] == "package") {
            let module = line[column("module")].split('.').next().unwrap();
            let works = |name: &str| line[column(name)] == "works";
            assert!(works("main"), "{module}");
            assert!(line[column("chosen")].ends_with(": works"), "{module}");
            // A package without a row is recognised by what it requires and what its compiled parts say.
            let Some(package) = find(module) else { continue };
            let wanted = works("sub") && works("sub beside main");
            assert!(package.sub == CRASHES || (package.sub == Works) == wanted, "{package:?}");
            if !line[column("own-gil")].is_empty() {
                assert_eq!(package.own_gil == Works, works("own-gil"), "{package:?}");
            }
            assert!(package.tested.contains(line[column("version")]), "{package:?}");
            packages += 1;
        }
        assert_eq!(packages, PACKAGES.len());
    }
}
