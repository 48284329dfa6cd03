# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Checks the JSON of every command with a strict parser. The driver is the real one.
: "${cards:=}" "${edu:=}"

# Unusual labels that the rules allow, in the order of list: labels that other formats
# take for something else, labels with all allowed characters, and the longest label.
odd="0x-1 1_2 1e5 $(printf %031d 0 | tr 0 Z) _ a.b-c_D null pcibufx true"

# strict COMMAND EXPRESSION [ARGUMENT...]: check the JSON of COMMAND, and print the value
# of EXPRESSION.
strict() {
	command=$1 expression=$2
	shift 2
	{ pcibufctl "$command" "$@" --json || :; } |
		python3 /payload/strict.py "$command" "$expression"
}

odd_labels() {
	for label in $odd; do
		same "$label" "$(strict alloc 'd["buffer"]["label"]' 4K "$label")" ||
			return
	done
	labels_are_there
}

labels_are_there() {
	same "$odd" "$(strict list '" ".join(b["label"] for b in d["cards"][0]["buffers"])')"
}

odd_labels_saved() {
	strict save 'd["ok"]' && pcibufctl unbind --force && pcibufctl bind "$edu" &&
		strict restore 'd["ok"]' &&
		labels_are_there
}

# Run each command in a case where it succeeds and in a case where it fails.
every_command() {
	rm -f /tmp/told
	while read -r command rest; do
		# shellcheck disable=SC2086 # words
		strict "$command" 'd["command"] + " " + str(d["ok"])' $rest >>/tmp/told || return
	done <<-END
		list
		list x
		info
		info null
		info nosuch
		alloc 4K one
		alloc 4K one
		free one
		free one
		mask
		mask 99
		limit
		limit x
		save
		restore
		restore nosuch
		doctor
		unbind
		unbind $edu --force
		bind $edu
		bind 99:99.0
	END
	same "list True list False info True info True info False alloc True alloc False free True free False mask True mask False limit True limit False save True restore True restore False doctor True unbind False unbind True bind True bind False" \
		"$(paste -sd ' ' /tmp/told)"
}

test_json() {
	check "odd labels come through JSON as they are" odd_labels
	check "... and through save and restore" odd_labels_saved
	check "every command speaks strict JSON" every_command
	rm -rf /etc/pcibuf.d
	check "all is freed" empty_card
}

empty_card() {
	pcibufctl unbind --force && pcibufctl bind "$edu"
}
