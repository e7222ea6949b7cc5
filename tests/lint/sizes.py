#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Sizes of files and functions.  Past the house limit: a remark.  Past the
hard one, which no comment excuses: a failure."""
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
ROOMS = ["base", "proto", "store", "net", "engine", "snmp", "sensors", "actions",
         "api", "daemon", "cli"]
# kind: (house limit, hard limit), in lines
LIMIT = {"source": (500, 900), "header": (150, 250), "function": (60, 120)}
NAME = re.compile(r"^(\w+)\(")


def functions(lines):
    """The style makes them plain: name at column 0, braces alone there."""
    name = start = None
    for n, line in enumerate(lines, 1):
        m = NAME.match(line)
        if m:
            name = m.group(1)
        elif line.startswith("{") and name:
            start = n
        elif line.startswith("}") and start:
            yield name, start, n - start - 1
            name = start = None


def main():
    over = {kind: [] for kind in LIMIT}
    seen = {kind: 0 for kind in LIMIT}

    def judge(kind, where, size):
        soft, hard = LIMIT[kind]
        seen[kind] += 1
        if size > hard:
            over[kind].append(f"{where} has {size} lines")
        elif size > soft:
            print(f"# remark: {where} has {size} lines, house limit {soft}")

    for room in ROOMS:
        for at, _, names in sorted(os.walk(os.path.join(ROOT, room))):
            for name in sorted(names):
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.relpath(os.path.join(at, name), ROOT)
                with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                    lines = f.read().splitlines()
                judge("source" if name.endswith(".c") else "header", path,
                      len(lines))
                for fn, line, size in functions(lines):
                    judge("function", f"{path}:{line}: {fn}", size)
    print(f"1..{len(LIMIT)}")
    failed = False
    for kind, bad in over.items():
        bad = bad if seen[kind] else ["nothing of this kind was found"]
        failed |= bool(bad)
        print(("not ok" if bad else "ok") +
              f" - no {kind} is longer than {LIMIT[kind][1]} lines")
        for line in bad:
            print("# " + line)
    return failed


sys.exit(main())
