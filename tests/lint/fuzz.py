#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The table of parsers in doc/security.md: each fuzz target is in it with the
files that it says it is of, and each file of proto/ has a target."""
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SEEDS_MIN = 3
# Nothing of theirs comes from outside: tables of names.
NO_PARSER = {"proto/mib_vendor.c", "proto/syslog_names.c"}

sys.dont_write_bytecode = True


def load(path):
    """script/fuzz, which has no name that can be imported."""
    loader = importlib.machinery.SourceFileLoader("fuzz", path)
    spec = importlib.util.spec_from_loader("fuzz", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def rows():
    """target -> (files, CPU s, executions, lines), as the page has them."""
    with open(os.path.join(ROOT, "doc/security.md"), encoding="utf-8") as f:
        part = f.read().split("\n## Parsers\n")[1].split("\n## ")[0]
    found = re.findall(r"^\| [^|]+ \| ([^|]+) \| `(\w+)` \| ([^|]+) \| "
                       r"([^|]+) \| ([^|]+) \|$", part, re.M)
    return {target: (files, *figures) for files, target, *figures in found}


def judge(fuzz, target, row):
    """What is wrong with one target."""
    seeds = os.path.join(ROOT, "tests/fuzz/seeds", target)
    sources = fuzz.sources_of(target)
    if row is None:
        return ["it is not in the table"]
    told = {path for word in re.findall(r"`([^`]+)`", row[0])
            for path in fuzz.sources_named(word)}
    bad = []
    if told != sources:
        bad.append("the page says it is of %s, its file %s"
                   % (sorted(told), sorted(sources)))
    if not re.fullmatch(r"[1-9]\d*", row[1]):
        bad.append("'%s' are no seconds" % row[1])
    if not re.fullmatch(r"[1-9]\d{0,2}(,\d{3})*", row[2]):
        bad.append("'%s' is no number of executions" % row[2])
    if not re.fullmatch(r"\d+ %", row[3]):
        bad.append("'%s' is no coverage" % row[3])
    if not os.path.isdir(seeds) or len(os.listdir(seeds)) < SEEDS_MIN:
        bad.append("it has not even %d seeds" % SEEDS_MIN)
    return bad


def misuse():
    """A name that is wrong is answered with those that there are."""
    run = subprocess.run([os.path.join(ROOT, "script/fuzz"), "nothing"],
                         text=True, capture_output=True)
    good = run.returncode == 2 and " json " in run.stderr
    return [] if good else ["%d %s" % (run.returncode, run.stderr)]


def main():
    fuzz = load(os.path.join(ROOT, "script/fuzz"))
    page, targets = rows(), fuzz.targets()
    parsers = set(fuzz.sources_named("proto/")) - NO_PARSER
    of = {t: fuzz.sources_of(t) for t in targets}
    sets = [(t, judge(fuzz, t, page.get(t))) for t in targets]
    sets += [
        ("the table names no other target",
         sorted(set(page) - set(targets))),
        ("each file of proto/ has a target",
         sorted(parsers - set().union(*of.values()))),
        ("a target is of files that there are",
         [t for t in targets if not of[t]]),
        ("a wrong name lists the targets", misuse()),
    ]
    print(f"1..{len(sets)}")
    for name, bad in sets:
        print(("not ok" if bad else "ok") + f" - {name}")
        for line in bad:
            print("# " + line)
    return any(bad for _, bad in sets)


sys.exit(main())
