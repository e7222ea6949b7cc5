# SPDX-License-Identifier: ISC
"""Orquesta (StackStorm): tasks with transitions.  A task becomes a step, a
transition an edge: succeeded() is ok, failed() is failed.

  completed(), or no condition: the task in a parallel with a step that takes
    its failure, so that the parallel always goes well; what follows waits for
    that.
  a condition on the context: `when` of what follows, and of all behind it.
  a task that several transitions reach without a join: one step each, as the
    conductor's routes; a cycle: its rounds written out, ROUNDS at most.
  join: N: waits for the end of all branches and begins when N have come; when
    some came and too few, the flow fails.
  with: an each over the list.
Their conductor takes all answers of a round before it goes on: of answers at
one time a failure comes a little earlier.
Names of the context are followed through the graph: what is known before the
run is put in, what a task gives is the path of its step's result.
"""
import itertools
import re

import yaml

from . import model
from .model import Case, NotShared, in_rounds, lua
from .yaql import (AtRunTime, Path, Test, as_test, conjunction, disjunction, has,
                   value_of)

ROUNDS = 8  # of a cycle
NODES = 1000
COMMANDS = ("noop", "continue", "fail")


class Instance:
    """A task where it stands in the graph that is written out."""

    def __init__(self, task, name, route):
        self.task, self.name, self.route = task, name, route
        self.edges = {}      # name of a step -> "ok" or "failed"
        self.test = True     # the condition of the way to it
        self.context = {}
        self.completed = False  # somebody waits for its end, whatever it is
        self.done_test = {}
        self.again = False      # its failure asks for another attempt
        self.hidden = False     # upstream does not list it


def done_of(name):
    return has("steps.%s.done" % name, "true")


def undone(name):
    return has("steps.%s.done" % name, "absent")


def some(tests, count):
    """So many of them hold."""
    out = []
    for chosen in itertools.combinations(tests, count):
        one = True
        for test in chosen:
            one = conjunction(one, test)
        out.append(one)
    return disjunction(*out)


class Definition:
    """The tasks of a workflow as they are written."""

    def __init__(self, text):
        self.whole = yaml.safe_load(text) if isinstance(text, str) else text
        self.tasks = self.whole.get("tasks") or {}
        self.inbound = {}
        for name, task in self.tasks.items():
            for number, go in enumerate((task or {}).get("next") or []):
                for target in self.targets(go):
                    self.inbound.setdefault(target, []).append((name, number))

    @staticmethod
    def targets(go):
        to = go.get("do")
        if to is None:
            return ["continue"]
        if isinstance(to, str):
            return [t.strip() for t in to.split(",") if t.strip()]
        return list(to)

    def starts(self):
        return [t for t in self.tasks if t not in self.inbound]

    def joins(self, task):
        return (self.tasks.get(task) or {}).get("join")

    def splits(self, task):
        return task in self.tasks and not self.joins(task) and \
            len(self.inbound.get(task, ())) > 1 and not self.cycles(task)

    def cycles(self, task):
        """Can it be reached from itself?"""
        seen, todo = set(), [task]
        while todo:
            for go in (self.tasks.get(todo.pop()) or {}).get("next") or []:
                for target in self.targets(go):
                    if target == task:
                        return True
                    if target not in seen:
                        seen.add(target)
                        todo.append(target)
        return False


def pairs(said):
    """publish and vars: a list of maps, a map, or "a=1 b=2"."""
    if not said:
        return []
    if isinstance(said, dict):
        return list(said.items())
    if isinstance(said, str):
        out = []
        for m in re.finditer(r'(\w+)=(<%.*?%>|"[^"]*"|\'[^\']*\'|\S+)', said):
            value = m[2]
            out.append((m[1], value[1:-1] if value[:1] in "\"'" else value))
        return out
    return [pair for entry in said
            for pair in (entry.items() if isinstance(entry, dict)
                         else [(entry, None)])]


