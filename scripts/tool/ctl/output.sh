# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: print answers and errors.
: "${json:=}" "${command:=}"

# Increase this number when a field is removed or changes its meaning, but not for a new
# field.
schema=1

# js TEXT: a string in JSON. A character that is not printable ASCII becomes a question
# mark.
js() {
	case $1 in
	*[!A-Za-z0-9_./:,-]*)
		printf '"%s"' "$(printf '%s' "$1" | tr -c ' -~' '?' |
			sed 's/[\\"]/\\&/g')"
		;;
	*) printf '"%s"' "$1" ;;
	esac
}

# jn TEXT: a number in JSON, or null if TEXT is not a number.
jn() {
	case $1 in
	'' | - | *[!0-9-]* | ?*-*) printf null ;;
	*) printf %s "$1" ;;
	esac
}

# jo TEXT: a string in JSON, or null if TEXT is empty.
jo() {
	if [ -n "$1" ]; then
		js "$1"
	else
		printf null
	fi
}

# json_lines: the lines of stdin as strings in JSON, separated by commas.
json_lines() {
	separator=
	while IFS= read -r line; do
		printf %s "$separator"
		js "$line"
		separator=,
	done
}

# answer FIELDS: print in JSON that the command succeeded.
answer() {
	printf '{"schema":%s,"command":%s,"ok":true%s}\n' "$schema" \
		"$(js "$command")" "${1:+,$1}"
}

# fail EXIT NAME MESSAGE [CURE [FIELDS]]: print what failed and what to do, and end the
# program. Do not call this in a subshell, where it ends only the subshell.
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

# note TEXT...: a message for people; nothing with --json.
note() {
	[ -n "$json" ] || printf '%s\n' "$*"
}

lower() {
	printf %s "$1" | tr '[:upper:]' '[:lower:]'
}

# human BYTES: the size in the largest unit that is exact. The shell cannot compute with
# more than 18 digits; such a number is printed as it is.
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
