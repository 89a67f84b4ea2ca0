# shellcheck shell=sh
# What the tests of tools/install share: hubs in folders, the library each loads, refusals.
# Whoever reads this file has set `folder`, an empty one, `here`, this one, and `test`, the own name.
# shellcheck disable=SC2154

name=libvh_python_wrapper.so
: "${CC:=cc}"

fail() {
  printf '%s: %s\n' "$test" "$1" >&2
  [ ! -e "$folder/said" ] || sed 's/^/  /' "$folder/said" >&2
  exit 1
}

start() { # case
  printf '%s\n' "- $1"
  rm -rf "$folder/said" "$folder/hub" "$folder/build"
}

# A library of the hub's own. All are different.
make_original() { # file
  mkdir -p "$(dirname "$1")"
  printf 'const char *text = "%s";\n' "$1" >"$folder/original.c"
  "$CC" -shared -fPIC -o "$1" "$folder/original.c"
}

make_plugin() { # file, the files it tries...
  mkdir -p "$(dirname "$1")"
  plugin=$1
  shift
  tries=$(printf '"%s",' "$@")
  "$CC" -shared -fPIC -DTRIES="$tries" -o "$plugin" "$here/plugin.c"
}

# The line of hubs for Python 3: where it was built comes first.
make_hub() { # prefix
  make_plugin "$1/lib/libpython_pi.so" "$folder/build/plugins/python/$name" "$1/lib/$name"
  make_original "$1/lib/$name"
}

run() { # command...
  if "$@" >"$folder/said" 2>&1; then return 0; else return 1; fi
}

expect_success() { # command...
  run "$@" || fail "$* failed"
}

expect_refusal() { # words, command...
  words=$1
  shift
  if run "$@"; then fail "$* was not refused"; fi
  expect_words "$words"
}

expect_words() {
  grep -qF -- "$1" "$folder/said" || fail "it does not say '$1'"
}

expect_no_words() {
  if grep -qF -- "$1" "$folder/said"; then fail "it says '$1'"; fi
}

expect_loaded() { # plugin, file it is to be the same as
  loaded=$("$folder/hub-program" "$1") || fail 'the hub loads no library'
  cmp -s "$2" "$loaded" || fail "the hub loads $loaded, which is not $2"
}

build_hub_program() {
  "$CC" -Wall -Wextra -Werror -o "$folder/hub-program" "$here/hub.c" -ldl
}
