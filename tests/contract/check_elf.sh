#!/bin/sh
# Checks what the library tells the dynamic linker: its name, that it stays loaded, that it needs no
# symbol of a hub.
#
# Usage: check_elf.sh LIBRARY
set -eu

dynamic=$(readelf --dynamic --wide "$1")

expect() {
  if ! printf '%s\n' "$dynamic" | grep -q "$1"; then
    echo "check_elf: $2, but the dynamic section says:" >&2
    printf '%s\n' "$dynamic" >&2
    exit 1
  fi
}

expect 'SONAME.*\[libvh_python_wrapper.so\]' 'the SONAME must be libvh_python_wrapper.so'
expect 'FLAGS_1.*NODELETE' 'dlclose must not unload it (link with -z nodelete)'

# With every relocation done at once, a symbol that is nowhere is reported.
missing=$(ldd -r "$1" 2>&1 | grep 'undefined symbol' || true)
if [ -n "$missing" ]; then
  echo "check_elf: the library needs symbols that none of its own libraries has:" >&2
  echo "$missing" >&2
  exit 1
fi
