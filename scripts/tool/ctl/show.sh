# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: list and info.
: "${root:=}" "${class:=}" "${devices:=}" "${json:=}" "${card:=}" "${taken:=}"
: "${vendor:=}" "${device:=}" "${value:=}"

# buffer_attr CARD NAME ATTRIBUTE: read an attribute of a buffer into $value; empty if
# it cannot be read.
buffer_attr() {
	attr "$class/$1/buffers/$2/$3" || value=
}

# buffers CARD: the names of its buffers in buffers/.
buffers() {
	for dir in "$class/$1/buffers"/*; do
		[ ! -e "$dir" ] || echo "${dir##*/}"
	done
}

# node_of CARD NAME: set $node to the node of a buffer, as the kernel names it.
node_of() {
	node=$(readlink "$class/$1/buffers/$2") || node=
	node=/dev/${node##*/}
}

# link_of CARD NAME: set $link to the by-path link of a buffer; empty if there is none.
# NAME can be -irqN, for an interrupt; no label begins with a dash.
link_of() {
	link=
	case $2 in
	-*) set -- "$1$2" ;;
	*) set -- "$1/$2" ;;
	esac
	for link in "$root/dev/pcibuf/by-path"/*pci-"$1"; do
		[ -e "$link" ] || [ -L "$link" ] || link=
		link=${link#"$root"}
	done
}

# iommu_of CARD: set $iommu to none, or to the type of the card's IOMMU domain: DMA,
# DMA-FQ, identity, ...
iommu_of() {
	attr "$devices/$1/iommu_group/type" || value=none
	iommu=$value
}

# json_numbers FUNCTION "CARD [BUFFER]" NAME...: attributes as fields in JSON.
json_numbers() {
	from=$1 of=$2
	shift 2
	for name; do
		# shellcheck disable=SC2086 # a card, or a card and a buffer
		$from $of "$name"
		printf ',"%s":%s' "$name" "$(jn "$value")"
	done
}

# json_buffer CARD NAME
json_buffer() {
	buffer_attr "$1" "$2" label
	printf '{"name":%s,"label":%s' "$(js "$2")" "$(jo "$value")"
	json_numbers buffer_attr "$1 $2" index size align nr_segments numa_node \
		open_count
	buffer_attr "$1" "$2" dma_addr
	printf ',"dma_addr":%s' "$(jo "$value")"
	buffer_attr "$1" "$2" backing
	printf ',"backing":%s' "$(jo "$value")"
	node_of "$1" "$2"
	link_of "$1" "$2"
	printf ',"node":%s,"link":%s' "$(js "$node")" "$(jo "$link")"
	printf ',"segments":%s}' "$(json_segments "$class/$1/buffers/$2/segments")"
}

# json_segments FILE: the segments in JSON; null if the file cannot be read, or no
# longer: a buffer can disappear meanwhile.
json_segments() {
	text=$(awk '{ printf "%s{\"offset\":\"%s\",\"dma_addr\":\"%s\",\"length\":\"%s\"}",
			(NR > 1 ? "," : "["), $1, $2, $3 }
		END { printf "%s", NR ? "]" : "[]" }' "$1" 2>/dev/null) || text=null
	printf %s "$text"
}

# json_card CARD
json_card() {
	ids_of "$1"
	printf '{"address":%s,"vendor":%s,"device":%s' "$(js "$1")" \
		"$(js "$vendor")" "$(js "$device")"
	card_attr "$1" serial
	printf ',"serial":%s' "$(jo "$value")"
	iommu_of "$1"
	printf ',"iommu":%s' "$(js "$iommu")"
	json_numbers card_attr "$1" dma_mask_bits max_bytes allocated_bytes \
		max_buffers nr_buffers gid
	card_attr "$1" last_error
	printf ',"last_error":%s' "$(jo "$value")"
	printf ',"buffers":['
	separator=
	for buffer in $(buffers "$1"); do
		printf %s "$separator"
		json_buffer "$1" "$buffer"
		separator=,
	done
	printf ']%s}' "$(json_irqs "$1")"
}

json_cards() {
	between=
	for name in $(cards); do
		printf %s "$between"
		json_card "$name"
		between=,
	done
}

card_rows() {
	echo "CARD ID SERIAL MASK BUFFERS ALLOCATED LIMIT"
	for card in $(cards); do
		ids_of "$card"
		card_attr "$card" serial
		row="$card $vendor:$device ${value:--}"
		for name in dma_mask_bits nr_buffers; do
			card_attr "$card" $name
			row="$row ${value:--}"
		done
		for name in allocated_bytes max_bytes; do
			card_attr "$card" $name
			row="$row $(human "$value")"
		done
		echo "$row"
	done
}

# links CARD: a line "NAME NODE" for each of its buffers. One process for all of them: a
# card can have 65,536 buffers.
links() {
	# shellcheck disable=SC2012 # names of buffers are simple
	LC_ALL=C TIME_STYLE=locale QUOTING_STYLE=literal ls -l "$class/$1/buffers" |
		awk 'NF > 8 { sub(".*/", "", $11); print $9, $11 }'
}

