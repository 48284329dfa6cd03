#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion offers what --help names, for each command: in bash what it really
# answers, in zsh what its description of arguments says.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"
# shellcheck source=scripts/tool/completion/pcibufctl
. "$top/scripts/tool/completion/pcibufctl"
help=$("$top/scripts/tool/pcibufctl" --help)
commands=$(sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p' <<<"$help")

# The options that the line of a command names, and those of all commands.
options_in_help() {
	{
		grep "^  $1 " <<<"$help" | grep -o -e '--[a-z]*=*'
		echo --json
		echo --help
	} | sort -u
}

# complete LINE: what bash answers, a line each.
complete_line() {
	COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
	# shellcheck disable=SC2034 # read by the completion
	COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
	_pcibufctl
	printf '%s\n' "${COMPREPLY[@]}"
}

bash_options() {
	complete_line "pcibufctl $1 --" | sed 's/=.*/=/' | sort -u
}

# What zsh would be told about the arguments of a command, or of none.
zsh_told() {
	zsh -f -c '
		_describe() { print -l -- "${(@)commands%%:*}" }
		_arguments() {
			print -l -- $argv
			[[ $argv[1] != -C ]] || { state=arguments; return 1 }
		}
		words=("$2") CURRENT=2
		_pcibufctl_commands() { : }
		functions[whole]=$(<$1)
		whole
		_pcibufctl_commands
	' zsh "$top/scripts/tool/completion/_pcibufctl" "$1"
}

zsh_options() {
	zsh_told "$1" | grep -v -e '^--version' -e '^-C' |
		sed -n 's/^\(--[a-z]*=*\).*/\1/p' | sort -u
}

zsh_commands() {
	zsh_told '' | grep -x '[a-z]*'
}

what_by_takes() {
	sed -n 's/.*--by=WHAT .*: \([a-z]*\), \([a-z]*\) or \([a-z]*\) .*/\1 \2 \3/p' \
		<<<"$help"
}

check "bash knows the commands" same "$commands" "$(complete_line "pcibufctl ")"
check "zsh knows the commands" same "$commands" "$(zsh_commands)"
for command in $commands; do
	check "bash knows the options of $command" \
		same "$(options_in_help "$command")" "$(bash_options "$command")"
	check "zsh knows the options of $command" \
		same "$(options_in_help "$command")" "$(zsh_options "$command")"
done
check "bash knows what --by takes" same "$(what_by_takes)" \
	"$(complete_line "pcibufctl save --by=" | paste -sd ' ')"
check "zsh knows what --by takes" same "($(what_by_takes))" \
	"$(zsh_told save | sed -n 's/^--by=.*:\((.*)\)$/\1/p')"
check "a word that was begun is ended" same "doctor" \
	"$(complete_line "pcibufctl d")"
finish
