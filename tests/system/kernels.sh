# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Tests headers that are installed after the packages, and another kernel. Their packages
# are in /srv/later on the guest's disk. $kernel is the running kernel.
: "${kernel:=}" "${payload:=}" "${version:=}"

later=/srv/later

test_headers() {
	check "the headers of the running kernel are removed" \
		apt purge "linux-headers-$kernel"
	check "packages install without headers" install_packages
	check "... with no module" not modinfo pcibuf
	check "... which doctor explains" refused \
		"apt install linux-headers-$kernel" pcibufctl doctor
	check "... and pcibufctl, too" refused "the headers of kernel $kernel are not installed" \
		pcibufctl bind "$(nth_card 1234:11e8 1)"
	check "the headers are installed" apt install $later/linux-headers-"$kernel"_*.deb
	check "... and the module is built" installed_is "$version"
}

# Print the release of the other kernel.
other_kernel() {
	dpkg-deb -f $later/linux-image-[0-9]*cloud*.deb Package |
		sed 's/linux-image-//'
}

built_for() {
	module=$(find "/lib/modules/$1" -name 'pcibuf.ko*')
	case $(modinfo -F vermagic "$module") in
	"$1 "*) ;;
	*) return 1 ;;
	esac
}

test_next_kernel() {
	next=$(other_kernel)
	check "another kernel is installed, without its headers" \
		apt install $later/linux-image-[0-9]*cloud*.deb
	check "... and doctor warns of the next boot" says \
		"apt install linux-headers-$next" pcibufctl doctor
	check "its headers are installed" \
		apt install $later/linux-headers-[0-9]*cloud*.deb
	check "... and the module is built for it" built_for "$next"
	check "... and is there for the running one" built_for "$kernel"
	check "doctor has no warning left" not says linux-headers pcibufctl doctor
	check "that kernel is removed" \
		apt purge "linux-image-$next" "linux-headers-$next"
	check "... and its module goes with it" not built_for "$next"
}

# add_source VERSION: add the source of another version to DKMS, beside the installed
# version, as a user adds it from an archive.
add_source() {
	dpkg-deb -x "$payload"/versions/newer/pcibuf-dkms_*.deb /tmp/newer &&
		cp -R "/tmp/newer/usr/src/pcibuf-$1" /usr/src/ &&
		dkms add "pcibuf/$1"
}

dkms_has() {
	dkms status "pcibuf/$1" | grep "$2"
}

test_side_by_side() {
	other=$version.1
	check "DKMS gets another version beside the installed one" add_source "$other"
	check "... and builds it" dkms build "pcibuf/$other"
	check "... the first stays installed" dkms_has "$version" installed
	check "... and is the one that is loaded next" installed_is "$version"
	check "DKMS installs the other one" dkms install --force "pcibuf/$other"
	check "... which is loaded next" installed_is "$other"
	check "DKMS removes it" dkms remove "pcibuf/$other" --all
	check "... and installs the first again" dkms install --force "pcibuf/$version"
	check "... which is loaded next" installed_is "$version"
	rm -r "/usr/src/pcibuf-$other" /tmp/newer
}
