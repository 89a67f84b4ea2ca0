#!/usr/bin/env python3
"""Compiles the C++ examples of docs/cpp.md and README.md: what people copy must compile.

usage: check_documents.py COMPILER INCLUDE_FOLDER DOCUMENT...

A block with `int main` is a program of its own. Any other is put into a function in which the names
exist that the documents use without saying what they are.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^```cpp\n(.*?)^```$", re.MULTILINE | re.DOTALL)

SURROUNDINGS = """
#include <iostream>

#include "vh_python.hpp"

struct User {
  std::vector<std::string> names(long) const { return {}; }
};

long setting(long number) { return number; }

void documented(vh::Host& host, int script, w_Tcallback* table,
                const std::map<std::string, User>& users) {
  (void)host, (void)script, (void)table, (void)users;
  {
    // A scope of its own, in which the example may use these names anew.
%s
  }
}
"""


def as_source(example):
    """Returns the example as a whole source file."""
    return example if "int main" in example else SURROUNDINGS % example


def compiles(compiler, include, example):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "example.cpp"
        file.write_text(as_source(example))
        options = ["-std=c++17", "-Wall", "-Wextra", "-Wno-unused", "-Werror", "-fsyntax-only"]
        command = [compiler, *options, "-I", include, str(file)]
        result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        print(example, result.stderr, sep="\n")
    return result.returncode == 0


def main(compiler, include, *documents):
    examples = [
        example
        for document in documents
        for example in BLOCK.findall(Path(document).read_text())
    ]
    if not examples:
        print("there is no example in", *documents)
        return 1
    failed = sum(not compiles(compiler, include, example) for example in examples)
    print(f"{len(examples)} examples, {failed} do not compile")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
