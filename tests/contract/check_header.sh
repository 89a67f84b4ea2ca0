#!/bin/sh
# Compiles the published header alone and twice, as C and C++, with each compiler, without a warning.
#
# Usage: check_header.sh INCLUDE_FOLDER
set -eu

include=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

compile() {
  compiler=$1 standard=$2 file=$3
  echo "$compiler -std=$standard $(basename "$file")"
  "$compiler" "-std=$standard" -Wall -Wextra -Wpedantic -Werror -I "$include" -c "$file" \
    -o "$folder/object.o"
}

once='#include "vh_python_wrapper.h"'
# A declaration keeps the translation unit from being empty, which C forbids.
for language in c cpp; do
  printf '%s\nint used;\n' "$once" >"$folder/alone.$language"
  printf '%s\n%s\nint used;\n' "$once" "$once" >"$folder/twice.$language"
done

for source in alone twice; do
  for compiler in gcc clang; do
    compile $compiler c99 "$folder/$source.c"
    compile $compiler c11 "$folder/$source.c"
  done
  for compiler in g++ clang++; do
    compile $compiler c++17 "$folder/$source.cpp"
    compile $compiler c++20 "$folder/$source.cpp"
  done
done