class Writer:
    def __init__(self, case, fold, rounds=ROUNDS):
        self.case = case
        self.definition = Definition(case.get("workflow_yaml") or
                                     case.get("workflow"))
        self.given = {}
        self.fold, self.rounds = fold, rounds
        self.instances, self.order = {}, []
        self.used = {}
        self.pending = []
        self.counted = set()

    # ---- names ----

    def name(self, task):
        self.used[task] = self.used.get(task, 0) + 1
        base = re.sub(r"[^A-Za-z0-9_]", "_", task)
        return base if self.used[task] == 1 else \
            "%s__%d" % (base, self.used[task])

    def context(self):
        whole, out = self.definition.whole, {}
        given = self.case.get("inputs") or {}
        for key, value in pairs(whole.get("input")):
            value = given.get(key, value)
            if self.fold or value is None or isinstance(value, (list, dict)):
                out[key] = value
            else:
                self.given[key] = value
                out[key] = Path("input." + key)
        for key, value in pairs(whole.get("vars")):
            try:
                out[key] = value_of(value, out, {})
            except NotShared:
                out[key] = "?"
        return out

    # ---- the graph, written out ----

    def instance(self, task, route, key):
        have = self.instances.get(key)
        if have:
            return have, False
        if len(self.instances) >= NODES:
            raise AtRunTime("more than %d steps when written out" % NODES)
        made = Instance(task, self.name(task), route)
        self.instances[key] = made
        self.order.append(made)
        return made, True

    def grow(self):
        context = self.context()
        for task in self.definition.starts():
            made, _ = self.instance(task, (), (task, ()))
            made.context = dict(context)
            self.pending.append((made, ()))
        while self.pending:
            self.follow(*self.pending.pop(0))

    def follow(self, source, way):
        task = self.definition.tasks.get(source.task) or {}
        for number, go in enumerate(task.get("next") or []):
            self.transition(source, way + (source.task,), number, go)

    def calls(self, source, ok):
        return {"succeeded": lambda: ok, "failed": lambda: not ok,
                "completed": lambda: True,
                "result": lambda: Path("steps.%s.result" % source.name)
                if ok else Path("steps.%s.error" % source.name)}

    def transition(self, source, way, number, go):
        when = go.get("when")
        tests = {}
        for ok in (True, False):
            tests[ok] = True if when is None else as_test(
                value_of(when, source.context, self.calls(source, ok)))
        if tests[True] is False and tests[False] is False:
            return
        context = dict(source.context)
        for key, value in pairs(go.get("publish")):
            try:
                context[key] = value_of(
                    value, context,
                    self.calls(source, tests[True] is not False))
            except AtRunTime:
                raise
            except NotShared:
                context[key] = "?"
        for target in self.definition.targets(go):
            self.reach(source, way, number, target, tests, context)

    def reach(self, source, way, number, target, tests, context):
        route = source.route
        if target == "retry":
            if tests[True] is not False:
                raise NotShared("a retry of what went well")
            source.again = True
            return
        if target in COMMANDS:
            key = (target, source.name, number)
        elif self.definition.joins(target):
            key = (target, route, way.count(target))
        elif self.definition.splits(target):
            route = route + ((source.name, number),)
            key = (target, route)
        else:
            key = (target, route, way.count(target), source.name)
        if way.count(target) >= self.rounds:
            return  # further rounds: whoever runs them gets them wrong, loudly
        made, new = self.instance(target, route, key)
        made.context.update(context)
        self.edge(source, made, tests)
        if new and target not in COMMANDS:
            self.pending.append((made, way))

    def edge(self, source, made, tests):
        """made waits for source, under these conditions."""
        have = made.done_test.setdefault(
            source.name, {True: False, False: False, "of": source})
        have[True] = disjunction(have[True], tests[True])
        have[False] = disjunction(have[False], tests[False])

    def settle(self, made):
        """From conditions by source to edges and one `when`."""
        made.test = True
        for name, have in made.done_test.items():
            source = have["of"]
            made.test = conjunction(made.test, source.test)
            if made.task == "continue" and have[False] is not False:
                # It goes on without taking the failure.
                made.edges[name] = "always"
                if have[True] is False:
                    made.test = conjunction(made.test, undone(name))
            elif have[False] is False:
                made.edges[name] = "ok"
                made.test = conjunction(made.test, have[True])
            elif have[True] is False:
                made.edges[name] = "failed"
                made.test = conjunction(made.test, have[False])
            else:
                source.completed = True
                made.edges[name] = "completed"
                if have[True] is not True or have[False] is not True:
                    made.test = conjunction(made.test, disjunction(
                        conjunction(done_of(name), have[True]),
                        conjunction(undone(name), have[False])))

    # ---- our rules ----

    def flow(self):
        self.grow()
        for made in list(self.order):
            count = self.definition.joins(made.task)
            if isinstance(count, int) and count < len(made.done_test):
                self.settle_count(made, count)
            else:
                self.settle(made)
        straight = self.straight()
        if not straight:
            # What begins at one instant is in their conductor's order.
            self.order.sort(key=lambda made: made.task)
        parts = [self.write(made, straight) for made in self.order]
        text = ",\n  ".join(parts)
        return text if straight else "parallel {\n  %s\n}" % text

    def settle_count(self, made, count):
        """Waits for all, each with a step that says that it has come, and
        begins when so many have."""
        came = []
        for name, have in made.done_test.items():
            comes = Instance("came", self.name("came_" + name), made.route)
            comes.hidden = True
            comes.done_test = {name: have}
            self.settle(comes)
            self.order.append(comes)
            came.append(comes.name)
        here = [done_of(name) for name in came]
        missing = [undone(name) for name in came]
        made.edges = {name: "always" for name in came}
        made.test = some(here, count)
        late = Instance("fail", self.name("unreachable"), made.route)
        late.edges = dict(made.edges)
        late.test = conjunction(some(here, 1),
                                some(missing, len(came) - count + 1))
        late.hidden = True
        self.order.append(late)

    def straight(self):
        """One line, each waiting for the one before: a plain list."""
        for at, made in enumerate(self.order):
            want = {self.order[at - 1].name: "ok"} if at else {}
            if made.edges != want or made.completed:
                return False
        return True

    def write(self, made, straight):
        task = self.definition.tasks.get(made.task) or {}
        after, test, begins = {}, made.test, False
        for name, on in made.edges.items():
            source = self.by_name(name)
            if source.completed:
                after["any_" + name] = "ok"
                if on != "completed":
                    test = conjunction(
                        test, (done_of if on == "ok" else undone)(name))
            else:
                after[name] = on
        if not after and not straight and made is not self.order[0]:
            begins = True
        when = None
        if isinstance(test, Test):
            when = test.text
        elif test is False:
            when = '{ ["run.id"] = absent }'
        if straight:
            after = None
        return self.place(made, task, after, when, begins)

    def place(self, made, task, after, when, begins):
        del begins
        if not made.completed:
            return self.act(made, task, after, when)
        options = ", after = %s" % lua(after) if after else ""
        return ("parallel %s { %s, %s%s }"
                % (lua("any_" + made.name), self.act(made, task, None, when),
                   model.step("taken_" + made.name, reads=True,
                              after={made.name: "failed"}), options))

    def act(self, made, task, after, when):
        retry = None
        if task.get("retry") or made.again:
            retry = self.retry(made, task.get("retry") or {"count": 3})
        if task.get("with") is None:
            return model.step(made.name, target=self.target(made), after=after,
                              when=when, retry=retry, reads=made.hidden)
        said = task["with"]
        text = said.get("items") if isinstance(said, dict) else said
        over = value_of(re.sub(r"^[\w\s,]+ in\s+", "", text), made.context, {})
        if not isinstance(over, list):
            raise NotShared("the list %r is known at run time only" % text)
        limit = value_of(said.get("concurrency"), made.context, {}) \
            if isinstance(said, dict) else None
        if limit is not None and not isinstance(limit, int):
            raise AtRunTime("how many at a time: %r" % said["concurrency"])
        items = [{"id": i, "value": v} for i, v in enumerate(over)]
        inner = model.step("do_" + made.name,
                           target=self.target(made) + "[{one.id}]",
                           label=made.name + "[{one.id}]", retry=retry)
        options = ["over = %s" % lua(items), 'as = "one"', "limit = %d" % (limit or 100),
                   'key = "{one.id}"']
        if after:
            options.append("after = %s" % lua(after))
        if when:
            options.append("when = %s" % when)
        return "each %s { %s, %s }" % (lua(made.name), ", ".join(options),
                                       inner)

    def retry(self, made, said):
        when = said.get("when")
        if when is not None and value_of(
                when, made.context, self.calls(made, False)) is not True:
            raise NotShared("a retry on the condition %r" % when)
        count, delay = (value_of(said.get(k, 0), made.context, {})
                        for k in ("count", "delay"))
        if not isinstance(count, int):
            raise AtRunTime("how often it is retried: %r" % said.get("count"))
        return {"attempts": count + 1, "factor": 1, "jitter": False,
                "initial": "%ds" % (delay if isinstance(delay, int) and delay
                                    else 1)}

    def by_name(self, name):
        return next(m for m in self.order if m.name == name)

    # ---- what the stand-ins answer ----

    @staticmethod
    def target(made):
        """All steps of a task are answered in turn, as its executions are."""
        return re.sub(r"[^A-Za-z0-9_]", "_", made.task)

    def answers(self):
        out, turn = {}, {}
        sequence = [s.split("__")[0]
                    for s in self.case.get("expected_task_sequence") or []]
        for mock in self.case.get("mock_action_executions") or []:
            target = re.sub(r"[^A-Za-z0-9_]", "_", mock["task_id"])
            at = turn.get(target, 0)
            if mock.get("item_id") is not None:
                target = "%s[%d]" % (target, mock["item_id"])
                at = turn.get(target, 0)
            elif mock.get("seq_id") is not None:
                at = sequence[:mock["seq_id"]].count(mock["task_id"])
            turn[target] = at + 1
            have = out.setdefault(target, [])
            while len(have) <= at:
                have.append({"done": True})
            have[at] = self.answer(mock)
        for made in self.order:
            if made.task == "fail":
                out["fail"] = [{"error": "permanent", "code": "fail",
                                "message": "fail"}]
            elif self.target(made) in out:
                # Past what is said each goes well.
                have = out[self.target(made)]
                if have[-1] != {"done": True}:
                    have.append({"done": True})
            else:
                out[self.target(made)] = [{"done": True}]
            if made.task == "came":
                out[self.target(made)] = [{"done": True, "after": "0s"}]
            if made.completed:
                out["taken_" + made.name] = [{"done": True, "after": "0s"}]
        return out

    def answer(self, mock):
        status = mock.get("status", "succeeded")
        if status not in ("succeeded", "failed", "timeout", "expired",
                          "abandoned"):
            raise NotShared("a task that is %s" % status)
        if status != "succeeded":
            task = self.definition.tasks.get(mock["task_id"]) or {}
            return {"error": "transient" if task.get("retry") or
                    "retry" in str(task.get("next")) else "permanent", "code": "failed", "message": "failed",
                    "after": "990ms"}
        out = {"done": True}
        if mock.get("result") is not None:
            out["result"] = mock["result"]
        return out


