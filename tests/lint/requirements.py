#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""doc/requirements.md has each of R1 to R185 once and in order, with a state of
the three; what is named as showing it is there, and is run."""
import ast
import functools
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGE = "doc/requirements.md"
LAST = 185
STATES = ("works", "partial", "not yet")
SUMS = r"^(\d+) work, (\d+) are partial, (\d+) are not yet there\.$"


def read(path):
    """The text of a file; None when there is none."""
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            return f.read()
    except (FileNotFoundError, IsADirectoryError):
        return None


@functools.cache
def functions(path):
    """Of a unit test that is built: those that its main runs."""
    text = read(path)
    if f"unit_tests += %D%/{path[len('tests/'):-2]}\n" not in read(
            "tests/tests.am"):
        return set()
    return {name for name in re.findall(r"^(\w+)\(void \*\*state\)", text,
                                        re.M)
            if re.search(rf"[(=]\s*{name}[,)]", text)}


@functools.cache
def cases(path):
    """The names of the cases of a flow or crash test, or of tests of rules, as
    they are written."""
    if path.endswith(".lua"):
        return re.findall(r"^test \"([^\"]+)\"", read(path), re.M)
    found = []
    for node in ast.walk(ast.parse(read(path))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "noc.case":
            name = node.args[0]
            if isinstance(name, ast.BinOp):
                name = name.left
            found.append(ast.literal_eval(name))
    return found


def of_file(path, part):
    """(is it a test, what is wrong): a file, and what of it is named."""
    if read(path) is None:
        return False, [f"there is no {path}"]
    if path.startswith("tests/unit/"):
        known = functions(path)
        return True, [f"{path} runs no {name}" for name in part.split()
                      if name not in known] if part else [f"what of {path}?"]
    if part:
        return True, [] if any(part in name for name in cases(path)) else [
            f"{path} has no case with '{part}'"]
    if path.startswith("tests/flow/") or path.endswith(".test.lua"):
        return True, [f"which case of {path}?"]
    return path.startswith("tests/") or path.endswith("/try"), []


def shown(cell, verbs):
    """(how many tests a cell names, what is wrong with it)."""
    tests, bad = 0, []
    for word in [] if cell == "-" else re.split("(?<=`), (?=`)", cell):
        unit = re.fullmatch(r"`(tests/unit/\w+\.c)`((?: `\w+`)*)", word)
        path = re.fullmatch(r"`([a-z]+/[\w./-]+)(?: \"([^\"]+)\")?`", word)
        verb = re.fullmatch(r"`nocturne ([a-z]+)\b[^`]*`", word)
        if unit:
            found = of_file(unit.group(1), unit.group(2).replace("`", ""))
        elif path:
            found = of_file(path.group(1), path.group(2))
        elif not verb:
            found = False, [f"{word} is no test and no command"]
        elif verb.group(1) not in verbs:
            found = False, [f"there is no verb '{verb.group(1)}'"]
        else:
            found = False, []
        tests += found[0]
        bad += found[1]
    return tests, bad


def judge(row, verbs):
    """What is wrong with one row."""
    state, cell, missing = row
    if state not in STATES:
        return [f"'{state}' is no state"]
    tests, bad = shown(cell, verbs)
    if state == "works" and not tests:
        bad.append("it works, and no test is named")
    if state == "partial" and cell == "-":
        bad.append("it is partial, and nothing of it is shown")
    if (missing == "-") != (state == "works"):
        bad.append(f"it is '{state}', and missing is '{missing}'")
    return bad


def whole(text, numbers):
    """What is wrong with the rows together."""
    lines = re.findall(r"^\| R\d.*$", text, re.M)
    bad = [] if len(lines) == len(numbers) else [
        f"{len(lines)} rows, and {len(numbers)} can be read"]
    return bad + [f"R{have} stands where R{want} should" for want, have in
                  zip(range(1, LAST + 1), numbers) if want != have][:1] + (
        [] if len(numbers) == LAST else
        [f"{len(numbers)} rows, not {LAST}"])


def main():
    text = read(PAGE)
    verbs = re.findall(r"^NOC_VERB\((\w+)\)", read("cli/verbs.def"), re.M)
    rows = re.findall(r"^\| R(\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \| "
                      r"([^|]+) \|$", text, re.M)
    wrong = [f"R{n}: {line}" for n, *row in rows for line in judge(row, verbs)]
    count = tuple(sum(row[1] == state for row in rows) for state in STATES)
    told = re.search(SUMS, text, re.M)
    sums = [] if told and tuple(map(int, told.groups())) == count else [
        "%d work, %d are partial, %d are not yet there" % count]
    print("1..3")
    sets = (("each of R1 to R185 has one row, in order",
             whole(text, [int(row[0]) for row in rows])),
            ("a row has one of three states, and what shows it is there",
             wrong),
            ("the sums are of the rows", sums))
    for n, (name, bad) in enumerate(sets, 1):
        print(("not ok" if bad else "ok") + f" {n} - {name}")
        for line in bad:
            print("# " + line)
    return any(bad for _, bad in sets)


if __name__ == "__main__":
    sys.exit(main())
