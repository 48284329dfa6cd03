# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What the scripts share. Read with `.`, after top= was set to the tree's root.

# shellcheck disable=SC2034 # not all of them use it
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pcibuf
# The administrator's tools (modprobe, mke2fs) are not in everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin

note() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	note "$@"
	exit 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# files_of DIRECTORY...: the files in them (or files) that are source.
files_of() {
	find "$@" \( -name .git -o -path "$top/build" \) -prune -o -type f \
		! -name '*.o' ! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' \
		! -name '*.cmd' ! -name modules.order ! -name Module.symvers \
		! -name '.checkpatch*' ! -name '*~' ! -name '.*.sw?' -print |
		LC_ALL=C sort
}

# copy_source DIRECTORY TARGET: what is source in it.
copy_source() {
	(cd "$1" && files_of "$1" | sed "s|^$1/||" | tar -cf - -T -) |
		tar -xf - -C "$2" --no-same-owner
}

# hash_of PATH...: the hash of these files, and of the words on stdin. A directory is
# walked, and what its files are called in it counts; where PATH itself lies does
# not, so that a cache survives a move.
hash_of() {
	{
		cat
		for hashed; do
			files_of "$hashed" | xargs -r -d '\n' sha256sum |
				sed "s|  $hashed|  |"
		done
	} | sha256sum | cut -c1-16
}

# recipe SCRIPT...: what these do, as words for a hash: comments, messages and the
# places of other scripts change nothing of what is built.
recipe() {
	sed -E -e '/^[[:space:]]*(#|$|note )/d' -e '/^(top=|cached )/d' \
		-e 's,[$]top/[a-z/-]*/,,g' "$@"
}

# cached PATH COMMAND...: run COMMAND with a temporary name as its last word,
# and rename what it made to PATH when it is complete. One builder at a time;
# the others wait for what it makes. Not for conditions: set -e must hold in it.
# With PCIBUF_LOOK in the environment nothing is made: what is not there is a failure.
cached() {
	cached_path=$1
	shift
	mkdir -p "$(dirname "$cached_path")"
	[ -e "$cached_path" ] && return
	[ -z "${PCIBUF_LOOK-}" ] || exit 1
	(
		flock 9
		[ ! -e "$cached_path" ] || exit 0
		as_root rm -rf "$cached_path.new"
		"$@" "$cached_path.new" 9>&-
		as_root mv "$cached_path.new" "$cached_path"
	) 9>"$cached_path.lock"
}

# aside COMMAND...: what takes minutes tells how far it is, to the one who watches the
# run. It must not tell prove: once prove has read something of a test's on stderr, it
# starts no other test until that one has a result.
aside() {
	if [ -n "${PCIBUF_ASIDE-}" ]; then
		"$@" 2>&8
	else
		"$@"
	fi
}

# suite_fields NAME FIRST [LAST]: these words of its line in the table, all from
# the FIRST on where there is no LAST.
suite_fields() {
	awk -v name="$1" -v first="$2" -v last="${3-0}" '
		$1 == name {
			found = 1
			for (i = first; i <= NF && (!last || i <= last); i++)
				printf "%s%s", (i > first ? " " : ""), $i
		}
		END { exit !found }' "$top/scripts/run/suites" ||
		die "no $1 in scripts/run/suites"
}

# arch_of NAME: Debian's name for the architecture of its kernel.
arch_of() {
	case $(suite_fields "$1" 4 4) in
	*-arm64*) echo arm64 ;;
	*) echo amd64 ;;
	esac
}

# The release of the kernel in a root filesystem.
kernel_of() {
	find "$1/boot" -name 'vmlinuz-*' | sed 's/.*vmlinuz-//' | sort -V | tail -n 1
}

# kernel_source PACKAGE DIRECTORY [FILE...]: unpack the kernel's source there, or
# these files of it.
kernel_source() {
	kernel_source_package=$1 kernel_source_target=$2
	shift 2
	mkdir -p "$kernel_source_target"
	(cd "$kernel_source_target" && apt-get -q -o APT::Sandbox::User=root \
		download "$kernel_source_package" >&2)
	# shellcheck disable=SC2046 # names, to be split
	dpkg-deb --fsys-tarfile "$kernel_source_target/$kernel_source_package"_*.deb |
		tar -xO "./usr/src/$kernel_source_package.tar.xz" |
		tar -xJ -C "$kernel_source_target" --strip-components=1 \
			$([ $# = 0 ] || printf "$kernel_source_package/%s\n" "$@")
	rm "$kernel_source_target/$kernel_source_package"_*.deb
}

# What a module is not built with.
slim_source() {
	rm -rf "$1/Documentation" "$1/drivers" "$1/sound" "$1/fs" "$1/net"
}

# pack DIRECTORY: a cpio archive of it, as the kernel unpacks it.
pack() {
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0)
}

# splice FILE NAME: stdin between the markers of that name.
splice() {
	splice_part=$(mktemp)
	cat >"$splice_part"
	awk -v name="$2" -v part="$splice_part" '
		$0 == "<!-- /" name " -->" { inside = 0 }
		!inside
		$0 == "<!-- " name " -->" {
			inside = 1
			while ((getline line <part) > 0)
				print line
		}' "$1" >"$splice_part.new"
	cat "$splice_part.new" >"$1"
	rm "$splice_part" "$splice_part.new"
}
