#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each header compiles alone, each source file without a warning."""
import concurrent.futures
import os
import shlex
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("NOC_BUILDDIR", os.path.join(ROOT, "build"))
ROOMS = ["base", "proto", "store", "net", "engine", "snmp", "sensors", "actions",
         "api", "daemon", "cli", "tests", "bench"]
WARN = """-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
-Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla
-Wimplicit-fallthrough -Wswitch-enum -Wconversion -Wno-sign-conversion
-Werror""".split()
MODULES = ["libevent_core", "netsnmp", "lua5.4", "sqlite3", "libcurl",
           "libcrypto", "libpcre2-8", "jansson"]


def library_flags():
    out = subprocess.run(["pkg-config", "--cflags", *MODULES], text=True,
                         stdout=subprocess.PIPE, check=True).stdout
    # Their warnings are not ours.
    return [("-isystem" + f[2:] if f.startswith("-I/usr/include/") else f)
            for f in shlex.split(out)]


def compile_one(job):
    path, flags = job
    cmd = [*shlex.split(os.environ.get("CC", "gcc")), "-std=gnu11",
           "-D_GNU_SOURCE",
           '-DNOC_RULES_DIR="rules"', "-DHAVE_CONFIG_H", "-fsyntax-only",
           "-x", "c", *WARN, "-I" + BUILD, "-I" + ROOT, *flags]
    text = None
    if path.endswith(".h"):
        text = f'#include "{path}"\n#include "{path}"\n'
        cmd.append("-")
    else:
        cmd.append(os.path.join(ROOT, path))
    run = subprocess.run(cmd, input=text, text=True, cwd=BUILD,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.returncode == 0, run.stdout


def files_of(room, suffix):
    found = []
    for at, dirs, names in os.walk(os.path.join(ROOT, room)):
        dirs[:] = [d for d in dirs if d not in ("data", "seeds", ".deps")]
        found += [os.path.relpath(os.path.join(at, n), ROOT) for n in names
                  if n.endswith(suffix)]
    return sorted(found)


def main():
    flags = library_flags()
    sets = [(f"{room}'s {what}", files_of(room, suffix)) for room in ROOMS
            for what, suffix in (("headers compile alone", ".h"),
                                 ("sources compile without a warning", ".c"))]
    sets = [(name, files) for name, files in sets if files]
    failed = False
    print(f"1..{len(sets)}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, files in sets:
            bad = ""
            for good, out in pool.map(compile_one,
                                      [(f, flags) for f in files]):
                bad += "" if good else out
            failed |= bool(bad)
            print(("not ok" if bad else "ok") + f" - {name}", flush=True)
            for line in bad.splitlines():
                print("# " + line)
    return failed


sys.exit(main())
