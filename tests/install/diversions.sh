# shellcheck shell=sh
# What happens to a hub's own library when our package comes and goes, in any root that dpkg knows.
# Whoever reads this file has set `folder`, `root` and `package`, and defines dpkg_in_root and
# check_links, which runs ldconfig there.
# shellcheck disable=SC2154

name=libvh_python_wrapper.so
target=$root/usr/lib/$name
aside=$root/usr/lib/vh-python-wrapper

fail() {
  echo "${0##*/}: $1" >&2
  exit 1
}

start() { # case
  printf '%s\n' "- $1"
}

# A package, as a hub's would be, that has the library. The file tells package and version.
make_package() { # name, version
  mkdir -p "$folder/$1/DEBIAN" "$folder/$1/usr/lib"
  printf '%s %s\n' "$1" "$2" >"$folder/$1/usr/lib/$name"
  cat >"$folder/$1/DEBIAN/control" <<END
Package: $1
Version: $2
Architecture: all
Maintainer: nobody <nobody@example.invalid>
Description: has a library
END
  dpkg-deb --root-owner-group --build "$folder/$1" "$folder/$1.deb" >/dev/null
}

# Ours, as a later version.
make_newer_package() {
  rm -rf "$folder/newer"
  dpkg-deb --raw-extract "$package" "$folder/newer"
  sed -i 's/^Version: .*/&+newer/' "$folder/newer/DEBIAN/control"
  dpkg-deb --root-owner-group --build "$folder/newer" "$folder/newer.deb" >/dev/null
}

install_ours() {
  dpkg_in_root --install "$package"
}

# Ours is there, and the linker sees it.
expect_ours() {
  dpkg-deb --fsys-tarfile "$package" | tar -xO "./usr/lib/$name" >"$folder/ours"
  check_links
  [ ! -L "$target" ] || fail "$target is a link to $(readlink "$target")"
  cmp -s "$folder/ours" "$target" || fail "$target is not ours"
}

expect_aside() { # what the file says
  [ "$(cat "$aside/original/$name")" = "$1" ] || fail "the library aside is not that of $1"
}

expect_back() { # what the file says
  check_links
  [ "$(cat "$target")" = "$1" ] || fail "the library of $1 did not come back"
  [ ! -e "$aside" ] || fail "$aside was left"
}

expect_nothing() {
  # In an empty root dpkg takes even the folders away.
  mkdir -p "$root/usr/lib"
  left=$(find "$root/usr/lib" -name '*vh[-_]python*')
  [ -z "$left" ] || fail "there is still $left"
  diversions=$(dpkg-divert --admindir "$root/var/lib/dpkg" --list '*vh_python*')
  [ -z "$diversions" ] || fail "there is still: $diversions"
}

run_cases() {
  make_package verlihub 1
  make_newer_package

  start "a hub's package that was there before"
  dpkg_in_root --install "$folder/verlihub.deb"
  install_ours
  expect_ours
  expect_aside 'verlihub 1'

  start 'upgrades of both'
  make_package verlihub 2
  dpkg_in_root --install "$folder/verlihub.deb"
  expect_ours
  expect_aside 'verlihub 2'
  dpkg_in_root --install "$folder/newer.deb"
  expect_ours
  expect_aside 'verlihub 2'
  dpkg_in_root --remove vh-python-wrapper
  expect_back 'verlihub 2'
  install_ours
  dpkg_in_root --purge vh-python-wrapper
  expect_back 'verlihub 2'
  dpkg_in_root --purge verlihub
  expect_nothing

  start "a hub's package that comes later, and goes first"
  install_ours
  dpkg_in_root --install "$folder/verlihub.deb"
  expect_ours
  expect_aside 'verlihub 2'
  dpkg_in_root --purge verlihub
  expect_ours
  dpkg_in_root --purge vh-python-wrapper
  expect_nothing

  start 'a file that no package owns'
  echo unowned >"$target"
  install_ours
  expect_ours
  expect_aside unowned
  dpkg_in_root --install "$folder/newer.deb"
  expect_ours
  dpkg_in_root --purge vh-python-wrapper
  expect_back unowned
  rm "$target"

  start 'our package of before, which moved nothing aside'
  make_package vh-python-wrapper 1
  dpkg_in_root --install "$folder/vh-python-wrapper.deb"
  install_ours
  expect_ours
  dpkg_in_root --purge vh-python-wrapper
  expect_nothing

  start 'a package that cannot be unpacked'
  echo unowned >"$target"
  rm -rf "$folder/newer/usr" && mkdir -p "$folder/newer/usr/lib"
  cp "$folder/ours" "$folder/newer/usr/lib/$name"
  mkdir "$folder/newer/etc" && echo mine >"$folder/newer/etc/of-another-package"
  dpkg-deb --root-owner-group --build "$folder/newer" "$folder/newer.deb" >/dev/null
  mkdir "$folder/verlihub/etc" && echo theirs >"$folder/verlihub/etc/of-another-package"
  rm -r "$folder/verlihub/usr"
  dpkg-deb --root-owner-group --build "$folder/verlihub" "$folder/verlihub.deb" >/dev/null
  dpkg_in_root --install "$folder/verlihub.deb"
  if dpkg_in_root --install "$folder/newer.deb"; then fail 'it was unpacked'; fi
  expect_back unowned
  rm "$target"
  dpkg_in_root --purge verlihub
  expect_nothing
}
