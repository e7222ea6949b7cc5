#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each folder with more than three files of source has a README.md that fits on
a screen and names each of them, and every README.md is true: what it names is
there."""
import fnmatch
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
TOPS = ["base", "proto", "store", "net", "engine", "snmp", "sensors", "actions",
        "api", "daemon", "cli", "rules", "script", "bench", "tests"]
SKIP = {"data", "seeds", "__pycache__"}
SOURCE = (".c", ".h", ".def", ".py", ".sh", ".lua")
FEW, LINES, WIDTH = 3, 20, 80
# One a line, each called as its file is, or by its file's name and more.
ROW = re.compile(r"^NOC_(?:ACTION\(noc_action_|SENSOR\(noc_sensor_|VERB\()"
                 r"(\w+)\)", re.M)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def is_source(room, name):
    if "." in name:
        return name.endswith(SOURCE)
    return room == "script"


def rooms():
    """{folder: its files of source}"""
    for top in TOPS:
        for at, dirs, names in os.walk(os.path.join(ROOT, top)):
            dirs[:] = sorted(d for d in dirs if d not in SKIP
                             and not d.startswith("."))
            room = os.path.relpath(at, ROOT)
            yield room, sorted(n for n in names if is_source(room, n)), \
                "README.md" in names


def rows(room, files):
    """What the table of the room, or of the one above it, has a line for."""
    found = set()
    above = os.path.dirname(room)
    for folder in (room, above) if above else (room,):
        for name in files if folder == room else os.listdir(
                os.path.join(ROOT, folder)):
            if name.endswith(".def"):
                found |= set(ROW.findall(read(f"{folder}/{name}")))
    return found


def is_row(name, table):
    stem = name.rsplit(".", 1)[0]
    return any(r == stem or r.startswith(stem + "_") for r in table)


def problems_of(room, files):
    page = f"{room}/README.md"
    lines = read(page).splitlines()
    if len(files) > FEW and len(lines) > LINES:
        yield f"{page} has {len(lines)} lines, not {LINES} at most"
    for n, line in enumerate(lines, 1):
        if len(line) > WIDTH and len(files) > FEW:
            yield f"{page}:{n} is longer than {WIDTH} characters"
    # `x.c`, `x.[ch]`, and of many that are alike `test_*.c`.
    patterns = [w for w in re.findall(r"`([^`\s/]+)`", "\n".join(lines))
                if "." in w and w.rsplit(".", 1)[1] in
                ("[ch]", "c", "h", "def", "py", "sh", "lua")
                or w in files]
    # NAME stands for many; a pattern that begins with * would name them all.
    patterns = [p for p in patterns if not re.search(r"[A-Z]|^\*", p)]
    for p in patterns:
        want = [p[:-4] + "c", p[:-4] + "h"] if p.endswith("[ch]") else [p]
        for w in want:
            if files and not fnmatch.filter(files, w):
                yield f"{page} names {w}, which is not there"
    table = rows(room, files)
    for name in files if len(files) > FEW else ():
        if not is_row(name, table) and not any(
                fnmatch.fnmatch(name, p) for p in patterns):
            yield f"{page} does not name {name}"


def main():
    bad, lonely, pages = [], [], 0
    for room, files, has in rooms():
        if has:
            pages += 1
            bad += problems_of(room, files)
        elif len(files) > FEW:
            lonely.append(f"{room} has {len(files)} files and no README.md")
    if pages < len(TOPS):
        bad.append(f"only {pages} pages were found")
    print("1..2")
    for name, found in (("each room has its page", lonely),
                        ("the pages of rooms are short, whole and true", bad)):
        print(("not ok" if found else "ok") + " - " + name)
        for line in found:
            print("# " + line)
    return bool(bad or lonely)


sys.exit(main())