# rows_of CARD: the rows of its buffers. awk reads the attributes.
rows_of() {
	links "$1" | awk -v card="$1" -v dir="$class/$1/buffers/" '
	function attr(name, file, value) {
		file = dir $1 "/" name
		if ((getline value <file) <= 0 || value == "")
			value = "-"
		close(file)
		return value
	}
	function human(number, unit) {
		for (unit = 0; number >= 1024 && number % 1024 == 0; unit++)
			number /= 1024
		return sprintf("%.0f%s", number, substr("KMGTPE", unit, unit > 0))
	}
	{
		size = attr("size")
		print card, $1, "/dev/" $2, size == "-" ? size : human(size),
			attr("nr_segments"), attr("dma_addr"), attr("open_count")
	}'
}

buffer_rows() {
	echo "CARD BUFFER NODE SIZE SEGMENTS ADDRESS OPEN"
	for card in $(cards); do
		rows_of "$card"
	done
}

# table: print the rows of stdin in columns that are as narrow as possible.
table() {
	awk '{
		for (i = 1; i <= NF; i++) {
			cell[NR, i] = $i
			if (length($i) > width[i])
				width[i] = length($i)
		}
		fields = NF
	}
	END {
		for (row = 1; row <= NR; row++) {
			for (i = 1; i < fields; i++)
				printf "%-*s  ", width[i], cell[row, i]
			print cell[row, fields]
		}
	}'
}

do_list() {
	[ $# = 0 ] || wrong_usage "list takes no arguments"
	if [ -n "$json" ]; then
		answer "\"cards\":[$(json_cards)]"
	elif [ -z "$(cards)" ]; then
		echo "No cards. Bind one: pcibufctl bind ADDRESS"
	else
		card_rows | table
		echo
		buffer_rows | table
		rows=$(irq_rows)
		if [ "$rows" != "${rows%
*}" ]; then
			echo
			echo "$rows" | table
		fi
	fi
}

show_card() {
	ids_of "$1"
	iommu_of "$1"
	printf '%-16s %s\n' address "$1" id "$vendor:$device" iommu "$iommu"
	for name in serial dma_mask_bits max_bytes allocated_bytes max_buffers \
		nr_buffers gid last_error; do
		card_attr "$1" $name
		printf '%-16s %s\n' "$name" "${value:--}"
	done
	for name in $(buffers "$1"); do
		printf '%-16s %s\n' buffer "$name"
	done
	for name in irq_type nr_irqs; do
		card_attr "$1" $name
		printf '%-16s %s\n' "$name" "${value:--}"
	done
	for name in $(irqs "$1"); do
		irq_node "$1" "$name"
		printf '%-16s %s, %s\n' irq "$name" "$node"
	done
}

# show_buffer CARD NAME
show_buffer() {
	node_of "$1" "$2"
	link_of "$1" "$2"
	printf '%-16s %s\n' card "$1" node "$node" link "${link:--}"
	for name in label index size align nr_segments dma_addr backing numa_node \
		open_count; do
		buffer_attr "$1" "$2" "$name"
		printf '%-16s %s\n' "$name" "${value:--}"
	done
	if [ -r "$class/$1/buffers/$2/segments" ]; then
		sed 's/^/segment          /' "$class/$1/buffers/$2/segments"
	fi
}

# need_buffer CARD NAME: set $buffer to the name of a buffer in buffers/. NAME is a
# label, an index or a node.
need_buffer() {
	buffer=$(links "$1" | awk -v name="$2" \
		'$1 == name || $2 == name || "/dev/" $2 == name { print $1 }')
	[ -z "$buffer" ] || return 0
	for buffer in $(buffers "$1"); do
		buffer_attr "$1" "$buffer" index
		[ "$value" != "$2" ] || return 0
	done
	fail 3 no_buffer "$1 has no buffer '$2'" "pcibufctl list shows its buffers"
}

do_info() {
	take_card "$@"
	shift "$taken"
	[ $# -le 1 ] || wrong_usage "too many arguments"
	[ $# = 0 ] || need_buffer "$card" "$1"
	case $#${json:+j} in
	0) show_card "$card" ;;
	1) show_buffer "$card" "$buffer" ;;
	0j) answer "\"card\":$(json_card "$card")" ;;
	1j) answer "\"address\":$(js "$card"),\"buffer\":$(json_buffer "$card" "$buffer")" ;;
	esac
}
