#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Holds the direction of the rooms: includes go down, third-party headers are
seen only by the files that are their home, a private header stays in its
folder, and what x.h declares is defined in x.c or x_*.c beside it."""
import fnmatch
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
# Bottom to top; those of one line never include one another.
ROOMS = [
    ["base"], ["proto"], ["store", "net"],
    ["engine/inventory"], ["engine/event"], ["engine/lang"], ["engine/expr"],
    ["engine/lua"], ["engine/edge"], ["engine/flow"], ["engine/rule"],
    ["engine/core"], ["engine/policy"], ["engine/notify"], ["engine/memory"],
    ["engine/run"], ["engine/correlate"], ["engine/intake"], ["engine/task"],
    ["engine"], ["engine/testbed"],
    ["snmp"], ["sensors", "actions", "api"], ["daemon"],
    ["cli", "cli/verb", "cli/demo"],
]
RANK = {room: n for n, rooms in enumerate(ROOMS) for room in rooms}
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
    # Two sides: what the daemon asks others, on its loop, and what the
    # command line asks the daemon, which may block and has no loop.
    ("curl/*", ["actions/curl.c", "cli/http.c"]),
    ("jansson.h", ["base/json.c"]),
    ("openssl/*", ["base/crypto.c"]),
]
PRIVATE = ["*private.h", "*_impl.h", "build.h"]
# Their functions are those of any file of the room.
FACES = {
    "engine/lua/lua.h": "the one header that knows no lua_State",
    "snmp/snmp.h": "the one header of the room that its callers need",
}
# Declared where the one that calls may see it, defined by a room above.
CONTRACTS = {
    "engine/edge/sensor.h": "engine/intake/",  # noc_sensor_emit
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
DECLARED = re.compile(r"\b(noc_\w+)\s*\(")
DEFINED = re.compile(r"^(noc_\w+)\(", re.M)


def is_private(path):
    return any(fnmatch.fnmatch(os.path.basename(path), p) for p in PRIVATE)


def plain(text):
    """Without comments, strings and macros."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r'"(\\.|[^"\\\n])*"', '""', text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$", "", text, flags=re.M)


def third_party(path, name):
    for pattern, homes in HOME:
        if fnmatch.fnmatch(name, pattern) and not any(
                fnmatch.fnmatch(path, h) for h in homes):
            yield f"{path} includes <{name}>: its home is " + (
                " ".join(homes) or "nowhere")


def includes_of(path, text):
    room = os.path.dirname(path)
    for mark, name in INCLUDE.findall(text):
        if mark == "<":
            yield from third_party(path, name)
            continue
        other = os.path.dirname(name)
        if name == "config.h":
            continue
        if other not in RANK:
            yield f'{path} includes "{name}": write "room/file.h"'
        elif not os.path.exists(os.path.join(ROOT, name)):
            yield f'{path} includes "{name}", which does not exist'
        elif other != room and RANK[other] >= RANK[room] and not (
                room.startswith("cli") and other.startswith("cli")):
            yield f'{path} includes "{name}": {room} may not know {other}'
        elif other != room and is_private(name):
            yield f'{path} includes "{name}", which is private to {other}'


def homes_of(path, text, defined):
    """Each function that a header declares is defined beside it."""
    room, stem = os.path.dirname(path), os.path.basename(path)[:-2]
    for name in sorted(set(DECLARED.findall(plain(text)))):
        at = defined.get(name)
        if at is None:  # an inline one, or a pointer's name
            continue
        if is_private(path) or path in FACES:
            fits = os.path.dirname(at) == room
        else:
            fits = re.fullmatch(rf"{room}/{stem}(_\w+)?\.c", at)
        if not fits and not at.startswith(CONTRACTS.get(path, "\0")):
            yield f"{path} declares {name}, which is defined in {at}"


def files_of(room):
    at = os.path.join(ROOT, room)
    return [f"{room}/{n}" for n in sorted(os.listdir(at))
            if n.endswith((".c", ".h", ".def"))]


def strays():
    """Folders of sources that the list above does not name."""
    for top in sorted({room.split("/")[0] for room in RANK}):
        for at, _, names in os.walk(os.path.join(ROOT, top)):
            room = os.path.relpath(at, ROOT)
            if room not in RANK and any(n.endswith((".c", ".h"))
                                        for n in names):
                yield f"{room} is no room: say where in ROOMS it stands"


def report(name, bad):
    print(("not ok" if bad else "ok") + f" - {name}")
    for line in bad:
        print("# " + line)
    return bool(bad)


def main():
    text = {path: open(os.path.join(ROOT, path), encoding="utf-8").read()
            for room in RANK for path in files_of(room)}
    defined = {name: path for path, t in text.items() if path.endswith(".c")
               for name in DEFINED.findall(t)}
    print(f"1..{len(RANK) + 2}")
    failed = False
    for room in RANK:
        bad = [line for path in text if os.path.dirname(path) == room
               for line in includes_of(path, text[path])]
        failed |= report(f"{room} includes only what is below it", bad)
    bad = [line for path in text if path.endswith(".h")
           for line in homes_of(path, text[path], defined)]
    failed |= report("what a header declares is defined beside it", bad)
    failed |= report("every folder of sources is a room", list(strays()))
    return failed


sys.exit(main())
