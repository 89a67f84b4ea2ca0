"""Blocks about back ends: the script of the page is called through the library; programs in C and Rust are
built and run beside it."""

import ctypes
import json
import re
import subprocess
import tempfile
from pathlib import Path

import blocks as markdown

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/backends.md"
SCRIPT = "greeter.py"
TIME_LIMIT = 60  # seconds
OUTPUT = {
    "c": r'^\{"greeting":"Hello, Alice!","count":1\}\n\{"code":"python","type":"ZeroDivisionError",',
    "rust": r'^\{"greeting":"Hello, Alice!","count":1\}\n7$',
}


def write_script(folder):
    """Writes the page's script into a folder."""
    page = [block for block in markdown.read(ROOT)[0] if block.document == PAGE]
    script = next(block for block in page if block.language == "python")
    (folder / SCRIPT).write_text(script.text, encoding="utf-8")


def check_python(tools, _block):
    """What is wrong with the page's script, called as hosts do."""
    library = ctypes.CDLL(str(tools.library))
    with tempfile.TemporaryDirectory(prefix="vh-documents-") as name:
        folder = Path(name).resolve()
        write_script(folder)
        backend = library.w_Spawn(str(folder / SCRIPT).encode(), None)
        if backend < 0:
            return [f"it does not start: {text_of(library, 'w_LastError')}"]
        faults = [
            f"{method}({params}) gives {told}"
            for method, params, wanted in (
                ("greet", {"name": "Alice"}, {"greeting": "Hello, Alice!", "count": 1}),
                ("wait", {}, 0.01),
                ("divide", {"a": 10, "b": 4}, 2.5),
            )
            for told in [call(library, backend, method, params)]
            if told != wanted
        ]
        library.w_BackendTerminate(backend)
    return faults


def call(library, backend, method, params):
    text = ctypes.c_char_p()
    params = json.dumps(params).encode()
    if library.w_BackendCall(backend, method.encode(), params, 0, ctypes.byref(text)):
        return json.loads(text.value or b"null")
    return text_of(library, "w_LastError")


def text_of(library, function):
    text = ctypes.c_char_p()
    getattr(library, function)(ctypes.byref(text))
    return (text.value or b"nothing").decode()


def check_c(tools, block):
    """What is wrong with a program in C."""
    with tempfile.TemporaryDirectory(prefix="vh-documents-") as name:
        folder = Path(name).resolve()
        file, program = folder / "example.c", folder / "example"
        file.write_text(f'#line {block.line} "{block.document}"\n{block.text}', encoding="utf-8")
        library = Path(tools.library)
        options = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-I", ROOT / "include"]
        link = [library, f"-Wl,-rpath,{library.parent}"]
        built = run(["cc", *options, file, "-o", program, *link], folder)
        if built.returncode != 0:
            return [f"it does not compile:\n{built.stdout}"]
        return faults_of([program], "c", folder)


def check_rust(_tools, block):
    """What is wrong with a program in Rust, which is built as a crate of its own."""
    with tempfile.TemporaryDirectory(prefix="vh-documents-") as name:
        folder = Path(name).resolve()
        (folder / "src").mkdir()
        (folder / "src" / "main.rs").write_text(block.text, encoding="utf-8")
        (folder / "Cargo.toml").write_text(
            '[package]\nname = "example"\nversion = "0.0.0"\nedition = "2024"\n[dependencies]\n'
            f'vh_worker = {{ path = "{ROOT / "crates" / "worker"}" }}\n',
            encoding="utf-8",
        )
        (folder / "Cargo.lock").write_bytes((ROOT / "Cargo.lock").read_bytes())
        target = ROOT / "build" / "documents"
        cargo = ["cargo", "build", "--quiet", "--target-dir", target]
        built = run(cargo, folder)
        if built.returncode != 0:
            return [f"it does not compile:\n{built.stdout[-3000:]}"]
        return faults_of([target / "debug" / "example"], "rust", folder)


def run(command, folder):
    return subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600 if command[0] == "cargo" else TIME_LIMIT,
    )


def faults_of(command, language, folder):
    """What is wrong with what a program prints beside the page's script."""
    write_script(folder)
    done = run(command, folder)
    if done.returncode != 0:
        return [f"it ends with {done.returncode}:\n{done.stdout}"]
    lines = [line for line in done.stdout.splitlines() if not line.startswith("PY: [")]
    printed = "\n".join(lines)
    if not re.search(OUTPUT[language], printed):
        return [f"it prints nothing like {OUTPUT[language]!r} but\n{done.stdout}"]
    return []
