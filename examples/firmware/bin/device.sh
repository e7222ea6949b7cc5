# SPDX-License-Identifier: ISC
# What the scripts share: a device is a file, FIRMWARE_LAB/NAME, of lines
# "word value".  Sourced.
set -eu
name=$1
device=${FIRMWARE_LAB:?the folder with the devices}/$name

refuse() { # CODE WHY
	echo "$name: $2" >&2
	exit "$1"
}
[ -f "$device" ] || refuse 69 "does not answer"

# word NAME: its value
word() {
	while read -r key value; do
		[ "$key" != "$1" ] || echo "$value"
	done <"$device"
}
