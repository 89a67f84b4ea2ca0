"""Checks that whatever enters the library goes through what catches panics, and that comments name
what there is.

Usage: check_edges.py ROOT

- Each C function of ours is made by `crates/cpython/src/trampoline.rs`, `src/abi/boundary.rs` or `crates/core/src/panics.rs`, or its
  body is one call of `guard`, `call` or `call_or` of `boundary.rs`; the exceptions are in one table here, with their reasons.
- Each thread is started by `crates/core/src/spawn.rs`.
- A SAFETY comment names no file and nothing in backquotes that does not exist.
"""

import pathlib
import re
import sys

# Where C functions are made by macros, and where threads are started.
MAKERS = {"crates/cpython/src/trampoline.rs", "src/abi/boundary.rs", "crates/core/src/panics.rs"}
STARTER = "crates/core/src/spawn.rs"

# File and function, and why no panic is caught there.
EXCEPTIONS = {
    ("src/abi.rs", "w_GetHook"): "it is a constant",
    ("src/abi/symbols.rs", "$public"): "it is a jump to a C function",
    (
        "src/abi/cxx.rs",
        "nverlihub_npythonplugin_string_list_to_json",
    ): "it is a jump to a C++ function",
    ("crates/guard/src/crash/handlers.rs", "on_crash"): (
        "a signal handler in a broken process: catching a panic would allocate"
    ),
    ("crates/cpython/src/init.rs", "malloc"): "Python's allocator: it only forwards to C",
    ("crates/cpython/src/init.rs", "calloc"): "Python's allocator: it only forwards to C",
    ("crates/cpython/src/init.rs", "realloc"): "Python's allocator: it only forwards to C",
    ("crates/cpython/src/init.rs", "free"): "Python's allocator: it only forwards to C",
    ("crates/cpython/src/gil_state/variable.rs", "look_at"): (
        "the dynamic linker calls it, once at the start and on 3.15 only; nothing in it can panic"
    ),
    ("crates/core/src/panics/injection.rs", "vh_test_point"): "only in builds for tests",
    ("crates/core/src/panics/injection.rs", "vh_test_arm"): "only in builds for tests",
    ("crates/core/src/panics/injection.rs", "vh_test_struck"): "only in builds for tests",
}

# Files that only unit tests have.
OF_TESTS = re.compile(r"/tests\.rs$|/src/tests/|/fake\w*\.rs$")

C_FUNCTION = re.compile(r'extern "C(?:-unwind)?" fn ([$\w]+)\s*(?:<[^{;]*>)?\(')
THREAD = re.compile(
    r"\b(?:thread::(?:spawn|scope|Builder)|pthread_create)\b|\bBuilder::new\(\)\s*\.name"
)
FILE_NAME = re.compile(r"\b([\w/-]+\.(?:py|rs|c|cpp|hpp|h))\b")
QUOTED = re.compile(r"`([^`]+)`")
NAME = re.compile(r"[A-Za-z_]\w*")


def without_comments(text):
    return re.sub(r"//[^\n]*", "", text)


def without_tests(text):
    """A file up to its unit tests, which come last; those in a file of their own are another file."""
    return re.split(
        r"#\[cfg\((?:test|all\(test, .*\))\)\]\n(?:#.*\n)?mod \w+ \{", text, maxsplit=1
    )[0]


def body_after(code, start):
    """What stands between the braces that open after `start`; None for a declaration."""
    opening, end = code.find("{", start), code.find(";", start)
    if opening < 0 or 0 <= end < opening:
        return None
    depth = 0
    for index in range(opening, len(code)):
        depth += {"{": 1, "}": -1}.get(code[index], 0)
        if depth == 0:
            return code[opening + 1 : index]
    return None


def unguarded(file, text, used):
    """C functions in a file that no panic may leave, and yet could."""
    code = "" if OF_TESTS.search(file) else without_comments(without_tests(text))
    for found in C_FUNCTION.finditer(code):
        name = found.group(1)
        body = body_after(code, found.end())
        if body is None or file in MAKERS:
            continue
        if (file, name) in EXCEPTIONS:
            used.add((file, name))
        elif not re.match(r"\s*(?:guard|call|call_or)\(\s*point!\(", body) or not is_one_call(body):
            yield (
                f"{file}: the C function {name} is made by none of {', '.join(sorted(MAKERS))}: "
                "a panic in it would end the hub. Use entry!, destructor!, guard or call"
            )