def translate(entry):
    for fold, rounds in ((False, ROUNDS), (True, ROUNDS), (True, 3)):
        try:
            writer = Writer(entry, fold, rounds)
            flow = writer.flow()
            break
        except AtRunTime as why:
            last = why
    else:
        raise last
    wanted = [s.split("__")[0] for s in entry["expected_task_sequence"]]
    task_of = {made.name: made.task for made in writer.order
               if not made.hidden}

    def compare(ran):
        rounds, seen = [], set()
        for names in ran.rounds():
            one = []
            for name in names:
                task = re.sub(r"\[\d+\]$", "", name)
                if task != name and task in seen:
                    continue  # an item of one task
                seen.add(task)
                if task in task_of:
                    one.append(task_of[task])
            if one:
                rounds.append(one)
        return in_rounds(wanted, rounds)

    state = {"succeeded": "Succeeded", "failed": "Failed",
             "canceled": "Cancelled"}.get(
                 entry.get("expected_workflow_status") or "succeeded")
    if not state:
        raise NotShared("it ends %s" % entry["expected_workflow_status"])
    case = Case(entry["id"], flow, writer.answers(), state, compare,
                writer.given)
    if entry.get("expected_output"):
        case.note = "not compared: its output"
    # A rehearsal that Orquesta's own test has to see fail.
    case.refuted = bool(re.search(r"rehearsals/.*_failure\.ya?ml",
                                  str(entry.get("source"))))
    return case
