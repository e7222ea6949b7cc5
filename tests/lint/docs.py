#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The documentation is true: its rules load and pass their tests, its links
lead somewhere, its verbs, options, routes and metrics exist, and what is
generated is current."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BINARY = os.environ.get("NOCTURNE", os.path.join(ROOT, "build", "nocturne"))
ROOMS = ("base", "proto", "store", "net", "engine", "snmp", "sensors", "actions",
         "api", "daemon", "cli", "rules", "tests", "script", "doc", "bench")
PAGES = ["README.md", "CONTRIBUTING.md"] + sorted(
    "doc/" + n for n in os.listdir(os.path.join(ROOT, "doc"))
    if n.endswith(".md")) + sorted(
    os.path.relpath(os.path.join(at, "README.md"), ROOT) for room in ROOMS
    for at, _, names in os.walk(os.path.join(ROOT, room))
    if "README.md" in names and "/tests/data" not in at)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
VERB = re.compile(r"\bnocturne ([a-z][a-z-]*)((?: [^\n`|#;&()]*)?)")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def ask(*words):
    return subprocess.run([BINARY, *words], text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)


def rules_of(page, bad):
    """Every Lua block of a page, as one tree with the shipped library."""
    blocks = [b for kind, b in BLOCK.findall(read(page)) if kind == "lua"]
    if not blocks:
        return 0
    with tempfile.TemporaryDirectory() as tree:
        shutil.copytree(os.path.join(ROOT, "rules", "lib"),
                        os.path.join(tree, "lib"))
        for n, text in enumerate(blocks, 1):
            test = re.search(r"^test \"", text, re.M)
            name = f"block{n:02}.{'test.' if test else ''}lua"
            with open(os.path.join(tree, name), "w", encoding="utf-8") as f:
                f.write(text)
        for verb in ("check", "test"):
            if verb == "test" and not any(
                    n.endswith(".test.lua") for n in os.listdir(tree)):
                continue
            done = ask(verb, tree)
            if done.returncode:
                bad += [f"{page}: nocturne {verb}: {l}"
                        for l in done.stdout.split("\n") if l]
    return len(blocks)


def anchors(page):
    heads = re.findall(r"^#+ (.*)$", read(page), re.M)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-")
            for h in heads}


def links_of(page, bad):
    for target in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = urllib.parse.unquote(target).partition("#")
        to = os.path.normpath(os.path.join(os.path.dirname(page), path)) \
            if path else page
        if not os.path.exists(os.path.join(ROOT, to)):
            bad.append(f"{page}: {target}: no such file")
        elif anchor and anchor not in anchors(to):
            bad.append(f"{page}: {target}: no such heading")


def verbs_of(page, known, bad):
    """`nocturne VERB --option` wherever it stands in code."""
    code = "\n".join(b for _, b in BLOCK.findall(read(page)))
    code += "\n" + "\n".join(re.findall(r"`([^`\n]+)`", read(page)))
    for verb, rest in VERB.findall(code):
        if verb in ("help", "state"):
            continue
        if verb not in known:
            bad.append(f"{page}: there is no verb '{verb}'")
            continue
        for option in re.findall(r"(?:^| )(--[a-z][a-z-]*)", rest):
            if option not in known[verb] and option != "--help":
                bad.append(f"{page}: {verb} has no option {option}")


def options_of(page, known, bad):
    for name in re.findall(r"--set ([a-z_.]+)=", read(page)):
        if name not in known and name.rsplit(".", 1)[0] + ".*" not in known:
            bad.append(f"{page}: there is no option {name}")


def names_of(page, source, bad):
    """Functions and files that the text names are in the tree."""
    for name in re.findall(r"`((?:noc|on)_\w+)`", read(page)):
        if not re.search(rf"\b{name}\b", source):
            bad.append(f"{page}: there is no {name}")
    for path in re.findall(r"`([a-z]+/[\w./-]*)`", read(page)):
        if path.split("/")[0] in ROOMS and not os.path.exists(
                os.path.join(ROOT, path)):
            bad.append(f"{page}: there is no {path}")


