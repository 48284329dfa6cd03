# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: explain why something does not work. A function that is named
# like a fault is true if there is that fault.
: "${root:=}" "${sys:=}" "${class:=}" "${value:=}" "${version:=}"

kernel=$(uname -r)

# mok_file: the certificate of the key that DKMS signs with, without $root. The
# configuration of DKMS can name it; Ubuntu has one that its installer made.
mok_file() {
	named=$(cat "$root/etc/dkms/framework.conf" \
		"$root/etc/dkms/framework.conf.d"/*.conf 2>/dev/null |
		sed -n "s/^[[:space:]]*mok_certificate=[\"']\{0,1\}\([^\"']*\).*/\1/p" |
		tail -n 1)
	if [ -n "$named" ]; then
		echo "$named"
	elif [ -e "$root/var/lib/shim-signed/mok/MOK.der" ]; then
		echo /var/lib/shim-signed/mok/MOK.der
	else
		echo /var/lib/dkms/mok.pub
	fi
}

# headers_of KERNEL: the package with the headers of a kernel. Proxmox has its own name.
headers_of() {
	case $1 in
	*-pve) echo "proxmox-headers-$1" ;;
	*) echo "linux-headers-$1" ;;
	esac
}

# module_file KERNEL: the file of the module. Look first where DKMS puts the module,
# because a search takes seconds on a slow machine.
module_file() {
	for file in "$root/lib/modules/$1/updates/dkms"/pcibuf.ko*; do
		[ ! -e "$file" ] || {
			echo "$file"
			return
		}
	done
	find "$root/lib/modules/$1/" -name 'pcibuf.ko*' 2>/dev/null | head -n 1
}

module_missing() {
	[ -z "$(module_file "$kernel")" ]
}

headers_missing() {
	[ ! -e "$root/lib/modules/$kernel/build/Makefile" ]
}

# The value of the EFI variable is its last byte.
secure_boot() {
	variable=$sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
	[ -r "$variable" ] &&
		[ "$(od -An -tu1 "$variable" | awk '{ v = $NF } END { print v }')" = 1 ]
}

# The kernel shows the level in brackets: "none [integrity] confidentiality". A kernel
# can be locked down without Secure Boot, too.
locked_down() {
	attr "$sys/kernel/security/lockdown" || return 1
	case $value in
	*"[integrity]"* | *"[confidentiality]"*) ;;
	*) return 1 ;;
	esac
}

signatures_wanted() {
	attr "$sys/module/module/parameters/sig_enforce" || value=
	[ "$value" = Y ] || locked_down || secure_boot
}

# DKMS signs a module only if openssl is installed.
signature_missing() {
	signatures_wanted &&
		[ -z "$(modinfo -F signer "$(module_file "$kernel")" 2>/dev/null)" ]
}

key_missing() {
	signatures_wanted || return 1
	mok=$(mok_file)
	[ -e "$root$mok" ] || return 0
	case $(mokutil --test-key "$root$mok" 2>&1) in
	*"is already enrolled"*) return 1 ;;
	esac
}

# The loaded module is not the installed module.
module_old() {
	attr "$sys/module/pcibuf/srcversion" || return 1
	installed=$(modinfo -F srcversion "$(module_file "$kernel")" 2>/dev/null)
	[ -n "$installed" ] && [ "$installed" != "$value" ]
}

# Keys are enrolled in the EFI firmware. A machine without EFI has only the kernel's
# keys.
explain_key() {
	fault=no_key
	why="the kernel loads signed modules only (Secure Boot), and the key that DKMS signs with is not enrolled"
	cure="mokutil --import $(mok_file), then reboot and confirm the key"
	if [ ! -d "$sys/firmware/efi" ]; then
		cure="boot without module.sig_enforce and lockdown: this machine has no EFI to enrol a key with"
	elif ! command -v mokutil >/dev/null; then
		why="the kernel loads signed modules only (Secure Boot), and mokutil, which shows whether the key that DKMS signs with is enrolled, is not installed"
		cure="apt install mokutil; then: $cure"
	fi
}

# explain_module: set $why to the message, $fault to its name, and $cure to what to do.
explain_module() {
	if module_missing && headers_missing; then
		fault=no_headers
		why="the headers of kernel $kernel are not installed, so DKMS could not build the module"
		cure="apt install $(headers_of "$kernel"), then: dkms autoinstall"
	elif module_missing; then
		fault=not_built
		why="the module was not built for kernel $kernel"
		cure="dkms autoinstall; if that fails, see make.log in /var/lib/dkms/pcibuf/*/build"
	elif signature_missing; then
		fault=not_signed
		why="the kernel loads signed modules only (Secure Boot), and this module is not signed"
		cure="apt install openssl mokutil, then: dkms remove pcibuf/$version --all; dkms install pcibuf/$version (DKMS 2, of Debian 11, signs only with the sign_tool of /etc/dkms/framework.conf)"
	elif key_missing; then
		explain_key
	else
		fault=not_loaded
		why="the module is not loaded"
		cure="modprobe pcibuf; if that fails, dmesg says why"
	fi
}

