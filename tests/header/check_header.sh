#!/bin/sh
# Compiles vh_python.hpp alone and twice, with each compiler and language level, without a warning.
# The C header has tests/contract/check_header.sh.
#
# Usage: check_header.sh INCLUDE_FOLDER
set -eu

include=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

once='#include "vh_python.hpp"'
printf '%s\n' "$once" >"$folder/alone.cpp"
printf '%s\n%s\n' "$once" "$once" >"$folder/twice.cpp"

for compiler in g++ clang++; do
  for standard in c++17 c++20; do
    for source in alone twice; do
      echo "$compiler -std=$standard $source"
      "$compiler" "-std=$standard" -Wall -Wextra -Wpedantic -Werror -I "$include" \
        -c "$folder/$source.cpp" -o "$folder/object.o"
    done
  done
done
