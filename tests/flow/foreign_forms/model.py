# SPDX-License-Identifier: ISC
"""What the translators of foreign workflow cases share: Lua text, a run of one
case by `nocturne test` in virtual time, and how what came is compared.

A translator gives a Case: our rules as Lua text, what the stand-ins answer,
and what the other project expected.  What happens is decided by our runner
alone: the journal that the test prints is read, and nothing else.
"""
import json
import os
import re
import subprocess
import tempfile

NOCTURNE = os.environ.get("NOCTURNE") or os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))))), "build", "nocturne")


class NotShared(Exception):
    """The case asks for what our flows do not have; the message says what."""


class Case:
    note = ""        # what of it could not be compared
    refuted = False  # its expectation is wrong, and has to be found so

    def __init__(self, name, flow, answers, state, compare, given=None):
        self.name = name
        self.flow = flow          # Lua text of the flow named "case"
        self.answers = answers    # target -> list of answers, in turn
        self.given = given or {}  # its input
        self.state = state        # "Succeeded" or "Failed"
        self.compare = compare    # function(Ran) -> what differs, or None


class Raw(str):
    """Lua text that is written as it is."""


def lua(value):
    if isinstance(value, Raw):
        return str(value)
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        out = []
        for byte in value.encode():
            if byte in b'"\\' or byte < 32 or byte > 126:
                out.append("\\%03d" % byte)
            else:
                out.append(chr(byte))
        return '"%s"' % "".join(out)
    if isinstance(value, (list, tuple)):
        # A hole in a list is an error of the language: null is said.
        return "{ %s }" % ", ".join(
            lua("null" if v is None else v) for v in value)
    return "{ %s }" % ", ".join(
        "[%s] = %s" % (lua(str(k)), lua(v)) for k, v in value.items()
        if v is not None)


def plain(text):
    """A text in which no brace is a template."""
    return text.replace("{", "{{").replace("}", "}}")


# What stand-ins answer: of a program nobody knows by these names.
GIVES = ("out", "done", "result", "error")


def step(name, *, target=None, label=None, after=None, when=None, retry=None,
         timeout=None, reads=False, words=()):
    """A step whose action is a stand-in, of which nobody knows what it may
    change.  It says its label, and is answered by its target."""
    options = ["exec { %s%s }" % (", ".join(
        lua(w) for w in ("stand-in", label or name) + tuple(words)),
        ", mutates = false" if reads else "")]
    options.append("target = %s" % lua(target or name))
    options.append("timeout = %s" % lua(timeout or "60s"))
    options.append("retry = %s" % lua(retry or {"attempts": 1}))
    options.append("output = %s" % lua({name: name for name in GIVES}))
    if after:
        options.append("after = %s" % lua(after))
    if when:
        options.append("when = %s" % when)
    return "step %s { %s }" % (lua(name), ", ".join(options))


class Ran:
    """What our runner did: read from the journal of the test, and from the
    list of calls that it made."""

    def __init__(self, transcript, status, text):
        self.status, self.text = status, text
        self.state = self.error = None
        self.began = []  # (ms, label) of each first call, in order
        self.tries = {}  # label -> how often it was called
        self.done = []   # targets of what went well, in order
        self.codes = []  # of the errors that steps ended with
        self.words = {}  # label -> words of its last call
        for line in transcript:
            call = re.match(r"(\d+) CALL \S+ exec stand-in (\S+) ?(.*)", line)
            done = re.match(r"\d+ STEP_DONE .* exec (\S+) ok ", line)
            if done:
                self.done.append(done[1])
            code = re.match(r"\d+ STEP_DONE .*\"code\":\"((?:[^\"\\]|\\.)*)\"",
                            line)
            if code:
                self.codes.append(code[1])
            end = re.match(r"\d+ RUN_END .* - (Succeeded|Failed|Cancelled) -",
                           line)
            if call:
                name = call[2]
                self.tries[name] = self.tries.get(name, 0) + 1
                self.words[name] = call[3]
                if self.tries[name] == 1:
                    self.began.append((int(call[1]), name))
            elif end:
                self.state = end[1]
                self.error = _detail(line).get("error") or {}

    def rounds(self):
        """What began, in lists of what began at the same time.  An answer
        takes a second, a failure a little less."""
        out, last = [], None
        for ms, name in self.began:
            second = (ms + 500) // 1000
            if second != last:
                out.append([])
            out[-1].append(name)
            last = second
        return out


def _detail(line):
    at = line.find(" {")
    try:
        return json.loads(line[at + 1:]) if at >= 0 else {}
    except ValueError:
        return {}


RULES = """flow "case" {
  %s%s
}
"""
TEST = """test "case" {
  stub { %s },
  at "0s" { "command", verb = "breaker.disable", action = "exec",
            target = "stand-in", why = "theirs have none", for_ms = 86400000 },
  at "0s" { "start", flow = "case", input = %s },
  at "6h" { expect.run "case" { state = %s } },
}
"""


def run(case):
    """The case by `nocturne test`; a Ran.  NotShared never comes from here:
    what our runner refuses is a difference."""
    answers = {"exec": {"after": "1s"}}
    for target, said in case.answers.items():
        answers["exec " + target] = [dict({"after": "1s"}, **a) for a in said]
    declared = "input = { %s },\n  " % ", ".join(
        "[%s] = \"any\"" % lua(k) for k in case.given) if case.given else ""
    with tempfile.TemporaryDirectory(prefix="noc-foreign-") as folder:
        with open(os.path.join(folder, "case.lua"), "w",
                  encoding="utf-8") as f:
            f.write(RULES % (declared, case.flow))
        with open(os.path.join(folder, "case.test.lua"), "w",
                  encoding="utf-8") as f:
            f.write(TEST % (
                ", ".join("[%s] = %s" % (lua(k), lua(v))
                          for k, v in answers.items()),
                lua(case.given), lua(case.state)))
        done = subprocess.run(
            [NOCTURNE, "test", folder, "--verbose"], text=True,
            errors="replace", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=120, check=False, env=dict(os.environ, NO_COLOR="1"))
    lines = [line[2:] for line in done.stdout.splitlines()
             if line.startswith("# ")]
    return Ran(lines, done.returncode, done.stdout + done.stderr)


def differs(case, show=False):
    """Runs it; None, or what is not as the other project expected."""
    ran = run(case)
    if show:
        print(ran.text)
    if ran.state is None:
        said = [line for line in ran.text.splitlines() if line.strip()]
        return "our runner did not end it: %s" % " | ".join(said[:4])
    if ran.state != case.state:
        return "it ended %s, expected %s" % (ran.state, case.state)
    if ran.status:
        said = [line for line in ran.text.splitlines()
                if line.startswith("#   ")]
        return "the test failed: %s" % " | ".join(said[:3])
    return case.compare(ran)


def in_rounds(wanted, rounds):
    """Is the sequence one of our rounds?  What begins at one instant has no
    order in it; everything else has."""
    at = 0
    for names in rounds:
        got = wanted[at:at + len(names)]
        if sorted(got) != sorted(names):
            return "after %r: began %r, expected %r" % (
                wanted[:at], sorted(names), got or "nothing more")
        at += len(names)
    if at != len(wanted):
        return "never began: %r" % (wanted[at:],)
    return None
