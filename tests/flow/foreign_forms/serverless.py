# SPDX-License-Identifier: ISC
"""Serverless Workflow (CNCF), the scenarios of its conformance kit.  A task
becomes a step of its name.

  do: a list; then: the task that it names, written out behind it.
  set, call, emit: a step; a stand-in answers a call: a pet that is asked for by
    name is not there (404), everything else is.
  raise: a step that fails; its code is the error's kind and status.
  switch: choose; fork: parallel, with compete an each that needs the first.
  for: an each, one at a time.
  try: the tasks in a parallel, catch: choose behind its failure, by the error.
Values are compared where an expression only names one; what jq works out is
not, and is said.
"""
import json
import re

import yaml

from . import model
from .model import Case, NotShared, lua

ROUNDS = 3
PATH = re.compile(r"^\s*\$\{\s*\.([A-Za-z_][\w.]*)\s*\}\s*$|"
                  r"^\s*\.([A-Za-z_][\w.]*)\s*$")


def tail(uri):
    return str(uri or "").rstrip("/").rsplit("/", 1)[-1]


class Writer:
    def __init__(self, definition, given):
        self.definition, self.given = definition, given
        self.names, self.answers, self.task_of = {}, {}, {}
        self.sets = {}    # label -> {name: template}, or None
        self.notes = set()
        self.loops = []   # (task in a loop, how many items)
        self.races = []   # names of tasks of which one wins

    def name(self, text):
        base = re.sub(r"[^A-Za-z0-9_]", "_", text) or "_"
        self.names[base] = self.names.get(base, 0) + 1
        return base if self.names[base] == 1 else \
            "%s__%d" % (base, self.names[base])

    # ---- tasks ----

    def line(self, tasks, at, data, item, way=()):
        """The steps from a task on, as Lua texts."""
        if at >= len(tasks):
            return []
        if way.count(at) >= ROUNDS:
            # Whoever comes here fails: it is not written out any further.
            name = self.name("too_far")
            self.answers[name] = [{"error": "permanent", "code": "rounds",
                                   "message": "rounds"}]
            return [model.step(name, reads=True)]
        way = way + (at,)
        (name, task), = tasks[at].items()
        for kind in ("set", "call", "raise", "emit", "switch", "fork", "for",
                     "try", "wait", "do"):
            if kind in task:
                break
        else:
            raise NotShared("a task of the kind %s" % ", ".join(
                k for k in task if k not in ("then", "if", "input", "output",
                                             "export", "timeout")))
        if "if" in task:
            raise NotShared("a task with `if`")
        steps, data, done = getattr(self, "task_" + kind)(
            tasks, name, task, data, item, way)
        if done:
            return steps
        return steps + self.go(tasks, task.get("then"), at, data, item, way)

    def go(self, tasks, then, at, data, item, way):
        if then in ("end", "exit"):
            return []
        if then in (None, "continue"):
            return self.line(tasks, at + 1, data, item, way)
        for number, entry in enumerate(tasks):
            if then in entry:
                return self.line(tasks, number, data, item, way)
        raise NotShared("the task %s is not in this list" % then)

    def leaf(self, name, item, *, words=(), retry=None):
        made = self.name(name)
        self.task_of[made] = name
        label = made if item is None else "%s[%s]" % (made, item)
        return made, model.step(
            made, label=label, words=words, retry=retry, reads=True,
            target=re.sub(r"[^A-Za-z0-9_]", "_", name))

    def answer(self, name, said):
        self.answers[re.sub(r"[^A-Za-z0-9_]", "_", name)] = [said]

    def template(self, value, data, item):
        """A literal, or an expression that is only a path; else None."""
        if not isinstance(value, str):
            return model.plain(json.dumps(value, sort_keys=True))
        m = PATH.match(value) if value.lstrip()[:1] in "$." else None
        if m:
            return "{%s.%s:json}" % (data, m[1] or m[2]) if data else None
        if "${" in value:
            return None
        return model.plain(json.dumps(value))

    def task_set(self, tasks, name, task, data, item, way):
        del tasks, way
        said = task["set"]
        templates = {k: self.template(v, data, item)
                     for k, v in said.items()} if isinstance(said, dict) else {}
        known = bool(templates) and None not in templates.values()
        words = ["%s=%s" % (k, v) for k, v in sorted(templates.items())] \
            if known else []
        made, text = self.leaf(name, item, words=words)
        self.answer(name, {"done": True})
        self.sets[made] = known
        return [text], None, False

    def task_call(self, tasks, name, task, data, item, way):
        del tasks, way
        text = json.dumps(task)
        made, step = self.leaf(name, item, retry=self.retry)
        missing = re.search(r"ByName|notfound|missing|unknown", text, re.I)
        self.answer(name, {"done": True} if not missing else
                    {"error": "transient" if self.retry else "permanent",
                     "code": "communication/404",
                     "message": "no such thing"})
        self.notes.add("what a call answered")
        return [step], "steps.%s" % made, False

    retry = None

    def task_emit(self, tasks, name, task, data, item, way):
        del tasks, task, way
        made, step = self.leaf(name, item)
        self.answer(name, {"done": True})
        self.notes.add("the fields of the event")
        return [step], "steps.%s" % made, False

    def task_raise(self, tasks, name, task, data, item, way):
        del tasks, way
        error = task["raise"].get("error")
        if isinstance(error, str):
            error = ((self.definition.get("use") or {}).get("errors") or
                     {}).get(error)
        if not isinstance(error, dict):
            raise NotShared("the error that it raises is not defined")
        _, step = self.leaf(name, item)
        self.answer(name, {
            "error": "permanent",
            "code": "%s/%s" % (tail(error.get("type")), error.get("status")),
            "message": str(error.get("title") or error.get("type"))})
        return [step], data, False

    def task_wait(self, tasks, name, task, data, item, way):
        del tasks, way
        said = task["wait"]
        seconds = sum(int(said.get(k, 0)) * n for k, n in (
            ("seconds", 1), ("minutes", 60), ("hours", 3600))) \
            if isinstance(said, dict) else 1
        _, step = self.leaf(name, item)
        self.answer(name, {"done": True})
        return [step, "sleep %s" % lua("%ds" % max(seconds, 1))], data, False

    def task_do(self, tasks, name, task, data, item, way):
        del tasks, way
        return ["parallel %s { { %s } }" % (
            lua(self.name(name)),
            ", ".join(self.line(task["do"], 0, data, item)))], None, False

    def task_switch(self, tasks, name, task, data, item, way):
        at = way[-1]
        label, step = self.leaf(name, item)
        del label
        self.answer(name, {"done": True})
        branches, otherwise = [], None
        for case in task["switch"]:
            (_, said), = case.items()
            steps = self.go(tasks, said.get("then"), at, data, item, way)
            if said.get("when") is None:
                otherwise = steps
                continue
            m = re.fullmatch(r"""(?:\$\{)?\s*\.([\w.]+)\s*(==|!=|<=|>=|<|>)\s*"""
                             r"""("[^"]*"|-?\d+|true|false)\s*\}?""",
                             said["when"])
            if not m or not data:
                raise NotShared("the condition %s" % said["when"])
            value = lua(json.loads(m[3]))
            op = {"==": "%s", "!=": "isnt(%s)", "<": "lt(%s)", ">": "gt(%s)",
                  "<=": "le(%s)", ">=": "ge(%s)"}[m[2]] % value
            branches.append("{ when = { [%s] = %s }, %s }" % (
                lua("%s.%s" % (data, m[1])), op,
                ", ".join(steps or [self.nothing(name)])))
        if otherwise is None:
            otherwise = self.go(tasks, task.get("then"), at, data, item, way)
        if otherwise:
            branches.append("otherwise = { %s }" % ", ".join(otherwise))
        return [step, "choose %s { %s }" % (
            lua(self.name("which_" + name)), ", ".join(branches))], None, True

    def nothing(self, name):
        made = self.name("nothing_" + name)
        self.answers[made] = [{"after": "0s"}]
        return model.step(made, reads=True)

    def task_fork(self, tasks, name, task, data, item, way):
        del tasks, way
        fork = task["fork"]
        if not fork.get("compete"):
            lists = ["{ %s }" % ", ".join(self.line([b], 0, data, item))
                     for b in fork["branches"]]
            return ["parallel %s { %s }" % (lua(self.name(name)),
                                            ", ".join(lists))], None, False
        if item is not None:
            raise NotShared("branches that compete inside a loop")
        branches, names = [], []
        for branch in fork["branches"]:
            (inner, _), = branch.items()
            names.append(inner)
            branches.append("{ when = { one = %s }, %s }" % (
                lua(inner), ", ".join(self.line([branch], 0, data, None))))
        self.races.append(names)
        for late, inner in enumerate(names):
            # They are not all as fast.
            for said in self.answers.get(inner, []):
                said["after"] = "%ds" % (late + 1)
        return ["each %s { over = %s, as = \"one\", need = \"first\", choose %s { %s } }" % (
            lua(self.name(name)), lua(names),
            lua(self.name("branch_" + name)), ", ".join(branches))], None, False

    def task_for(self, tasks, name, task, data, item, way):
        del tasks, way
        m = PATH.match(task["for"].get("in") or "")
        if not m or not data or item is not None:
            raise NotShared("the list %r of a loop" % task["for"].get("in"))
        if "while" in task:
            raise NotShared("a loop with `while`")
        path = m[1] or m[2]
        have = self.given
        for part in path.split("."):
            have = (have or {}).get(part)
        if not isinstance(have, list):
            raise NotShared("the list %r of a loop" % path)
        self.given = dict(self.given, **{path: [
            {"id": i, "value": v} for i, v in enumerate(have)]}) \
            if "." not in path else self.given
        steps = self.line(task["do"], 0, None, "{one.id}")
        self.loops += [(next(iter(inner)), len(have)) for inner in task["do"]]
        return ["each %s { over = %s, as = \"one\", key = \"{one.id}\", limit = 1,"
                " empty = \"ok\", %s }" % (
                    lua(self.name(name)), lua("{%s.%s}" % (data, path)),
                    ", ".join(steps))], None, False

    def task_try(self, tasks, name, task, data, item, way):
        catch = task.get("catch") or {}
        retry = catch.get("retry")
        kept = self.retry
        if isinstance(retry, dict):
            count = ((retry.get("limit") or {}).get("attempt") or
                     {}).get("count", 1)
            self.retry = {"attempts": int(count) + 1, "jitter": False}
        inner = self.line(task["try"], 0, data, item)
        self.retry = kept
        made = self.name(name)
        what = ((catch.get("errors") or {}).get("with")) or {}
        tests = []
        if "status" in what and "type" in what:
            tests.append('["error.code"] = %s' % lua(
                "%s/%s" % (tail(what["type"]), what["status"])))
        elif "status" in what:
            tests.append('["error.code"] = suffix(%s)' % lua(
                "/%s" % what["status"]))
        elif "type" in what:
            tests.append('["error.code"] = prefix(%s)' % lua(
                "%s/" % tail(what["type"])))
        else:
            tests.append('["error.class"] = exists')
        handler = self.line(catch.get("do") or [], 0, None, item) or \
            [self.nothing(name)]
        again = self.name("uncaught_" + name)
        self.answers[again] = [{"error": "permanent", "code": "uncaught",
                                "message": "nobody catches it"}]
        # What follows it is beside both: after the tasks, or the handler.
        return ["parallel %s { parallel %s { { %s } }, choose %s {"
                " { when = { %s }, %s }, otherwise = { %s },"
                " after = { [%s] = \"failed\" } } }" % (
                    lua(self.name("try_" + name)), lua(made),
                    ", ".join(inner), lua(self.name("catch_" + name)),
                    ", ".join(tests), ", ".join(handler),
                    model.step(again, reads=True), lua(made))], None, False


