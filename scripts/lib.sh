# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Functions that the scripts share. Read with `.`, after setting top= to the root of the
# tree.

# shellcheck disable=SC2034 # not all of them use it
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pcibuf
# A user's PATH may lack the directories of the administrator's tools (modprobe, mke2fs).
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

# files_of PATH...: print the source files in these directories, and the named files that
# are source files.
files_of() {
	find "$@" \( -name .git -o -path "$top/build" \) -prune -o -type f \
		! -name '*.o' ! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' \
		! -name '*.cmd' ! -name modules.order ! -name Module.symvers \
		! -name '.checkpatch*' ! -name '*~' ! -name '.*.sw?' -print |
		LC_ALL=C sort
}

# copy_source DIRECTORY TARGET: copy the source files of DIRECTORY into TARGET.
copy_source() {
	(cd "$1" && files_of "$1" | sed "s|^$1/||" | tar -cf - -T -) |
		tar -xf - -C "$2" --no-same-owner
}

# hash_of PATH...: print a hash of these files and of stdin. For a directory, the hash
# includes the source files and their names relative to the directory. The hash does not
# include PATH itself, so that the cache stays valid when the tree moves.
hash_of() {
	{
		cat
		for hashed; do
			files_of "$hashed" | xargs -r -d '\n' sha256sum |
				sed "s|  $hashed|  |"
		done
	} | sha256sum | cut -c1-16
}

# recipe SCRIPT...: print the text of the scripts for a hash. Comments, messages and the
# folders of other scripts are left out, because they do not change what is built.
recipe() {
	sed -E -e '/^[[:space:]]*(#|$|note )/d' -e '/^(top=|cached )/d' \
		-e 's,[$]top/[a-z/-]*/,,g' "$@"
}

# cached PATH COMMAND...: if PATH does not exist, run COMMAND with a temporary name as its
# last argument, and rename the result to PATH when COMMAND is complete. Only one process
# builds PATH; others wait for the result. Do not call this function in a condition,
# because set -e must be in effect inside the function. With PCIBUF_LOOK in the
# environment nothing is built: exit 1 if PATH does not exist.
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

# aside COMMAND...: run a command that takes minutes and reports its progress on stderr.
# Under scripts/run/run-tests the progress goes to file descriptor 8, the stderr of
# run-tests, and not to prove: once prove has read a test's stderr, it starts no other
# test until that test has a result.
aside() {
	if [ -n "${PCIBUF_ASIDE-}" ]; then
		"$@" 2>&8
	else
		"$@"
	fi
}

# jobs_at_once: print how many tests run at once, $JOBS if it is set. A guest uses about one
# processor, but some guests mostly wait: run one test more than there are processors.
jobs_at_once() {
	jobs_cpus=$(nproc)
	echo "${JOBS:-$(((jobs_cpus > 4 ? 4 : jobs_cpus) + 1))}"
}

# suite_fields NAME FIRST [LAST]: print the fields FIRST to LAST of the suite NAME.
# Without LAST, print all fields from FIRST on.
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

# arch_of NAME: print Debian's name for the architecture of the suite's kernel.
arch_of() {
	case $(suite_fields "$1" 4 4) in
	*-arm64*) echo arm64 ;;
	*) echo amd64 ;;
	esac
}

# kernel_of ROOT: print the release of the kernel in a root filesystem.
kernel_of() {
	find "$1/boot" -name 'vmlinuz-*' | sed 's/.*vmlinuz-//' | sort -V | tail -n 1
}

# kernel_source PACKAGE DIRECTORY [FILE...]: unpack the kernel's source, or only the named
# files of the source, into DIRECTORY.
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

# slim_source DIRECTORY: remove folders that the build of a module does not need.
slim_source() {
	rm -rf "$1/Documentation" "$1/drivers" "$1/sound" "$1/fs" "$1/net"
}

# pack DIRECTORY: print the directory as a cpio archive in the format of an initramfs.
pack() {
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0)
}

# splice FILE NAME: replace the text between the markers NAME in FILE with stdin.
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
