#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What script/mutants would change in a piece of C, and what it would not."""
import os
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "script"))
import mutate  # noqa: E402

ROOMS = ["base", "proto", "store", "net", "engine", "snmp", "sensors",
         "actions", "api", "daemon", "cli"]

CODE = r'''
#include "config.h" /* 1 < 2 && 3 */
#define LIMIT (30 * NOC_NS_PER_S)
#define WIDTH 64
#define CHUNK_MIN 4096
#define UNUSED 7

static const int table[] = { 1, 2, 3 };

static int
first(struct thing *t, int64_t now)
{
	char buf[WIDTH], *p = noc_malloc(t->len + 1);
	static int calls = 5;
	size_t n = CHUNK_MIN;
	bool late = false;

	NOC_REQUIRE(t && t->len > 0);
	if (NOC_FAILS(t->len < 100))
		return -2;
	if (now - t->at_ns > LIMIT) /* a == b */
		late = true;
	noc_info("x", "a < b %d", t->n > 5);
	if (t->n > 3)
		free(t->last);
	if (!late)
		return 1;
	thing_put(t, "a == b, 5 && 6", 20);
	if (t->n > t->max)
		t->n = t->max;
	return t->n == -1 ? 0x1ff : 8;
}

void
second(struct thing *t)
{
	for (size_t i = 0; i < t->len && !t->done; i++) {
		if (t->of[i].fd < 0)
			continue;
		(void)thing_step(t, sizeof(t->of[1]));
	}
	if (t->cap == 4) {
		thing_end(t);
		return;
	}
}
'''
WANTED = '''
3 LIMIT: #define LIMIT ([30 -> 60] * NOC_NS_PER_S)
3 LIMIT: #define LIMIT ([30 -> 15] * NOC_NS_PER_S)
16 first: bool late = [false -> true];
21 first: if (now - t->at_ns [> -> <=] LIMIT) /* a == b */
22 first: late = [true -> false];
26 first: if ([! ->]late)
27 first: [return 1; -> ;]
27 first: return [1 -> 0];
27 first: return [1 -> 2];
28 first: [thing_put(t, "a == b, 5 && 6", 20); -> ;]
29 first: if ([t->n > t->max -> !(t->n > t->max)])
31 first: return t->n [== -> !=] -1 ? 0x1ff : 8;
31 first: return t->n == -1 ? [0x1ff : 8 -> 8 : 0x1ff];
31 first: return t->n == -1 ? 0x1ff : [8 -> 7];
31 first: return t->n == -1 ? 0x1ff : [8 -> 9];
37 second: for (size_t i = [0 -> 1]; i < t->len && !t->done; i++) {
37 second: for (size_t i = 0; i [< -> <=] t->len && !t->done; i++) {
37 second: for (size_t i = 0; i < t->len [&& -> ||] !t->done; i++) {
37 second: for (size_t i = 0; i < t->len && [! ->]t->done; i++) {
38 second: if (t->of[i].fd [< -> >=] 0)
40 second: [(void)thing_step(t, sizeof(t->of[1])); -> ;]
42 second: if (t->cap [== -> !=] 4) {
43 second: [thing_end(t); -> ;]
'''.strip().splitlines()


def found():
    return ["%d %s: %s" % (m.line, m.function, m.shown(CODE))
            for m in mutate.mutants_of(CODE)]


def lines_stay():
    """So that what __LINE__ says is not what a test notices."""
    return ["line %d: %s" % (m.line, m.shown(CODE))
            for m in mutate.mutants_of(CODE)
            if m.apply(CODE).count("\n") != CODE.count("\n")]


def unread():
    """Files with code where it finds nothing: it did not understand them."""
    bad = []
    for room in ROOMS:
        files = [os.path.join(at, n) for at, _, names in
                 os.walk(os.path.join(ROOT, room)) for n in names
                 if n.endswith(".c")]
        texts = {}
        for path in files:
            with open(path, encoding="utf-8") as f:
                texts[path] = f.read()
        # One in five, or it would take seconds.
        for path in sorted(files)[::5]:
            if "\n{\n\tif (" in texts[path] and \
                    not mutate.mutants_of(texts[path]):
                bad.append(os.path.relpath(path, ROOT))
    return bad


def bad_arguments():
    bad = []
    for args, says in (([], "name C files"), (["nowhere.c"], "neither a C"),
                       (["/etc"], "is not in"), (["doc"], "no C file"),
                       (["--count", "x", "store"], "--count")):
        run = subprocess.run([os.path.join(ROOT, "script/mutants"), *args],
                             cwd=ROOT, text=True, capture_output=True)
        if run.returncode != 2 or says not in run.stderr:
            bad.append("%s: %d %s" % (args, run.returncode, run.stderr))
    return bad


def main():
    got = found()
    sets = [
        ("it changes what a test can notice, and nothing else",
         ["missing: " + w for w in WANTED if w not in got] +
         ["not wanted: " + g for g in got if g not in WANTED]),
        ("no line moves", lines_stay()),
        ("it reads the house's files", unread()),
        ("it says what is wrong with its arguments", bad_arguments()),
    ]
    print(f"1..{len(sets)}")
    for name, bad in sets:
        print(("not ok" if bad else "ok") + f" - {name}")
        for line in bad:
            print("# " + line)
    return any(bad for _, bad in sets)


sys.exit(main())
