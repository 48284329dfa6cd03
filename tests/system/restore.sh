# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Tests that buffers are restored when their card returns, without a reboot. modprobe.d
# assigns the card $a to pcibuf. alice is a member of the card's group.
: "${cards:=}" "${a:=}"

as_alice() {
	runuser -u alice -- pcibufctl "$@"
}

lists() {
	pcibufctl list | grep -q "^$a  *rx .* 64K "
}

rebind() {
	pcibufctl unbind "$a" --force && pcibufctl bind "$a"
}

restored() {
	same 65536 "$(cat "$cards/$a/buffers/rx/size")"
}

restore_has_failed() {
	systemctl is-failed "pcibuf-restore@$a"
}

refusal_is_told() {
	journalctl -b -u "pcibuf-restore@$a" | grep -F "$1"
}

test_restore() {
	check "a member makes a buffer by pcibufctl" as_alice alloc "$a" 64K rx
	check "... and lists it" lists
	check "root saves it" pcibufctl save "$a"
	check "doctor finds no fault" pcibufctl doctor
	check "the card is unbound and bound" rebind
	check "... and its buffer comes back" eventually restored
	check "... with its link" eventually test -e "$(by_path "$a" rx)"
	check "a member frees it" as_alice free "$a" rx
	udevadm trigger --settle --subsystem-match=pcibuf_card
	sleep 1
	check "... and a mere trigger does not make it again" \
		not test -e "$cards/$a/buffers/rx"
	check "the card is removed and rescanned" reload_card "$a"
	check "... and its buffer comes back" eventually restored
}

start_service() {
	systemctl daemon-reload
	timeout 60 systemctl start pcibuf-app
}

# The service fails because of systemd, and not because of a time limit of this test.
service_fails() {
	status=0
	start_service || status=$?
	same 1 "$status"
}

refuse_saved() {
	sed -i 's/^device=11e8$/device=11e9/' /etc/pcibuf.d/*.conf
	rebind
}

test_service() {
	sed "s/0000:03:00\\.0/$a/g" \
		/usr/share/doc/pcibuf-tools/examples/pcibuf-app.service \
		>/run/systemd/system/pcibuf-app.service
	check "a service that waits for the buffer starts" start_service
	check "... and runs" systemctl is-active pcibuf-app
	check "another card is in the slot" refuse_saved
	check "... and stops the service" eventually not systemctl is-active pcibuf-app
	check "... and is refused what was saved" eventually restore_has_failed
	check "... with the reason in the journal" eventually refusal_is_told \
		"refused: saved for a card with device 11e9, this card has 11e8"
	check "... really" not test -e "$cards/$a/buffers/rx"
	check "... and doctor says so" refused "journalctl -b -u pcibuf-restore@$a" \
		pcibufctl doctor
	check "the service fails at once" service_fails
	rm -r /etc/pcibuf.d /run/systemd/system/pcibuf-app.service
	systemctl daemon-reload
	systemctl reset-failed
}
