#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion offers the options and words that --help names, for each command. In bash the
# test reads the real answers. In zsh the test reads the description of the arguments.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"
# shellcheck source=scripts/tool/completion/pcibufctl
. "$top/scripts/tool/completion/pcibufctl"
help=$("$top/scripts/tool/pcibufctl" --help)
commands=$(sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p' <<<"$help")

# options_in_help COMMAND: print the options in the command's line of --help, and the
# options of all commands.
options_in_help() {
	{
		grep "^  $1 " <<<"$help" | grep -o -e '--[a-z]*=*'
		echo --json
		echo --help
	} | sort -u
}

# complete_line LINE: print the answers of bash, one a line.
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

# zsh_told [COMMAND]: print what the completion tells zsh about the arguments of a
# command, or about the commands.
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
