"""C++ blocks: each is compiled with all warnings, linked and run beside a script.

A block with `int main` is a program of its own; any other is put into one of the files
`*surroundings.cpp.in`. The compiler tells errors in lines of the document. `EFFECTS` says what must come
of certain blocks beside a good end.
"""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import backends

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OPTIONS = ["-std=c++17", "-Wall", "-Wextra", "-Wno-unused", "-Werror"]
# Where documents say the library lies.
PLACE = "/opt/hub/lib/libvh_python_wrapper.so"
TIME_LIMIT = 60  # seconds
ERROR_LINES = 30


@dataclass
class Effect:
    """What must come of the blocks that have these words."""

    words: str
    probe: str = ""  # C++ code behind the block
    output: str = ""  # a regular expression of what it prints


EFFECTS = [
    Effect("points.value() <<", output=r"^50$"),
    Effect("options.callbacks", 'EXPECT(host.load("script.py").value() >= 0);'),
    Effect(
        '"best", scores',
        'EXPECT(best.at("alice") == 2); EXPECT(name == "alice"); EXPECT(made["list"].size() == 4);',
    ),
    Effect(
        'expose(script, "lookup"',
        "using Names = std::vector<std::string>;\n"
        'EXPECT(host.call<Names>(script, "lookup", "alice", nullptr).value().back() == "up to 10");\n'
        'EXPECT(host.call<Names>(script, "lookup", "bob", 1L).error().type == "IndexError");',
    ),
    Effect('"setting", &setting', 'EXPECT(host.call<long>(script, "setting", 4L).value() == 5);'),
    Effect('expose(script, "apply"', 'EXPECT(host.call<bool>(script, "apply", 3L).value());'),
    Effect("host.statistics()", output=r"^script\.py takes [\d.e+-]+ MB$"),
    Effect(
        "set_log_sink",
        'EXPECT(!host.call<long>(script, "process_user", 1L, 2L)); host.set_log_sink({});',
        output=r"script\.py.*process_user",
    ),
    Effect("greeter.call(", output=r'^"Hello, Alice!"\nZeroDivisionError: division by zero\n'),
    Effect("vh::execute<int>", output=r"^0\.5\n120$"),
    Effect(
        "hub.Receive(", r'EXPECT(sent.find("$Hello alice|") != std::string::npos); EXPECT(result);'
    ),
]


def source_of(block, library):
    """The block as a whole source file."""
    text = block.text.replace(PLACE, str(library))
    line = f'#line {block.line} "{block.document}"\n'
    if "int main" in text:
        return line + text
    is_hub = "hub::" in text
    around = (HERE / ("hub_surroundings.cpp.in" if is_hub else "surroundings.cpp.in")).read_text()
    probes = "\n".join(each.probe for each in EFFECTS if each.words in text)
    has_host = re.search(r"\bvh::Host host\b", text)
    return (
        around.replace("@NEEDS_HOST@", "0" if has_host else "1")
        .replace("@BLOCK@", line + text + '#line 1 "probe"')
        .replace("@PROBE@", probes)
    )


def command_of(tools, block, file, program):
    command = [tools.compiler, *OPTIONS, "-I", ROOT / "include", file, "-o", program]
    if "hub::" in block.text:
        command += ["-I", ROOT / "legacy_host" / "src", tools.hub_core, "-lsqlite3"]
    return [*command, "-pthread", "-ldl"]


def check(tools, block):
    """What is wrong with a block of C++."""
    with tempfile.TemporaryDirectory(prefix="vh-documents-") as name:
        folder = Path(name).resolve()
        file, program = folder / "example.cpp", folder / "example"
        file.write_text(source_of(block, tools.library), encoding="utf-8")
        # The folder that hubs have already.
        (folder / "config dir").mkdir()
        (folder / "script.py").write_bytes((HERE / "example.py").read_bytes())
        backends.write_script(folder)
        command = command_of(tools, block, file, program)
        built = subprocess.run(command, capture_output=True, text=True)
        if built.returncode != 0:
            return ["it does not compile:\n" + "\n".join(built.stderr.splitlines()[:ERROR_LINES])]
        done = subprocess.run(
            [program],
            cwd=folder,
            env={**os.environ, "VH_LIBRARY": str(tools.library)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIME_LIMIT,
        )
    faults = []
    if done.returncode != 0:
        faults.append(f"it ends with {done.returncode}:\n{done.stdout}")
    for effect in EFFECTS:
        wanted = effect.output if effect.words in block.text else ""
        if wanted and not re.search(wanted, done.stdout, re.MULTILINE):
            faults.append(f"it prints nothing like {wanted!r} but\n{done.stdout}")
    return faults
