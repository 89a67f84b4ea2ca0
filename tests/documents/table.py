"""Every command that a document shows, and how it is checked, in the order in which they are run.

A command is the text as it stands in the document, without its comment. Who documents a new command
adds a row.
"""

from ways import By, Ci, Long, Read, Run, Scene, Serve, Test

LIBRARY = "target/release/libvh_python_wrapper.so"
GENERATIONS = "python3 tests/generations/run.py --host build/tests/generations/generations_host"
IN_DEBIAN = "tests/install/test_debian build"
NEXT = "it needs root, packages of Debian and 2 GB"
OF_APT = "it changes the system"

COMMANDS = {
    # README: try it
    "make demo": Run(r"That was the demo\."),
    # `make` ends so when Ctrl-C ends what it runs.
    "make hub": Serve(
        r"Listening on 127\.0\.0\.1:4111",
        ends=(0, 2, 130, -2),
        stops="(?s)stopping with code 0.*unloaded script 0",
        leaves=("hub",),
    ),
    "make help": Run("make demo +Run the hub"),
    "make": Run(),
    "PYTHON=python3.12 make …": Long(
        why="it builds everything for another Python",
        short="PYTHON=python3 make help",
        places=("python3.12 make …", "python3 make"),
    ),
    "sudo apt-get install rustup && rustup default stable": Read(why=OF_APT),
    # Into a hub and back
    "make install PREFIX=/usr/local": Run("", places=("/usr/local", "hub")),
    "make install": Test(test="install.hub"),
    "make uninstall": Test(test="install.hub"),
    # For programs
    "cmake -S . -B build && cmake --build build && ctest --test-dir build": Long(
        why="`make test` does the same",
        short="cmake -S . -B build && cmake --build build && ctest --test-dir build -R abi.symbols",
    ),
    "cmake --install build --prefix /usr/local": Run(
        r"libvh_python_wrapper\.so", places=("/usr/local", "folder")
    ),
    "cmake --install": Test(test="install.projects"),
    "pkg-config --cflags --libs vh_python_wrapper": Test(test="install.projects"),
    "sudo ldconfig": Read(why=OF_APT),
    # CONTRIBUTING
    "make check": Ci(target="check"),
    "make test": Ci(target="test"),
    ".ci/run": Ci(target=""),
    "make test-documents": Ci(target="test-documents"),
    "make test-long": Read(why="it runs what is listed as long, and itself would be among it"),
    "python3 tests/documents/check.py list": Run(r"README\.md:\d+ +make demo$"),
    "cargo xtask gen": Run(
        keeps=(
            "include/vh_python_wrapper.h",
            "docs/reference.md",
            "docs/packages.md",
            "python/vh.pyi",
        )
    ),
    "cargo xtask gen --check": Run(),
    "make header": Run(keeps=("include/vh_python_wrapper.h",)),
    "make docs": Run(keeps=("docs/reference.md", "python/vh.pyi")),
    "make symbols": Run(),
    "cargo test --workspace": Test(test="rust"),
    "cargo test --workspace --lib": Test(test="rust"),
    "RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps": Run(),
    "make test-versions": Ci(target="test-versions"),
    "for python in python3.9 python3.10 python3.11 python3.12 python3.13; do\n"
    "  make test PYTHON=$python BUILD=build-$python CARGO_TARGET_DIR=build-$python/target || break\n"
    "done": Long(
        why="all tests five times",
        short="make -n test BUILD=build-python3.9",
        prints=r"(?s)(^100% tests passed.*){5}",
    ),
    "make test-next": Long(why=NEXT, needs="debootstrap", as_root=True),
    "tools/test-next --run 3.15 COMMAND…": Long(
        why=NEXT, needs="debootstrap", as_root=True, places=("COMMAND…", "python3 --version")
    ),
    f"VH_HUB=build/legacy_host/vh_hub VH_LIBRARY={LIBRARY} python3 tests/guard/ten_scripts.py": Long(
        why="three minutes of an idle machine", test="guard.ten_scripts"
    ),
    "tools/mutants/run --list": Run(r"^crates/core/src/revocable\.rs: "),
    "cargo mutants -p vh_guard --shard 0/8": Long(
        why="half an hour of an idle machine",
        short="cargo mutants -p vh_guard --shard 0/8 --list",
        needs="cargo-mutants",
    ),
    "cargo install --locked cargo-mutants": Read(why="it downloads and installs a program"),
    # Measuring
    "make bench": Long(
        why="ten minutes of an idle machine", short="make bench BENCH='--quick --row OnTimer'"
    ),
    "make bench-hub": Long(
        why="minutes of an idle machine", short="VH_LOAD_MESSAGES=2000 make bench-hub"
    ),
    "cmake --build build --target hub_load": Long(
        why="minutes of an idle machine", short="cmake --build build --target plugin_load tcp_load"
    ),
    "make bench-instr": Long(
        why="it writes down what the test compares with",
        test="bench.instructions",
        needs="valgrind",
        keeps=("benches/instructions.txt",),
    ),
    "systemctl stop": Read(why="no service manager runs here"),
    "perf annotate": Read(why="it needs a profile of a hub under load"),
    'perf record --call-graph dwarf --pid "$(pgrep -n vh_hub)"': Read(
        why="it runs until Ctrl-C beside a hub under load"
    ),
    "perf report --no-children --sort dso,symbol": Read(
        why="it needs a profile of a hub under load"
    ),
    # Fuzzing, sanitizers
    "make fuzz": Long(
        why="a minute for each fuzzer, after a build with sanitizers",
        short="make fuzz FUZZ=formats TIME=1",
        needs="cargo-fuzz",
    ),
    'make fuzz FUZZ="json calls" TIME=600': Long(
        why="twenty minutes", short='make -n fuzz FUZZ="json calls" TIME=1', needs="cargo-fuzz"
    ),
    "make fuzz FUZZ=hub TIME=600": Long(
        why="ten minutes, and a build of the hub with sanitizers",
        short="make -n fuzz FUZZ=hub TIME=1",
    ),
    "cargo install cargo-fuzz": Read(why="it downloads and installs a program"),
    "make test-sanitize": Long(
        why="it builds everything with sanitizers", short="make -n test-sanitize"
    ),
    "rustup toolchain install nightly --component miri,rust-src": Read(
        why="it downloads and installs a toolchain"
    ),
    "cargo deny fetch db": Read(why="it asks the network what advisories there are"),
    # Suites of tests
    f"python3 tests/field/run.py --host build/tests/field/field_host --library {LIBRARY}": Long(
        why="minutes", test="field.sub"
    ),
    "python3 tests/lifecycle/reload_table.py build/tests/lifecycle/bare build/tests/lifecycle/reload": Long(
        why="half an hour or more", test="lifecycle.reload.sub"
    ),
    "cmake --build build --target generations_host": Run(),
    GENERATIONS: Run(),
    f"OLD=/old/libvh_python_wrapper.so {GENERATIONS}": Read(why="there is no old library here"),
    f"{GENERATIONS} --write": Run(keeps=("tests/generations/expected",)),
    "ctest --test-dir build -R stress --verbose": Long(why="minutes", test="stress.counts"),
    "VH_REPETITIONS=100 cargo test -p vh_worker --test kills": Long(
        why="a quarter of an hour", test="rust"
    ),
    "VH_REPETITIONS=100 build/tests/guard/vh_guard --gtest_filter=Worker.However*": Long(
        why="minutes", test="guard.worker"
    ),
    # The hub of its own
    "cmake -S legacy_host -B build/hub && cmake --build build/hub": Run(),
    f"echo 'boss 10 secret' | build/hub/vh_hub --config myhub --library {LIBRARY} --register -": Serve(
        r"Listening on 127\.0\.0\.1:4111", stops="stopping with code 0", leaves=("myhub",)
    ),
    # The example with a server of its own
    "python3 -m venv venv": Scene(name="hub_api"),
    "venv/bin/pip install -r requirements.txt": Scene(name="hub_api"),
    "curl http://127.0.0.1:8080/stats": Scene(name="hub_api"),
    "curl -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' "
    """-d '{"message": "hello from the web"}' http://127.0.0.1:8080/chat""": Scene(name="hub_api"),
    "python3 -m py_compile script.py": Run(places=("script.py", "tests/documents/example.py")),
    # Debian
    "make deb": Run(r"\.deb$"),
    "make deb PYTHON=/usr/bin/python3": Long(
        why="it builds the library for Debian's own Python, and the next build builds it again",
        test="install.deb",
    ),
    "sudo apt-get install ./build/vh-python-wrapper_*.deb": Test(test="install.deb"),
    "dpkg-divert --list '*vh_python*'": Test(test="install.deb"),
    "sudo vh-python-wrapper-link /usr/local": By(command=IN_DEBIAN),
    "sudo vh-python-wrapper-link --remove /usr/local": By(command=IN_DEBIAN),
    IN_DEBIAN: Long(why=NEXT, needs="debootstrap", as_root=True),
}
