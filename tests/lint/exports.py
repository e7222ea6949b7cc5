#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What is exported is used: a function without `static` that no other object
of the daemon refers to is static, or not needed.  Tests do not count."""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("NOC_BUILDDIR", os.path.join(ROOT, "build"))
# Name -> who uses it.
ALLOWED = {
    "main": "the C library",
    "noc_command_at": "tests that hold every row of the table",
    "noc_http_route_at": "tests that hold routes to the table of commands",
    "noc_listen_owner_inode": "tests, with the text of /proc/net/udp",
    "noc_proof_check_consistency": "the published vectors; `prove` to come",
    "noc_proof_check_inclusion": "the published vectors; `prove` to come",
    "noc_proof_make_consistency": "the published vectors; `prove` to come",
    "noc_proof_make_inclusion": "the published vectors; `prove` to come",
    "noc_ruleset_load_text": "tests and benchmarks, without a file",
    "noc_schema_write_meta": "`make meta`",
    "noc_tz_parse": "tests and the fuzzer, without a file",
}
LINE = re.compile(r"^(.*):(?:[0-9a-f]+)? +([A-Za-z]) (\S+)$", re.M)


def symbols():
    """Functions by the object that defines them; names by who refers."""
    objects = sorted(glob.glob(os.path.join(BUILD, "*", "libnoc_*.a")))
    objects.append(os.path.join(BUILD, "cli", "main.o"))
    out = subprocess.run(["nm", "-A", *objects], text=True, check=True,
                         stdout=subprocess.PIPE).stdout
    defined, referred = {}, set()
    for at, kind, name in LINE.findall(out):
        if kind == "T":
            defined[name] = os.path.relpath(at, BUILD)
        elif kind == "U":
            referred.add(name)
    return defined, referred


def main():
    defined, referred = symbols()
    bad = [f"{name} ({defined[name]}) is used by no other object"
           for name in sorted(set(defined) - referred - set(ALLOWED))]
    bad += [f"{name} need not be allowed here"
            for name in sorted(set(ALLOWED) - (set(defined) - referred))]
    if len(defined) < 100:
        bad.append(f"{BUILD} has {len(defined)} functions: build first")
    print("1..1")
    print(("not ok" if bad else "ok") + " - every exported function is used")
    for line in bad:
        print("# " + line)
    return bool(bad)


sys.exit(main())
