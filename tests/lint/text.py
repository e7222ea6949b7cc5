#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The words of the tree: licence lines, no loose ends, no paths of the
machine it was written on."""
import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SKIP = ("tests/data/", "tests/fuzz/seeds/", "build/", "var/", "LICENSE")
# Put together here so that this file does not hold them.
FOREIGN = re.compile("|".join(["/wo" + "rk/", "/tmp/n" + "b\\b",
                               "\\.libr" + "ary/", "/sha" + "red/data"]))
LOOSE = re.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b")
CODE = (".c", ".h", ".def", ".am", ".ac", ".py", ".sh", ".lua", ".css", ".js")


def tracked():
    try:
        # Also in a checkout that belongs to somebody else.
        out = subprocess.run(["git", "-c", "safe.directory=*", "ls-files",
                              "-z"], cwd=ROOT, check=True,
                             stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
        files = out.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        files = [os.path.relpath(os.path.join(at, n), ROOT)
                 for at, _, names in os.walk(ROOT) for n in names]
    return sorted(f for f in files if f and not f.startswith(SKIP)
                  and os.path.isfile(os.path.join(ROOT, f)))


def main():
    bad = {"spdx": [], "loose": [], "foreign": [], "space": [], "mode": []}
    for path in tracked():
        with open(os.path.join(ROOT, path), "rb") as f:
            raw = f.read()
        if b"\0" in raw:
            continue
        text = raw.decode("utf-8", "replace")
        head = "\n".join(text.split("\n", 3)[:2])
        is_code = path.endswith(CODE) or text.startswith("#!")
        if is_code and "SPDX-License-Identifier: ISC" not in head:
            bad["spdx"].append(path)
        if text.startswith("#!") and not os.access(os.path.join(ROOT, path),
                                                   os.X_OK):
            bad["mode"].append(path)
        for n, line in enumerate(text.split("\n"), 1):
            if is_code and LOOSE.search(line):
                bad["loose"].append(f"{path}:{n}: {line.strip()}")
            if FOREIGN.search(line):
                bad["foreign"].append(f"{path}:{n}: {line.strip()}")
            if is_code and line != line.rstrip(" \t\r"):
                bad["space"].append(f"{path}:{n}")
    print(f"1..{len(bad)}")
    for key, name in (
            ("spdx", "every source names its licence in the first lines"),
            ("loose", "nothing is left for later in the code"),
            ("foreign", "no path of one machine"),
            ("space", "no blanks at the ends of lines"),
            ("mode", "what begins with #! can be run: a test that cannot is "
             "left out")):
        print(("not ok" if bad[key] else "ok") + " - " + name)
        for line in bad[key]:
            print("# " + line)
    return any(bad.values())


sys.exit(main())