# module_fails [WORDS]: fail, and say why there is no module. WORDS is the output of
# modprobe, if it was called.
module_fails() {
	explain_module
	if [ "$fault" = not_loaded ] && [ -n "${1-}" ]; then
		why="the module does not load: ${1##*: }"
		cure="dmesg says why; see also the options in /etc/modprobe.d"
	fi
	fail 7 "$fault" "$why" "$cure"
}

# group_entry GROUP: the line of a group, by name or number. A small system has no
# getent.
group_entry() {
	if command -v getent >/dev/null; then
		getent group "$1"
	else
		awk -F: -v g="$1" '$1 == g || $3 == g { print; found = 1 }
			END { exit !found }' "$root/etc/group"
	fi
}

# A user may have no name. Then id prints the number, and fails.
user_name() {
	id -un 2>/dev/null || :
}

# has_word WORD LIST...: whether WORD is one of the words in LIST.
has_word() {
	wanted=$1
	shift
	for word; do
		[ "$word" != "$wanted" ] || return 0
	done
	return 1
}

# explain_group CARD: say why this user cannot use a card, in $why, $fault and $cure.
explain_group() {
	card_attr "$1" gid
	user=$(user_name)
	# shellcheck disable=SC2046 # words
	if [ "${value:-0}" = 0 ]; then
		fault=no_group
		why="$1 has no group: only root can use it"
		cure="check that group pcibuf exists, then as root: udevadm trigger -s pcibuf_card"
	elif ! entry=$(group_entry "$value"); then
		fault=no_group
		why="$1 belongs to group $value, which does not exist"
		cure="as root: udevadm trigger -s pcibuf_card"
	elif has_word "$value" $(id -G "$user" 2>/dev/null); then
		fault=group_not_in_effect
		why="$user joined group ${entry%%:*} after logging in"
		cure="log out and in again, or: newgrp ${entry%%:*}"
	else
		fault=not_in_group
		why="$1 belongs to group ${entry%%:*}, and $user is not a member"
		cure="as root: adduser $user ${entry%%:*}; then log in again"
	fi
}

not_permitted() {
	case ${1##*/} in
	alloc | alloc_sg | free) explain_group "$2" ;;
	*) fault=not_root why="only root may write to $1" cure="try again with sudo" ;;
	esac
	fail 4 "$fault" "$why" "$cure"
}

# name_errno WORDS: find the errno that the C library describes with WORDS. Sets
# $errno to its name, and $status to our exit status.
name_errno() {
	case $1 in
	*"Invalid argument"*) errno=EINVAL status=2 ;;
	*"File exists"*) errno=EEXIST status=5 ;;
	*"uota exceeded"*) errno=EDQUOT status=6 ;;
	*"Cannot allocate memory"* | *"Out of memory"*) errno=ENOMEM status=6 ;;
	*"No space left"*) errno=ENOSPC status=6 ;;
	*"No such file"*) errno=ENOENT status=3 ;;
	*"resource busy"*) errno=EBUSY status=5 ;;
	*"Permission denied"*) errno=EACCES status=4 ;;
	*"not permitted"*) errno=EPERM status=4 ;;
	*"No such device or address"*) errno=ENXIO status=5 ;;
	*"No such device"*) errno=ENODEV status=3 ;;
	*"not supported"*) errno=EOPNOTSUPP status=1 ;;
	*"Interrupted"*) errno=EINTR status=1 ;;
	*) errno=EIO status=1 ;;
	esac
}

# put TEXT FILE: write TEXT to FILE. After a failure, $said has the error message. The
# echo of the shell would not print that message, so env runs the other echo.
put() {
	said=$({ env echo "$1" >"$2"; } 2>&1) || return
}

# request CARD FILE TEXT: write to an attribute of the card, or fail with an
# explanation. last_error is the better explanation, if it is about this request.
request() {
	target=$class/$1/$2
	! put "$3" "$target" || return 0
	name_errno "$said"
	[ -e "$class/$1" ] || fail 3 ENODEV "$1 is going away" "bind the card again"
	[ "$status" != 4 ] || not_permitted "$target" "$1"
	card_attr "$1" last_error
	case $value in
	*"$3"*"$errno"*) fail "$status" "$errno" "$value" ;;
	esac
	fail "$status" "$errno" "$2 of $1 refused '$3': ${said##*: }" \
		"see DIAGNOSTICS in pcibufctl(8)"
}
