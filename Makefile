# What people type; `make help` lists it. The work is done by CMakeLists.txt, cargo and tools/.
#
#   PYTHON=...   the Python to build for: a command or a path (default: python3)
#   BUILD=...    the folder to build in (default: build)
#   BENCH=...    options of the benchmark: --quick, --row TEXT (that row only, no hub), --other FILE
#   FUZZ=...     fuzzers to run (default: all), TIME=... seconds for each (default: 60)
#
# The environment's PYTHON, JOBS, PREFIX, DESTDIR and CARGO_TARGET_DIR count too; the others have names
# that mean other things elsewhere (PORT, TIME), and count behind `make` only.

PYTHON ?= python3
BUILD = build
BENCH =
FUZZ =
JOBS ?= $(shell nproc)
# Half of the tests wait for deadlines of scripts most of the time.
TESTS_AT_ONCE = $(shell expr 2 \* $(JOBS))
PREFIX ?= /usr/local
LISTEN = 127.0.0.1
PORT = 4111
TIME = 60

export PYTHON
# The test programs are compiled once for all Pythons where ccache is there.
export CMAKE_CXX_COMPILER_LAUNCHER ?= $(shell command -v ccache)
# In whatever folder they are compiled.
export CCACHE_NOHASHDIR = 1
# So that recipes need not quote what may hold quotes itself.
export VH_PREFIX = $(PREFIX)
export VH_DESTDIR = $(DESTDIR)
MAKEFLAGS += --no-print-directory
LIBRARY = $(or $(CARGO_TARGET_DIR),target)/release/libvh_python_wrapper.so
HUB = $(BUILD)/legacy_host/vh_hub
CMAKE_BUILD = cmake --build $(BUILD) --parallel $(JOBS)
# A host in Bun is compared with, where npm is there.
BUN = @oven/bun-linux-x64-baseline
# One row of the library's benchmark is asked for by who does not care for the hub.
with_hub = $(if $(filter --row --list,$(BENCH)),,yes)
HUB_LOAD = $(if $(filter --quick,$(BENCH)),VH_LOAD_MESSAGES=20000) $(CMAKE_BUILD) --target hub_load

.PHONY: build demo hub test test-documents test-long test-versions test-next test-sanitize fuzz bench bench-hub bench-instr check header docs symbols install uninstall
.PHONY: deb clean help
.PHONY: all bootstrap bootstrap-test configure runnable prefix
# cmake and ctest use the cores; the steps here follow each other.
.NOTPARALLEL:

all: build ## Same as build

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
	  while IFS='|' read -r target text; do printf '  make %-15s %s\n' "$$target" "$$text"; done
	@echo 'PYTHON=... chooses the Python to build for, BUILD=... the folder to build in.'

bootstrap:
	@tools/bootstrap build

bootstrap-test:
	@tools/bootstrap test

# Configures every time: it is quick, and PYTHON may be another one than last time.
configure: bootstrap
	@cmake -S . -B $(BUILD) -DVH_PYTHON="$$PYTHON"

build: configure ## Build the library, the hub and the test programs
	@$(CMAKE_BUILD)

runnable: configure
	@$(CMAKE_BUILD) --target vh_library vh_hub

demo: runnable ## Run the hub with the example scripts and two clients, and show what they say
	@$(PYTHON) -B tools/demo.py --hub $(HUB) --library $(LIBRARY)

hub: runnable ## Run the hub with the example scripts in ./hub until Ctrl-C (LISTEN=..., PORT=...)
	@tools/run-hub $(HUB) '$(LIBRARY)' '$(LISTEN)' '$(PORT)'

test: bootstrap-test build ## Build and test everything
	@cd $(BUILD) && ctest --output-on-failure --no-tests=error --parallel $(TESTS_AT_ONCE)

# The documents name the usual folder: build/.
test-documents: bootstrap-test build ## Run each command that a document shows, long ones in a short form
	@$(PYTHON) -B tests/documents/check.py commands

