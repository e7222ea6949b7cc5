#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Holds the direction of the rooms: includes go down, and third-party
headers are seen only by the files that are their home."""
import fnmatch
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
RANK = {"base": 0, "proto": 1, "store": 2, "net": 2, "engine": 3, "snmp": 4,
        "sensors": 5, "actions": 5, "api": 5, "daemon": 6,
        "cli": 7}
# Header pattern -> the files that may include it.
HOME = [
    ("sqlite3*.h", ["store/*"]),
    ("lua*.h", ["engine/lua/*"]),
    ("lauxlib.h", ["engine/lua/*"]),
    ("event2/*", ["net/*"]),
    ("event.h", []),
    ("evhttp.h", []),
    ("pcre2*.h", ["engine/expr/pattern.c"]),
    ("net-snmp/*", ["snmp/*"]),
    ("curl/*", ["actions/curl.c"]),
    ("jansson.h", ["base/json.c"]),
    ("openssl/*", ["base/crypto.c"]),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def problems_of(path):
    room = path.split("/")[0]
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        text = f.read()
    for mark, name in INCLUDE.findall(text):
        if mark == "<":
            for pattern, homes in HOME:
                if fnmatch.fnmatch(name, pattern) and not any(
                        fnmatch.fnmatch(path, h) for h in homes):
                    yield f"{path} includes <{name}>: its home is " + (
                        " ".join(homes) or "nowhere")
            continue
        if name == "config.h":
            continue
        other = name.split("/")[0]
        if "/" not in name or other not in RANK:
            yield f'{path} includes "{name}": write "room/file.h"'
        elif not os.path.exists(os.path.join(ROOT, name)):
            yield f'{path} includes "{name}", which does not exist'
        elif other != room and RANK[other] >= RANK[room]:
            yield f'{path} includes "{name}": {room} may not know {other}'


def main():
    failed = False
    rooms = [r for r in RANK if os.path.isdir(os.path.join(ROOT, r))]
    print(f"1..{len(rooms)}")
    for room in rooms:
        bad = []
        for at, _, names in sorted(os.walk(os.path.join(ROOT, room))):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".def")):
                    path = os.path.relpath(os.path.join(at, name), ROOT)
                    bad += problems_of(path)
        failed |= bool(bad)
        print(("not ok" if bad else "ok") + f" - {room} includes only "
              "what is below it")
        for line in bad:
            print("# " + line)
    return failed


sys.exit(main())
