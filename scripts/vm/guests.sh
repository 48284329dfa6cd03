# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of scripts/vm/vm: prepares the files of the two kinds of guest. The initramfs of a
# run is a cached archive, followed by an archive with the files of this run.

# Print the names of the kernel's modules that the guest needs.
module_names() {
	[ -z "$guest_drives$disk" ] || echo "virtio_pci virtio_blk"
	[ -z "$disk" ] || echo loop
	case $disk in *nvme*) echo nvme ;; esac
	case $guest_drives$disk in -drive* | *ext4*) echo ext4 ;; esac
	echo "$modules"
}

# initrd INIT: make $run/initrd from the cached archive and $run/tree.
initrd() {
	# shellcheck disable=SC2046 # names, to be split
	base=$("$top/scripts/build/initramfs" "$suite" "$1" $(module_names))
	pack "$run/tree" | cat "$base" - >"$run/initrd"
	rm -rf "$run/tree"
}

# quoted NAME VALUE: print an assignment that a shell can read.
quoted() {
	printf "%s='%s'\n" "$1" "$(printf '%s' "$2" | sed "s/'/'\\\\''/g")"
}

# Print variables that tell a test about its guest.
facts() {
	quoted PCIBUF_IOMMU "$iommu"
	quoted PCIBUF_CARDS "$cards"
	quoted PCIBUF_MEM "$mem"
	quoted PCIBUF_SMP "$smp"
	quoted PCIBUF_NUMA "$numa"
	quoted PCIBUF_DISK "$disk"
	quoted PCIBUF_MODARGS "$modargs"
	quoted PCIBUF_APPEND "$append"
	quoted PCIBUF_CGROUP "$cgroup"
	quoted PCIBUF_TEST "$test_build"
	quoted PCIBUF_SLOW "$slow"
	quoted PCIBUF_ARCH "$arch"
	quoted PCIBUF_INCOHERENT "$incoherent"
	quoted PCIBUF_STAGE "$stage"
	echo "export PCIBUF_IOMMU PCIBUF_CARDS PCIBUF_MEM PCIBUF_SMP PCIBUF_NUMA"
	echo "export PCIBUF_DISK PCIBUF_MODARGS PCIBUF_APPEND PCIBUF_CGROUP"
	echo "export PCIBUF_INCOHERENT PCIBUF_TEST PCIBUF_SLOW PCIBUF_ARCH PCIBUF_STAGE"
}

# prepare_fast PROG[,PROG...]
prepare_fast() {
	names=$(echo "$1" | tr , ' ')
	guest_drives='' guest_append=''
	mkdir -p "$run/tree/tests"
	# A test compares sysfs-doc with the files that the module makes.
	cp -R "$top/sysfs-doc" "$run/tree/"
	if [ -n "$tests" ]; then
		cp -R "$tests/." "$run/tree/tests/"
	else
		# shellcheck disable=SC2086 # names, to be split
		CC=$compiler "$top/scripts/build/tests" "$run/tree/tests" $names
	fi
	for file in $with; do
		cp -R "$top/$file" "$run/tree/tests/"
	done
	case $module in
	none) ;;
	?*) cp "$module" "$run/tree/pcibuf.ko" ;;
	*)
		"$top/scripts/build/module" "$suite" "TEST=$test_build" \
			${coverage:+GCOV_PROFILE=y} "$run/module"
		mv "$run/module/pcibuf.ko" "$run/tree/"
		;;
	esac
	if [ -n "$also" ]; then
		"$top/scripts/build/module" --source "$also" "$suite" "$run/also"
		cat "$run/also/"*.ko >"$run/tree/also.ko"
	fi
	[ -z "$kexec" ] || cp "$run/kernel" "$run/tree/kernel"
	{
		facts
		quoted PROGS "$names"
		quoted MODULE "$module"
		quoted MODARGS "$modargs"
		quoted CGROUP "$cgroup"
		quoted COVERAGE "$coverage"
		quoted ALLOW "$allow"
		quoted BEAT "$beat"
	} >"$run/tree/run.conf"
	initrd init-fast
}

# Print the options for the system guest's disk. Writes to the disk are lost when the
# guest ends, except with --then: another guest then starts from a copy of the image.
disk_image() {
	image=$("$top/scripts/build/disk" "$suite")
	if [ -z "$stages" ]; then
		ln -s "$image" "$run/disk.img"
		echo "-drive file=disk.img,format=raw,if=virtio,snapshot=on"
	else
		cp --sparse=always "$image" "$run/disk.img"
		echo "-drive file=disk.img,format=raw,if=virtio"
	fi
}

# prepare_system SCRIPT
prepare_system() {
	script=$1
	guest_drives=$(disk_image)
	guest_append="systemd.mask=apt-daily.timer systemd.mask=apt-daily-upgrade.timer"
	prepare_stage
}

# Prepare the files that the guest has in memory, again for each start.
prepare_stage() {
	name=$(basename "$script")
	[ -z "$stages" ] || name=$name-$stage
	names="$names $name"
	mkdir -p "$run/tree/pcibuf" "$run/tree/payload"
	[ -z "$payload" ] || cp -R "$payload/." "$run/tree/payload/"
	cp "$script" "$run/tree/pcibuf/script"
	cp "$top/scripts/vm/guest/run-system" "$top/scripts/vm/guest/pcibuf-run.service" \
		"$run/tree/pcibuf/"
	chmod 755 "$run/tree/pcibuf/script" "$run/tree/pcibuf/run-system"
	{
		facts
		quoted NAME "$name"
	} >"$run/tree/pcibuf/run.conf"
	initrd init-disk
}