test-long: bootstrap-test build ## Run the long ones of these as they are shown; takes hours
	@$(PYTHON) -B tests/documents/check.py long

test-versions: bootstrap-test ## Test on the oldest and the newest Python of this machine too
	@$(PYTHON) -B tools/test_versions.py --build $(BUILD) --jobs $(JOBS) --tests $(TESTS_AT_ONCE)

test-next: ## Test with Python 3.14 and 3.15, each in a Debian that is made once (as root)
	@tools/test-next

test-sanitize: bootstrap-test build ## Test with sanitizers in the library itself, valgrind and Miri
	@cmake -S tests/sanitize -B $(BUILD)/sanitize -DVH_PYTHON="$$PYTHON" \
	  -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
	  -DVH_PLAIN_LIBRARY='$(abspath $(LIBRARY))' -DVH_PLAIN_TESTS='$(abspath $(BUILD))/tests'
	@cmake --build $(BUILD)/sanitize --parallel $(JOBS)
	@cd $(BUILD)/sanitize && ctest --output-on-failure --no-tests=error -R '^sanitize\.'

fuzz: bootstrap-test ## Fuzz the library and the demo hub (FUZZ=targets, TIME=seconds for each)
	@PYO3_PYTHON=$$($(PYTHON) -c 'import sys; print(sys.executable)') \
	  fuzz/run $(abspath $(BUILD))/fuzz $(TIME) $(FUZZ)

bench: configure ## Measure the library, and then the hub under load (BENCH=... options)
	@$(CMAKE_BUILD) --target vh_bench $(if $(with_hub),plugin_load tcp_load vh_hub)
	@! command -v npm >/dev/null || npm install --silent --no-audit --no-fund --prefix $(BUILD)/bun $(BUN)@1.4.5 || true
	@VH_BUN=$$(ls $(BUILD)/bun/node_modules/$(BUN)/bin/bun 2>/dev/null) $(BUILD)/benches/vh_bench $(BENCH)
	@$(if $(with_hub),echo && $(HUB_LOAD))

bench-hub: configure ## Measure the hub under load only: in one process, and over TCP
	@$(HUB_LOAD)

bench-instr: bootstrap-test configure ## Count the instructions of short calls into benches/instructions.txt
	@$(CMAKE_BUILD) --target bench-instr

check: bootstrap-test configure ## Check format and lints of all code
	@$(CMAKE_BUILD) --target lint

header: configure ## Write include/vh_python_wrapper.h anew from the Rust sources
	@$(CMAKE_BUILD) --target header

docs: configure ## Write docs/reference.md and python/vh.pyi anew from the tables
	@$(CMAKE_BUILD) --target docs

symbols: configure ## Check that the library exports what tests/symbols.txt lists
	@$(CMAKE_BUILD) --target symbols

# Before all is built for nothing.
prefix:
	@$(if $(DESTDIR),,tools/install --look "$$VH_PREFIX" >/dev/null)

install: prefix runnable ## Put the library into a Verlihub (PREFIX=...), keeping the old one as .orig
	@$(if $(DESTDIR),tools/install --stage '$(LIBRARY)' "$$VH_DESTDIR$$VH_PREFIX/lib", \
	  tools/install '$(LIBRARY)' "$$VH_PREFIX")

uninstall: ## Take the library out of a Verlihub (PREFIX=...) and put the old one back
	@$(if $(DESTDIR),tools/install --unstage "$$VH_DESTDIR$$VH_PREFIX/lib", \
	  tools/install --remove "$$VH_PREFIX")

deb: runnable ## Make a Debian package in the folder of the build (PYTHON=/usr/bin/python3)
	@tools/deb $(BUILD) $(BUILD)

clean: ## Remove everything that was built
	rm -rf $(BUILD) $(or $(CARGO_TARGET_DIR),target)
