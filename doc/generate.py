#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Writes the parts of doc/ that come from the program itself.

usage: doc/generate.py NOCTURNE [--check]

NOCTURNE is the binary.  A generated part stands between a line that says
`generated: NAME` and one that says `end of NAME`, as comments of the file's
own language.  --check writes nothing and exits 1 when a part is not current.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = re.compile(r"^(<!-- |\.\\\" )generated: (.+?)( -->)?\n", re.M)


def ask(binary, *words):
    env = dict(os.environ, LC_ALL="C.UTF-8")
    return subprocess.run([binary, *words], check=True, text=True, env=env,
                          stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE).stdout


# ------------------------------------------------------- the rule language

def sections(text):
    """{"At the top of a file": whole part, "rule": its section, ...}"""
    out = {}
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        title, body = part.split("\n", 1)
        out[title] = body.strip("\n") + "\n"
        for node in re.split(r"^### ", body, flags=re.M)[1:]:
            name, rest = node.split("\n", 1)
            out[name] = rest.strip("\n") + "\n"
    return out


# ------------------------------------------------------------- the verbs

def verbs(binary):
    names = re.findall(r"^  ([a-z]+) +\S", ask(binary, "help"), re.M)
    return [(n, parse_help(ask(binary, "help", n))) for n in names]


def parse_help(text):
    head, _, options = text.partition("\nOptions:\n")
    blocks = head.strip("\n").split("\n\n")
    usage = [re.sub(r"^(usage:| +)\s*", "", l) for l in blocks[0].split("\n")]
    rows = re.findall(r"^  (?:(-\w), |    )(--[\w-]+)(?: (\S+))? +(\S.*)$",
                      options, re.M)
    return {"usage": usage, "summary": blocks[1].strip(),
            "details": "\n\n".join(blocks[2:]),
            "options": [r for r in rows if r[1] != "--help"]}


def mdoc(text):
    """Text that no macro or escape may grow out of."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def mdoc_verbs(binary):
    out = []
    for name, v in verbs(binary):
        out.append(f".Ss nocturne {name}")
        out += [".Bd -literal -compact"]
        out += [mdoc(l) for l in v["usage"]]
        out += [".Ed", ".Pp"]
        summary = v["summary"]
        out.append(mdoc(summary[0].upper() + summary[1:].rstrip(".") + "."))
        for block in filter(None, v["details"].split("\n\n")):
            out += [".Pp", mdoc(block)]
        if v["options"]:
            out.append(".Bl -tag -width Ds")
        for letter, long, arg, text in v["options"]:
            names = (f"{letter}, " if letter else "") + long
            names += f" {arg}" if arg else ""
            out += [f".It Sy {mdoc_arg(names)}", mdoc(sentence(text))]
        if v["options"]:
            out.append(".El")
    return "\n".join(out) + "\n"


def mdoc_arg(text):
    return '"' + mdoc(text).replace('"', "\\(dq") + '"'


def sentence(text):
    return text if text.endswith((".", ")")) else text + "."


# ------------------------------------------------------- the configuration

def options(binary):
    """[(name, "text, default x; needs a restart", help)]"""
    text = ask(binary, "help", "options")
    return re.findall(r"^(\S+) \((.*)\)\n    (.*)$", text, re.M)


def mdoc_options(binary):
    out = [".Bl -tag -width Ds"]
    for name, what, text in options(binary):
        out += [f".It Va {mdoc_arg(name)} Pq {mdoc_arg(what)}",
                mdoc(sentence(text))]
    return "\n".join(out + [".El"]) + "\n"


def md_options(binary):
    out = ["| option | takes | what it is |", "|---|---|---|"]
    for name, what, text in options(binary):
        out.append(f"| `{name}` | {what} | {text} |".replace("||", "|"))
    return "\n".join(out) + "\n"


def md_commands(binary):
    out = ["| verb | parameters | what it does |", "|---|---|---|"]
    for verb, text, params in re.findall(
            r"^(\S+) \(\w+\)\n    (.*)\n((?:    .*\n)*)",
            ask(binary, "help", "commands"), re.M):
        names = re.findall(r"^    (\S+):", params, re.M)
        out.append(f"| `{verb}` | {' '.join(f'`{n}`' for n in names)} | "
                   f"{text} |")
    return "\n".join(out) + "\n"


def md_verbs(binary):
    out = ["| verb | what it does |", "|---|---|"]
    for name, v in verbs(binary):
        out.append(f"| `nocturne {name}` | {v['summary']} |")
    return "\n".join(out) + "\n"


# ---------------------------------------------------------------- writing

def part(name, binary, cache={}):
    if name == "verbs in mdoc":
        return mdoc_verbs(binary)
    if name == "options in mdoc":
        return mdoc_options(binary)
    if name == "verbs":
        return md_verbs(binary)
    if name == "commands":
        return md_commands(binary)
    if name == "options":
        return md_options(binary)
    if "language" not in cache:
        cache["language"] = sections(ask(binary, "help", "language"))
    want = name.removeprefix("language ")
    if want not in cache["language"]:
        raise SystemExit(f"doc/generate.py: there is no part '{name}'")
    return "\n" + cache["language"][want] + "\n"


def fill(text, binary):
    out, at = [], 0
    while m := MARK.search(text, at):
        name = m.group(2)
        end = f"{m.group(1)}end of {name}{m.group(3) or ''}\n"
        stop = text.find(end, m.end())
        if stop < 0:
            raise SystemExit(f"doc/generate.py: '{name}' does not end")
        out += [text[at:m.end()], part(name, binary), end]
        at = stop + len(end)
    return "".join(out + [text[at:]])


def main():
    args = [a for a in sys.argv[1:] if a != "--check"]
    if len(args) != 1:
        raise SystemExit(__doc__)
    stale = []
    for name in sorted(os.listdir(HERE)):
        if not name.endswith((".md", ".1")):
            continue
        path = os.path.join(HERE, name)
        with open(path, encoding="utf-8") as f:
            old = f.read()
        new = fill(old, os.path.abspath(args[0]))
        if new == old:
            continue
        stale.append("doc/" + name)
        if "--check" not in sys.argv:
            with open(path, "w", encoding="utf-8") as f:
                f.write(new)
    for name in stale:
        print(name)
    return bool(stale) and "--check" in sys.argv


if __name__ == "__main__":
    sys.exit(main())