class Scenario:
    def __init__(self, entry):
        self.definition, self.given, self.checks = None, {}, []
        for step in entry["steps"]:
            text, doc = step["text"], step.get("doc")
            if "definition" in text:
                self.definition = yaml.safe_load(doc)
            elif "input is" in text:
                self.given = yaml.safe_load(doc) or {}
            elif "is executed" not in text:
                self.checks.append((text, doc))
        if not isinstance(self.definition, dict) or \
                "do" not in self.definition:
            raise NotShared("a scenario without a definition of tasks")


def translate(entry):
    scenario = Scenario(entry)
    writer = Writer(scenario.definition, scenario.given
                    if isinstance(scenario.given, dict) else {})
    steps = writer.line(scenario.definition["do"], 0, "input", None)
    state, checks, notes = "Succeeded", [], set()
    for text, doc in scenario.checks:
        m = re.fullmatch(r"(\S+) should run (first|last|before|after)"
                         r"(?: (\S+))?", text)
        if "should fault" in text or "should be cancelled" in text:
            state = "Failed"
            if doc:
                error = yaml.safe_load(doc)
                checks.append(("code", "%s/%s" % (tail(error.get("type")),
                                                  error.get("status"))))
        elif m:
            checks.append((m[2], m[1], m[3]))
        elif "complete with output" in text:
            checks.append(("output", yaml.safe_load(doc)))
        elif "should complete" not in text:
            notes.add(re.sub(r".*output should (have )?", "", text))

    case = Case(entry["id"], ",\n  ".join(steps), writer.answers, state,
                None, writer.given)

    def compare(ran):
        began = [writer.task_of.get(re.sub(r"\[.*\]$", "", label))
                 for _, label in ran.began]
        order = [name for name in began if name]
        for check in checks:
            why = holds(check, order, ran)
            if why:
                return why
        for task, count in writer.loops:
            got = [label for _, label in ran.began
                   if label.startswith(task + "[")]
            want = ["%s[%d]" % (task, n) for n in range(count)]
            if got != want and state == "Succeeded":
                return "the items were %r, expected %r" % (got, want)
        for names in writer.races:
            won = [name for name in ran.done if name in names]
            if len(won) != 1:
                return "%r won, expected one" % (won,)
        return None

    def holds(check, order, ran):
        kind = check[0]
        if kind == "code":
            return None if check[1] in ran.codes else \
                "the errors are %r, expected %r" % (ran.codes, check[1])
        if kind == "output":
            last = ran.began[-1][1] if ran.began else None
            if not writer.sets.get(last):
                return None
            got = {}
            for word in re.findall(r"(\w+)=(.*?)(?= \w+=|$)",
                                   ran.words.get(last, "")):
                try:
                    got[word[0]] = json.loads(word[1])
                except ValueError:
                    got[word[0]] = word[1]
            return None if got == check[1] else \
                "the output is %r, expected %r" % (got, check[1])
        if check[1] not in order:
            return "%s did not run" % check[1]
        at = order.index(check[1])
        if kind == "first" and at or kind == "last" and \
                order[-1] != check[1]:
            return "the order is %r, expected %s %s" % (order, check[1], kind)
        if kind in ("before", "after"):
            if check[2] not in order:
                return "%s did not run" % check[2]
            other = order.index(check[2])
            if (at < other) != (kind == "before"):
                return "the order is %r, expected %s %s %s" % (
                    order, check[1], kind, check[2])
        return None

    case.compare = compare
    if any(c[0] == "output" for c in checks) and \
            not all(writer.sets.values()):
        notes.add("what jq works out")
    if notes:
        case.note = "not compared: %s" % "; ".join(sorted(notes))
    return case
