#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests the packages without installing them.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT

unpack() {
	"$top/scripts/build/payload" "$built" &&
		for package in "$built"/deb/*.deb; do
			dpkg-deb -x "$package" "$built/root" || return
		done
}

# version_in PATTERN FILE...: print the version in the only line that matches PATTERN.
version_in() {
	pattern=$1
	shift
	(cd "$top" && sed -n "s/$pattern/\\1/p" "$@")
}

one_version() {
	version=$(dpkg-parsechangelog -l "$top/debian/changelog" -S Version)
	same "$version" "$(version_in '^PACKAGE_VERSION="\(.*\)"$' dkms.conf)" &&
		same "pcibufctl $version" "$("$built/root/usr/bin/pcibufctl" --version)" &&
		same "$version" "$(version_in '^MODULE_VERSION("\(.*\)");$' \
			"$top"/module/*.c)" &&
		[ -f "$built/root/usr/src/pcibuf-$version/dkms.conf" ]
}

# Look at programs only: devices and the administrator's files are not in the packages.
rules_name_what_exists() {
	missing=
	named=$(grep -hv '^#' "$top"/udev/*.rules "$top"/udev/*.service |
		grep -o '/usr/[^" ]*' | sort -u)
	for path in $named; do
		[ -x "$built/root$path" ] || missing="$missing $path"
	done
	same "" "$missing"
}

# A page has a copy of the rule that is commented out, for users to copy.
page_has_the_rule() {
	rule=$(sed -n 's/^#\(SUBSYSTEM.*resource.*\)/\1/p' "$top"/udev/*.rules)
	[ -n "$rule" ] && grep -qF "$rule" "$top/debian/doc/bars.md"
}

# Files that pages and README.md name exist where the package installs them.
pages_name_what_exists() {
	missing=
	named=$(grep -oh '/usr/[a-z0-9/._-]*pcibuf[^ ,;)`]*[a-z]' "$top/README.md" "$top"/debian/doc/*.md \
		"$top"/scripts/tool/ctl/*.sh "$top"/debian/man/* | sort -u)
	for path in $named; do
		[ -e "$built/root$path" ] || missing="$missing $path"
	done
	[ -n "$named" ] && same "" "$missing"
}

# Check the links in installed pages, except links within a page.
links_lead_somewhere() (
	cd "$built/root/usr/share/doc/pcibuf-tools"
	for page in README.md pages/*.md; do
		grep -o '][(][^)#]*' "$page" | cut -c3- | grep . | while read -r target; do
			case $target in
			http*:*) ;;
			/*) [ -e "$built/root$target" ] || echo "$page: $target" ;;
			*) [ -e "${page%"${page##*/}"}$target" ] || echo "$page: $target" ;;
			esac
		done
	done >"$built/broken"
	same "" "$(cat "$built/broken")"
)

# The units that the rules and the example of a service name exist.
units_exist() {
	named=$(grep -ho 'pcibuf-[a-z]*@' "$top"/udev/*.rules \
		"$built"/root/usr/share/doc/pcibuf-tools/examples/*.service | sort -u)
	same pcibuf-restore@ "$named" &&
		[ -f "$built/root/usr/lib/systemd/system/pcibuf-restore@.service" ]
}

# Do not use the address of a card as the instance: verify takes the text after a colon
# for an alias. systemd looks for programs on this machine, which lacks ours, and reports
# other units of this machine too: both kinds of messages are ignored.
unit_is_fine() {
	cp "$built"/root/usr/lib/systemd/system/*.service \
		"$built"/root/usr/share/doc/pcibuf-tools/examples/*.service "$built/units/"
	same "" "$(systemd-analyze verify --man=no "$built/units/$1" 2>&1 |
		grep pcibuf | grep -v 'pcibufctl is not executable')"
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
check "programs that rules and units name are there" rules_name_what_exists
check "units that are named are there" units_exist
check "the page on registers has the rule that is shipped" page_has_the_rule
check "what the pages name is installed" pages_name_what_exists
check "... and what they link to" links_lead_somewhere
mkdir "$built/units"
check "systemd can read the unit" unit_is_fine pcibuf-restore@card.service
check "... and the sample of a service" unit_is_fine pcibuf-app.service
check "DKMS gets all of the module's source and nothing else" \
	dkms_has_the_source
check "nothing is installed where the administrator's files are" same \
	"usr/bin/pcibufctl
usr/include/linux
usr/lib/pcibuf
usr/lib/systemd
usr/lib/sysusers.d
usr/lib/udev
usr/share/bash-completion
usr/share/doc
usr/share/lintian
usr/share/man
usr/share/zsh
usr/src/pcibuf-0.1.0" "$(packages_touch)"
check "nobody else may write to what is installed" \
	same "" "$(writable_by_others)"
finish
