# SPDX-License-Identifier: GPL-2.0-only
#
# structs.awk -v names="NAME...": read the output of `readelf --debug-dump=info` for an
# object. Print the layout of these structs and unions: the size of each, and the offset
# and the basic type of each member. Members of members are included.

# " <DEPTH><ENTRY>: Abbrev Number: N (DW_TAG_KIND)"
/^ *<[0-9a-f]+><[0-9a-f]+>:/ {
	split($1, part, /[<>]+/)
	entry = part[3]
	kind[entry] = $NF
	gsub(/[()]|DW_TAG_/, "", kind[entry])
	latest[part[2] + 0] = entry
	if (kind[entry] == "member") {
		aggregate = latest[part[2] - 1]
		members[aggregate] = members[aggregate] " " entry
	}
}

# "    <OFFSET>   DW_AT_NAME : VALUE". For a string, readelf may print in parentheses
# before VALUE where the string is stored.
$2 ~ /^DW_AT_/ {
	name = substr($2, 7)
	sub(/:$/, "", name)
	value = $0
	sub(/^[^:]*: */, "", value)
	sub(/^\(.*\): /, "", value)
	sub(/[[:blank:]]*$/, "", value)
	gsub(/^<0x|>$/, "", value)
	attribute[entry, name] = value
}

# basic_type ENTRY: return the type without typedefs, qualifiers and arrays.
function basic_type(type) {
	while (kind[type] ~ /^(typedef|array_type|const_type|volatile_type)$/)
		type = attribute[type, "type"]
	return type
}

function type_name(member, type) {
	if ((member, "bit_size") in attribute)
		return "bit-field"
	return kind[type] == "base_type" ? attribute[type, "name"] : kind[type]
}

function print_members(aggregate, prefix, start,    list, n, i, type, path, offset) {
	n = split(members[aggregate], list, " ")
	for (i = 1; i <= n; i++) {
		type = basic_type(attribute[list[i], "type"])
		path = prefix "." attribute[list[i], "name"]
		offset = start + attribute[list[i], "data_member_location"]
		print path " at " offset ": " type_name(list[i], type)
		if (type in members)
			print_members(type, path, offset)
	}
}

END {
	for (entry in members)
		found[attribute[entry, "name"]] = entry
	n = split(names, list, " ")
	for (i = 1; i <= n; i++) {
		entry = found[list[i]]
		print list[i] ": " attribute[entry, "byte_size"] " bytes"
		print_members(entry, list[i], 0)
	}
}
