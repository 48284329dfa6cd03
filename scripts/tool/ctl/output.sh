# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: how it answers.
: "${json:=}" "${command:=}"

# Raised when a field goes or changes its meaning; a new field changes nothing.
schema=1

# A string of JSON. What is not printable ASCII is shown as a question mark.
js() {
	case $1 in
	*[!A-Za-z0-9_./:,-]*)
		printf '"%s"' "$(printf '%s' "$1" | tr -c ' -~' '?' |
			sed 's/[\\"]/\\&/g')"
		;;
	*) printf '"%s"' "$1" ;;
	esac
}

# A number, or null for what is none.
jn() {
	case $1 in
	'' | - | *[!0-9-]* | ?*-*) printf null ;;
	*) printf %s "$1" ;;
	esac
}

# A string, or null where it is empty.
jo() {
	if [ -n "$1" ]; then
		js "$1"
	else
		printf null
	fi
}

# Strings of JSON, with commas, from lines on stdin.
json_lines() {
	separator=
	while IFS= read -r line; do
		printf %s "$separator"
		js "$line"
		separator=,
	done
}

# answer FIELDS: that it worked.
answer() {
	printf '{"schema":%s,"command":%s,"ok":true%s}\n' "$schema" \
		"$(js "$command")" "${1:+,$1}"
}

# fail EXIT NAME MESSAGE [CURE [FIELDS]]: what went wrong, and what to do. Not in
# a subshell: it ends the program.
fail() {
	if [ -n "$json" ]; then
		printf '{"schema":%s,"command":%s,"ok":false,"error":{"name":%s,"exit":%s,"message":%s,"cure":%s}%s}\n' \
			"$schema" "$(jo "$command")" "$(js "$2")" "$1" "$(js "$3")" \
			"$(jo "${4-}")" "${5:+,$5}"
	else
		printf 'pcibufctl: %s\n' "$3" >&2
		[ -z "${4-}" ] || printf '  %s\n' "$4" >&2
	fi
	exit "$1"
}

# For people, beside the answer.
note() {
	[ -n "$json" ] || printf '%s\n' "$*"
}

lower() {
	printf %s "$1" | tr '[:upper:]' '[:lower:]'
}

# The largest unit that says it exactly. More than 18 digits are no number to
# the shell.
human() {
	human=$1 suffix=
	case $human in
	'' | *[!0-9]* | ???????????????????*) ;;
	*)
		for unit in K M G T; do
			if [ "$human" -lt 1024 ] || [ $((human % 1024)) != 0 ]; then
				break
			fi
			human=$((human / 1024)) suffix=$unit
		done
		;;
	esac
	echo "$human$suffix"
}
