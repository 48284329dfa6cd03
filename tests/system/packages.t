#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What can be seen of the packages without installing them.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT

unpack() {
	"$top/scripts/payload" "$built" &&
		for package in "$built"/deb/*.deb; do
			dpkg-deb -x "$package" "$built/root" || return
		done
}

# The version that a file gives in the only line that matches a pattern.
version_in() {
	pattern=$1
	shift
	(cd "$top" && sed -n "s/$pattern/\\1/p" "$@")
}

one_version() {
	version=$(dpkg-parsechangelog -l "$top/debian/changelog" -S Version)
	same "$version" "$(version_in '^PACKAGE_VERSION="\(.*\)"$' dkms.conf)" &&
		same "$version" "$(version_in '^MODULE_VERSION("\(.*\)");$' \
			"$top"/module/*.c)" &&
		[ -f "$built/root/usr/src/pcibuf-$version/dkms.conf" ]
}

# Programs only: devices and the administrator's own files are not ours.
rules_name_what_exists() {
	missing=
	named=$(grep -v '^#' "$top/udev/60-persistent-pcibuf.rules" |
		grep -o '/usr/[^" ]*' | sort -u)
	for path in $named; do
		[ -x "$built/root$path" ] || missing="$missing $path"
	done
	same "" "$missing"
}

dkms_has_the_source() {
	expected=$(cd "$top" && git ls-files -co --exclude-standard module | sort)
	same "$expected" "$(cd "$built"/root/usr/src/pcibuf-* &&
		find module -type f | sort)"
}

packages_touch() {
	(cd "$built/root" && find . -type f | cut -d/ -f2-4 | sort -u)
}

writable_by_others() {
	find "$built/root" ! -type l -perm /022
}

check "packages are built and unpacked" unpack
check "every place has the same version" one_version
check "programs that udev's rules name are there" rules_name_what_exists
check "DKMS gets all of the module's source and nothing else" \
	dkms_has_the_source
check "nothing is installed where the administrator's files are" same \
	"usr/include/pcibuf.h
usr/lib/sysusers.d
usr/lib/udev
usr/share/doc
usr/share/lintian
usr/src/pcibuf-0.1.0" "$(packages_touch)"
check "nobody else may write to what is installed" \
	same "" "$(writable_by_others)"
finish