def is_one_call(body):
    """Whether nothing comes after the call that the body begins with."""
    start = body.index("(")
    depth = 0
    for index in range(start, len(body)):
        depth += {"(": 1, ")": -1}.get(body[index], 0)
        if depth == 0:
            return body[index + 1 :].strip() in ("", ";")
    return False


def stray_threads(file, text):
    is_of_library = file != STARTER and not OF_TESTS.search(file)
    if is_of_library and THREAD.search(without_comments(without_tests(text))):
        yield f"{file}: a thread is started here; only {STARTER} does that, so that none dies in silence"


def safety_comments(text):
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not re.match(r"\s*// SAFETY:", line):
            continue
        comment = [line]
        for following in lines[number + 1 :]:
            if not re.match(r"\s*//(?!/)", following) or "SAFETY:" in following:
                break
            comment.append(following)
        yield number + 1, " ".join(part.strip().lstrip("/ ") for part in comment)


def false_comments(file, text, files, names):
    for number, comment in safety_comments(text):
        for name in FILE_NAME.findall(comment):
            if not any(known == name or known.endswith("/" + name) for known in files):
                yield f"{file}:{number}: a SAFETY comment names {name}, which does not exist"
        for quoted in QUOTED.findall(comment):
            # Names such as __bool__ are Python's.
            quoted_names = [name for name in NAME.findall(quoted) if not name.startswith("__")]
            missing = [name for name in quoted_names if name not in names]
            if missing:
                yield f"{file}:{number}: a SAFETY comment names `{quoted}`; there is no {missing[0]}"


def faults(sources, others):
    """What is wrong in these files: a dict of names and texts. `others` may be named in comments."""
    files = set(sources) | set(others)
    code = "\n".join(without_comments(text) for text in sources.values())
    names = set(NAME.findall(code + "\n".join(others.values())))
    used = set()
    for file, text in sources.items():
        yield from unguarded(file, text, used)
        yield from stray_threads(file, text)
        yield from false_comments(file, text, files, names)
    for file, name in sorted(set(EXCEPTIONS) - used):
        yield f"{file}: {name} is listed as an exception, but there is none such"


def shows_what_is_wrong():
    """The check itself: each of these must be found."""
    samples = {
        "src/a.rs": 'unsafe extern "C" fn bare(x: c_int) -> c_int { x + 1 }',
        "src/b.rs": 'extern "C" fn w_Half() -> c_int { guard(point!("w_Half"), 0, || 1) + panics() }',
        "src/c.rs": "fn f() { std::thread::spawn(|| {}); }",
        "src/d.rs": "fn f() {\n    // SAFETY: gone.py passes a list.\n    unsafe { g() }\n}",
        "src/g.rs": "#[cfg(test)]\nmod tests;\nfn f() { std::thread::spawn(|| {}); }",
        "src/e.rs": "fn f() {\n    // SAFETY: by\n    // `nobody_knows`.\n    unsafe { g() }\n}",
    }
    good = 'pub extern "C" fn w_End() -> c_int {\n    guard(point!("w_End"), 1, || { 1 })\n}'
    found = list(faults({**samples, "src/f.rs": good}, {}))
    for file in samples:
        assert sum(fault.startswith(file) for fault in found) == 1, (file, found)
    assert not any(fault.startswith("src/f.rs") for fault in found), found


def main(root):
    shows_what_is_wrong()
    root = pathlib.Path(root)

    def read(*patterns):
        paths = [path for pattern in patterns for path in sorted(root.glob(pattern))]
        return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in paths}

    sources = read("src/**/*.rs", "crates/*/src/**/*.rs")
    others = read(
        *(
            f"{folder}/**/*.{kind}"
            for folder in ("src", "crates/*/src")
            for kind in ("py", "c", "cpp")
        ),
        "include/*.h",
    )
    found = list(faults(sources, others))
    for fault in found:
        print(fault)
    if found or len(sources) < 50:
        sys.exit(f"{len(found)} faults in {len(sources)} files")
    print(f"{len(sources)} files: every way in catches panics")


if __name__ == "__main__":
    main(sys.argv[1])