def routes(bad):
    """doc/api.md has every route, with its role, and no other."""
    have, told = set(), set()
    roles = dict(re.findall(r"^NOC_COMMAND\(\"(\S+)\", \w+, (\w+)",
                            read("engine/core/command.def"), re.M))
    for name in sorted(os.listdir(os.path.join(ROOT, "api"))):
        if name.endswith(".c"):
            for method, path, role, verb in re.findall(
                    r"\"(GET|POST|PUT|PATCH|DELETE)\",\s*\"(/[^\"]*)\",\s*"
                    r"(?:NOC_ROLE_(\w+)|\"([\w.]+)\")", read("api/" + name)):
                have.add((method, path, role or roles[verb]))
    for method, path, role in re.findall(
            r"^\| `(GET|POST|PUT|PATCH|DELETE) (/[^`]*)` \| (\w+) \|",
            read("doc/api.md"), re.M):
        told.add((method, path.split("?")[0], role.upper()))
    told = {t for t in told if not t[1].startswith("/hooks/")}
    bad += [f"doc/api.md lacks {r}" for r in sorted(have - told)]
    bad += [f"doc/api.md has {r}, the API has not"
            for r in sorted(told - have)]


def metrics(bad):
    source = read("api/metrics.c")
    page = read("doc/api.md")
    names = re.findall(r"noc_metric\(m, \"(\w+)\"", source)
    names += re.findall(r"METRIC\(m, \"(\w+)\"", source)
    names += re.findall(r"^\t+\{ \"[\w.]+\", \"(\w+)\",", source, re.M)
    names += re.findall(r"metrics_words\([^;]*?\"(\w+)\",\s*\"(?:state|"
                        r"outcome)\"", source)
    if len(names) < 40:
        bad.append("the metrics cannot be read from their source")
    bad += [f"doc/api.md lacks the metric {n}" for n in names
            if f"`{n}`" not in page]


def manual(bad):
    done = subprocess.run(
        ["groff", "-mandoc", "-Tutf8", "-ww", os.path.join(
            ROOT, "doc", "nocturne.1")], check=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode or done.stderr:
        bad += (done.stderr or "groff failed").strip().split("\n")


def report(n, name, bad, skip=None):
    print(("not ok" if bad else "ok") + f" {n} - {name}"
          + (f" # SKIP {skip}" if skip else ""))
    for line in bad:
        print("# " + line)
    return bool(bad)


def main():
    known = {v: set(re.findall(r"(--[a-z][a-z-]*)", ask("help", v).stdout))
             for v in re.findall(r"^  ([a-z]+) +\S", ask("help").stdout,
                                 re.M)}
    options = set(re.findall(r"^(\S+) \(", ask("help", "options").stdout,
                             re.M))
    bad = {k: [] for k in ("rules", "links", "verbs", "options", "routes",
                           "metrics", "generated", "names")}
    source = "".join(read(os.path.join(at, n)) for room in ROOMS[:11]
                     for at, _, names in os.walk(os.path.join(ROOT, room))
                     for n in sorted(names) if n.endswith((".c", ".h")))
    blocks = 0
    for page in PAGES:
        blocks += rules_of(page, bad["rules"])
        links_of(page, bad["links"])
        verbs_of(page, known, bad["verbs"])
        options_of(page, options, bad["options"])
        names_of(page, source, bad["names"])
    if blocks < 10:
        bad["rules"].append(f"only {blocks} blocks of rules were found")
    routes(bad["routes"])
    metrics(bad["metrics"])
    done = subprocess.run([sys.executable, os.path.join(
        ROOT, "doc", "generate.py"), BINARY, "--check"], check=False,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        bad["generated"] = done.stdout.strip().split("\n") + [
            "run doc/generate.py NOCTURNE"]
    print("1..9")
    failed = False
    for n, (key, name) in enumerate((
            ("rules", "the rules of the documentation load and pass"),
            ("links", "links lead somewhere"),
            ("verbs", "verbs and their options exist"),
            ("options", "options of the configuration exist"),
            ("routes", "the API's routes are told, with their roles"),
            ("metrics", "the metrics are told"),
            ("names", "functions and files exist"),
            ("generated", "what is generated is current")), 1):
        failed |= report(n, name, bad[key])
    page = []
    if shutil.which("groff"):
        manual(page)
        failed |= report(9, "the manual page renders without a warning",
                         page)
    else:
        report(9, "the manual page renders without a warning", [],
               "no groff")
    return failed


if __name__ == "__main__":
    sys.exit(main())
