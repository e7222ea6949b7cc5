# SPDX-License-Identifier: ISC
# Sourced by the scripts beside it: where things are and how a step is told.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build
log=$build/log
jobs=$(nproc 2>/dev/null || echo 2)

say() { printf '%s\n' "$*" >&2; }

die() {
	say "$*"
	exit 1
}

# step NAME COMMAND...: quiet unless it fails; its output is in build/log.
step() {
	local name=$1 began=$SECONDS file
	shift
	file=$log/${name//[ \/]/-}.log
	mkdir -p "$log"
	[ ! -t 2 ] || printf '%s ...\r' "$name" >&2
	if "$@" >"$file" 2>&1; then
		say "$name: done in $((SECONDS - began)) s"
		return 0
	fi
	say "$name: FAILED after $((SECONDS - began)) s; the end of $file:"
	grep -E 'error:|Error|undefined reference' "$file" | head -n 20 >&2
	tail -n 30 "$file" >&2
	return 1
}
