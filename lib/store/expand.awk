# Expands a script, so that the record's layout stands in record.h alone and what several scripts
# share in prelude/ alone:  awk -f expand.awk record.h NAME.lua > build/gen/NAME.lua
#
#   --- @include "now"       the text of prelude/now.lua, where the line stands and as far indented
#   AT_KID  END_KID          position of the field's first and last byte, from 1 as Lua counts
#   AT_USER                  position of the first text's length
#   FORMAT(KID)              format of a field for Lua's struct; a text's is that of length and bytes
#   FORMAT(KID, SEEN)        the same for all fields from one to the other
#   ZEROS(SEED)              as many zero bytes as the field has
#   RECORD_VERSION           the version that is written
#   IS_RECORD(rec)           whether the string is long enough and of a version that we know
#
# A refresh pays for whatever rotate.lua does: so these are words of the text, not variables, and a
# function is made where it is included, on the path that needs it.

BEGIN { FS = "[(), \t]+" }

function refuse(what) {
	print FILENAME ":" FNR ": " what > "/dev/stderr"
	failed = 1
	exit 1
}

function field(name) {
	if (!(name in place))
		refuse("no field " name " in the record")
	return place[name]
}

function format(first, last,   text, i) {
	for (i = field(first); i <= field(last); i++)
		text = text letters[i]
	return "'>" text "'"
}

function zeros(name,   text, i) {
	for (i = bytes[field(name)]; i > 0; i--)
		text = text "\\0"
	return "'" text "'"
}

# What stands for a word of the list above.
function meaning(word,   part) {
	split(word, part, /[_(), ]+/)
	if (word ~ /^IS_/)
		return "(#rec >= " least " and rec:byte(" at[field("VERSION")] ") == " version ")"
	if (word == "RECORD_VERSION")
		return version
	if (word ~ /^FORMAT/)
		return format(part[2], part[3] ? part[3] : part[2])
	if (word ~ /^ZEROS/)
		return zeros(part[2])
	part[2] = substr(word, index(word, "_") + 1)
	if (!at[field(part[2])] || (part[1] == "END" && !bytes[field(part[2])]))
		refuse(part[2] " has no fixed place in the record")
	return at[field(part[2])] + (part[1] == "END" ? bytes[field(part[2])] - 1 : 0)
}

function expanded(line,   done) {
	while (match(line, /(AT|END)_[A-Z_]+|(FORMAT|ZEROS)\([A-Z_, ]+\)|RECORD_VERSION|IS_RECORD\(rec\)/)) {
		done = done substr(line, 1, RSTART - 1) meaning(substr(line, RSTART, RLENGTH))
		line = substr(line, RSTART + RLENGTH)
	}
	return done line
}

function include(name, indent,   file, line, got) {
	file = FILENAME
	sub(/[^\/]*$/, "prelude/" name ".lua", file)
	while ((got = (getline line < file)) > 0)
		print line == "" ? "" : indent expanded(line)
	if (got < 0)
		refuse("no " file)
	close(file)
}

# record.h: the rows of its two tables.
FNR == NR {
	if ($1 == "#define")
		table = $2
	if ($1 == "#define" && $2 == "RD_RECORD_VERSION")
		version = $3
	if ($2 != "X" || table !~ /^RD_RECORD_(FIELDS|TEXTS)$/)
		next
	place[toupper($3)] = ++fields
	if (table == "RD_RECORD_FIELDS") {
		at[fields] = $4 + 1
		bytes[fields] = $5
		least = $4 + $5
		letters[fields] = $6 == "I" && $5 == 1 ? "B" : $6 $5
	} else {
		at[fields] = texts++ ? 0 : least + 1
		least += $4
		letters[fields] = ($4 == 1 ? "B" : "H") "c0"
	}
	next
}

/^[ \t]*--- @include "/ {
	split($0, quoted, "\"")
	match($0, /^[ \t]*/)
	include(quoted[2], substr($0, 1, RLENGTH))
	next
}

{ print expanded($0) }

END {
	if (!failed && (!texts || !version))
		print FILENAME ": no layout found" > "/dev/stderr"
	exit failed || !texts || !version
}
