# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of scripts/vm/vm: a machine with Secure Boot. The firmware starts Debian's shim,
# shim starts GRUB, and GRUB starts the kernel. Each of the three is signed.

# Set by scripts/vm/vm and its other parts.
: "${run:=}" "${top:=}" "${password:=}"

# secure_args: print the options for the firmware, its variables and the boot disk. The
# variables persist when the guest starts again; the boot disk is made again.
secure_args() {
	[ -e "$run/variables" ] || cp "$loaders/OVMF_VARS_4M.ms.fd" "$run/variables"
	ln -sf "$loaders/OVMF_CODE_4M.secboot.fd" "$run/firmware"
	boot_disk "$run/boot.img"
	echo "-machine smm=on -global driver=cfi.pflash01,property=secure,value=on"
	echo "-drive if=pflash,format=raw,unit=0,file=firmware,readonly=on"
	echo "-drive if=pflash,format=raw,unit=1,file=variables"
	echo "-drive if=none,id=boot,format=raw,file=boot.img"
	echo "-device nvme,drive=boot,serial=boot,addr=1e,bootindex=0"
}

# boot_disk FILE: make a disk image with the boot loaders, the kernel and the initramfs.
boot_disk() {
	rm -f "$1"
	truncate -s 256M "$1"
	mformat -F -i "$1" ::
	mmd -i "$1" ::/EFI ::/EFI/BOOT ::/EFI/debian
	mcopy -i "$1" "$loaders/shimx64.efi.signed" ::/EFI/BOOT/BOOTX64.EFI
	mcopy -i "$1" "$loaders/grubx64.efi.signed" ::/EFI/BOOT/grubx64.efi
	mcopy -i "$1" "$loaders/mmx64.efi.signed" ::/EFI/BOOT/mmx64.efi
	mcopy -i "$1" "$run/kernel" "$run/initrd" ::/
	{
		echo "linux /kernel $(kernel_args | tr '\n' ' ')"
		echo "initrd /initrd"
		echo "boot"
	} | mcopy -i "$1" - ::/EFI/debian/grub.cfg
}

# await TEXT: wait until the firmware or a boot loader prints TEXT.
await() {
	for _ in $(seq 120); do
		! grep -qaF "$1" "$run/console.log" || return 0
		sleep 1
	done
}

press() {
	for key; do
		echo "sendkey $key" >&3
		sleep 1
	done
}

# Confirm the key that mokutil --import requested, by pressing keys at shim's prompt as a
# person does. The machine resets at the end.
confirm_key() {
	await "Press any key to perform MOK management"
	press ret
	await "Enroll MOK"
	press down ret
	await "View key 0"
	press down ret
	await "Enroll the key(s)?"
	press down ret
	await "Password:"
	# shellcheck disable=SC2046 # keys
	press $(echo "$password" | sed 's/./& /g') ret
	await "Reboot"
	press ret
}
