# SPDX-License-Identifier: ISC
"""Amazon States Language, with the history that AWS recorded.  A state becomes
a step that gives what the history says the state gave; what follows it reads
that.

  Pass, Task, Succeed: a step; Fail: a step that fails with that error.
  Wait: a sleep.
  Choice: choose, over what the state before gave.
  Parallel: parallel, a list a branch; Map: each, Tolerated... is its need.
  Retry: of a Task its retry, of the errors that are named; of a Parallel or Map
    so many copies, each behind the failure of the one before.
  Catch: choose behind the failure, by the name of the error.
What a state makes of its data (JSONPath, JSONata, intrinsics) is not compared:
its recorded output is taken.  A case whose outcome is the data language's own
error is not shared.
"""
import copy
import json
import re

from . import model
from .model import Case, NotShared, lua

ROUNDS = 4  # of a cycle that is written out; further ones fail
SCHEDULED = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
FAILED = ("TaskFailed", "LambdaFunctionFailed", "TaskTimedOut",
          "LambdaFunctionTimedOut", "TaskSubmitFailed", "TaskStartFailed",
          "LambdaFunctionScheduleFailed", "LambdaFunctionStartFailed",
          "ActivityFailed", "ActivityTimedOut")
DATA = ("States.Runtime", "States.QueryEvaluationError",
        "States.ParameterPathFailure", "States.ResultPathMatchFailure",
        "States.IntrinsicFailure", "States.DataLimitExceeded",
        "States.ItemReaderFailed", "States.NoChoiceMatched",
        "States.BranchFailed_")


def json5(text):
    """The JSON5 that definitions use: comments, commas before a bracket."""
    out, at = [], 0
    token = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.S)
    for m in token.finditer(text):
        out.append(text[at:m.start()])
        out.append(m[0] if m[0].startswith('"') else " ")
        at = m.end()
    out.append(text[at:])
    whole = re.sub(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])',
                   lambda m: m[1] or "", "".join(out))
    return json.loads(whole)


def clean(value):
    """A text that holds JSON is what it holds."""
    if isinstance(value, str) and value[:1] in "[{\"" and value:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def keyed(value):
    """Lists with an id an entry: an item is told by it, and null is one."""
    if isinstance(value, list):
        return [{"id": i, "value": keyed(v)} for i, v in enumerate(value)]
    if isinstance(value, dict):
        return {k: keyed(v) for k, v in value.items()}
    return value


class History:
    def __init__(self, entry):
        self.events = entry["history"]
        self.entered, self.outputs, self.inputs = [], {}, {}
        self.calls = {}   # state -> list of "ok" or an error's name
        self.error = None
        name = None
        for event in self.events:
            kind = event["type"]
            if kind.endswith("StateEntered"):
                name = event["name"]
                self.entered.append((kind[:-len("StateEntered")], name))
                self.inputs.setdefault(name, clean(event.get("input")))
            elif kind.endswith("StateExited"):
                self.outputs.setdefault(event["name"], []).append(
                    clean(event.get("output")))
            elif kind in SCHEDULED:
                self.calls.setdefault(name, []).append("ok")
            elif kind in FAILED:
                said = self.calls.setdefault(name, [])
                if kind in ("LambdaFunctionScheduleFailed",
                            "TaskSubmitFailed") and not said:
                    said.append("ok")
                if said:
                    said[-1] = event.get("error") or "States.Timeout"
                else:
                    said.append(event.get("error") or "States.TaskFailed")
            elif kind == "EvaluationFailed" or \
                    event.get("error") in DATA and kind != "ExecutionFailed":
                raise NotShared("an error of its data language: %s"
                                % event.get("error"))
            elif kind in ("ExecutionFailed", "ExecutionTimedOut",
                          "ExecutionAborted"):
                self.error = event.get("error") or ""
        if self.error in DATA:
            raise NotShared("an error of its data language: %s" % self.error)


class Writer:
    def __init__(self, entry):
        self.definition = json5(entry["definition_json5"])
        self.history = History(entry)
        self.names, self.answers = {}, {}
        self.state_of = {}      # step -> state
        self.inside = set()     # states in a Parallel or Map
        self.seen = {}
        self.variables = {}     # JSONata's, as paths of ours

    def name(self, text):
        base = re.sub(r"[^A-Za-z0-9_]", "_", text) or "_"
        self.names[base] = self.names.get(base, 0) + 1
        made = base if self.names[base] == 1 else \
            "%s__%d" % (base, self.names[base])
        return made

    # ---- a list of steps ----

    def line(self, states, start, data, way=(), item=None):
        """The steps from a state on, as Lua texts; data: the path of what the
        state before gave."""
        if start not in states:
            raise NotShared("the state %s is not defined" % start)
        if way.count(start) >= ROUNDS:
            return [self.too_far(start)]
        state, way = states[start], way + (start,)
        kind = state.get("Type")
        if item is not None:
            self.inside.add(start)
        write = getattr(self, "write_" + str(kind).lower(), None)
        if not write:
            raise NotShared("the state type %s" % kind)
        return write(states, start, state, data, way, item)

    def too_far(self, start):
        """A round more than is written out: whoever comes here fails."""
        name = self.name("too_far_" + start)
        self.answers[name] = [self.failure("rounds", "permanent")]
        return model.step(name, reads=True)

    def rest(self, states, state, data, way, item):
        following = state.get("Next")
        if not following:
            return []
        return self.line(states, following, data, way, item)

    def label(self, name, item):
        return name if item is None else "%s[%s]" % (name, item)

    def leaf(self, start, state, item):
        name = self.name(start)
        self.state_of[name] = start
        return name, model.step(
            name, target=re.sub(r"[^A-Za-z0-9_]", "_", start), label=self.label(name, item),
            retry=self.retry(state), reads=True,
            timeout="%ds" % state["TimeoutSeconds"]
            if isinstance(state.get("TimeoutSeconds"), int) else "300s")

    def write_pass(self, states, start, state, data, way, item):
        name, text = self.leaf(start, state, item)
        self.answer(start, [{"out": self.output(start)}])
        self.assign(state, name, data)
        return [text] + self.rest(states, state, "steps.%s.out" % name, way,
                                  item)

    write_succeed = write_pass

    def assign(self, state, name, data):
        """Variables that name a place of what it got or gave."""
        for key, value in (state.get("Assign") or {}).items():
            self.variables.pop(key, None)
            m = re.fullmatch(r"\{%\s*\$states\.(input|result)((?:\.\w+)+)"
                             r"\s*%\}", str(value))
            if m:
                self.variables[key] = (
                    data if m[1] == "input" else "steps.%s.out" % name) + m[2]

    def write_fail(self, states, start, state, data, way, item):
        del states, data, way
        code = state.get("Error")
        if code is None and ("ErrorPath" in state):
            code = self.history.error
        if isinstance(code, str) and code.startswith("{%"):
            code = self.history.error
        _, text = self.leaf(start, {}, item)
        self.answer(start, [self.failure(code or "States.Failed",
                                         "permanent")])
        return [text]

    def write_wait(self, states, start, state, data, way, item):
        seconds = state.get("Seconds")
        if isinstance(seconds, (int, float)) and seconds >= 0 and \
                seconds == int(seconds):
            text = "%ds" % seconds
        else:
            # A time worked out from data: it is waited, however long.
            text = "1s"
        pause = "sleep %s" % lua(text)
        name, leaf = self.leaf(start, state, item)
        self.answer(start, [{"out": self.output(start)}])
        return [leaf, pause] + self.rest(
            states, state, "steps.%s.out" % name, way, item)

    def write_task(self, states, start, state, data, way, item):
        name, text = self.leaf(start, state, item)
        named = [e for r in state.get("Retry") or []
                 for e in r.get("ErrorEquals") or []]
        said, went = [], 0
        for call in self.history.calls.get(start) or ["ok"]:
            if call == "ok":
                said.append({"out": self.output(start, went)})
                went += 1
            elif call in ("States.Timeout", "States.HeartbeatTimeout"):
                said.append(self.failure(call, "timeout"))
            else:
                said.append(self.failure(
                    call, "transient" if self.caught(named, call)
                    else "permanent"))
        self.answer(start, said)
        self.assign(state, name, data)
        return [text] + self.behind(name, states, state, data, way, item,
                                    "steps.%s.out" % name)

    def write_choice(self, states, start, state, data, way, item):
        branches = []
        for rule in state.get("Choices") or []:
            branches.append("{ when = %s, %s }" % (
                self.test(rule, data),
                ", ".join(self.line(states, rule["Next"], data, way, item))))
        if state.get("Default"):
            branches.append("otherwise = { %s }" % ", ".join(
                self.line(states, state["Default"], data, way, item)))
        return ["choose %s { %s }" % (lua(self.name(start)),
                                      ", ".join(branches))]

    def write_parallel(self, states, start, state, data, way, item):
        def once():
            lists = []
            for branch in state["Branches"]:
                steps = self.line(branch["States"], branch["StartAt"], data,
                                  (), item or "branch" if item else item)
                self.inside.update(branch["States"])
                lists.append("{ %s }" % ", ".join(steps))
            return "parallel", ", ".join(lists)
        return self.container(once, states, start, state, data, way, item)

    def write_map(self, states, start, state, data, way, item):
        def once():
            body = state.get("ItemProcessor") or state.get("Iterator")
            if not body:
                raise NotShared("a Map without a processor")
            mode = (body.get("ProcessorConfig") or {}).get("Mode")
            self.inside.update(body["States"])
            place = "{one.id}" if item is None else item + "/{one.id}"
            steps = self.line(body["States"], body["StartAt"], "one.value",
                              (), place)
            options = ["over = %s" % self.items(start, state, data, mode), 'as = "one"',
                       'key = "{one.id}"', 'empty = "ok"']
            limit = state.get("MaxConcurrency")
            if limit is None and "MaxConcurrencyPath" in state:
                limit = self.at(self.history.inputs.get(start),
                                state["MaxConcurrencyPath"])
            if not isinstance(limit, int):
                limit = 0
            options.append("limit = %d" % (limit or 40))
            options += self.tolerated(start, state)
            return "each", "%s, %s" % (", ".join(options), ", ".join(steps))
        return self.container(once, states, start, state, data, way, item)

    def container(self, once, states, start, state, data, way, item):
        """It, behind its own failure as often as it is retried, and what
        follows."""
        tries = self.tries(state)
        before, parts = None, []
        for _ in range(tries):
            kind, body = once()
            name = self.name(start)
            after = ", after = { [%s] = \"failed\" }" % lua(before) \
                if before else ""
            parts.append("%s %s { %s%s }" % (kind, lua(name), body, after))
            before = name
        if tries > 1:
            whole = self.name("tries_" + start)
            parts = ["parallel %s { %s }" % (lua(whole), ", ".join(parts))]
        else:
            whole = before
        # What follows does not look at what a container gave.
        return parts + self.behind(whole, states, state, data, way, item, None)

    def tries(self, state):
        """How often it is done in all: until no retrier wants it again."""
        error = self.inner_error(state)
        total = 1
        for retrier in state.get("Retry") or []:
            if self.caught(retrier.get("ErrorEquals") or [], error):
                total += int(retrier.get("MaxAttempts", 3))
                break
        return total

    def inner_error(self, state):
        """The name with which its states fail: a Fail's, or what is
        recorded."""
        text = json.dumps(state)
        m = re.search(r'"Type": "Fail", "Error": "([^"]+)"', text) or \
            re.search(r'"Error": "([^"]+)"', text)
        return m[1] if m else self.history.error or ""

    # ---- what follows ----

    def behind(self, name, states, state, data, way, item, given):
        out = []
        catch = state.get("Catch") or []
        if catch:
            # The name of the error is what the stand-in said.
            out.append(self.catch(name, states, catch, way, item, data))
        following = self.rest(states, state, given or data, way, item)
        if following and catch:
            # Beside the handlers: the first of it waits for the state.
            following = ["parallel %s { { %s }, after = { [%s] = \"ok\" } }"
                         % (lua(self.name("then_" + name)),
                            ", ".join(following), lua(name))]
        return out + following

    def catch(self, name, states, catch, way, item, data):
        """By the name of the error, when it has come."""
        branches = []
        for catcher in catch:
            named = catcher.get("ErrorEquals") or []
            if not named:
                raise NotShared("the names of its catcher were filled in by "
                                "the test, and are not recorded")
            test = self.error_test(named)
            if states[way[-1]]["Type"] == "Map" and self.caught(
                    named, self.inner_error(states[way[-1]])):
                # Of an each it is not the name of an item's error.
                test = '["error.code"] = any { "items", %s }' % ", ".join(
                    map(lua, named))
            branches.append("{ when = { %s }, %s }" % (
                test,
                ", ".join(self.line(states, catcher["Next"], data, way,
                                    item))))
        again = self.name("uncaught_" + name)
        self.answers[again] = [self.failure("uncaught", "permanent")]
        branches.append("otherwise = { %s }" % model.step(again, reads=True))
        return "choose %s { after = { [%s] = \"failed\" }, %s }" % (
            lua(self.name("catch_" + name)), lua(name), ", ".join(branches))

    @staticmethod
    def error_test(named):
        if "States.ALL" in named:
            return '["error.class"] = exists'
        if "States.TaskFailed" in named:
            return '["error.code"] = isnt("States.Timeout")'
        return '["error.code"] = any { %s }' % ", ".join(map(lua, named))

    @staticmethod
    def caught(named, error):
        for one in named:
            if one == error or one == "States.ALL":
                return True
            if one == "States.TaskFailed" and error and \
                    error not in ("States.Timeout",):
                return True
        return False

    def retry(self, state):
        retriers = state.get("Retry") or []
        if state.get("Type") != "Task" or not retriers:
            return {"attempts": 1}
        retrier = retriers[0]
        calls = self.history.calls.get(self.current(state)) or []
        for one in retriers:
            if any(self.caught(one.get("ErrorEquals") or [], c)
                   for c in calls if c != "ok"):
                retrier = one
                break
        out = {"attempts": int(retrier.get("MaxAttempts", 3)) + 1,
               "initial": "%ds" % retrier.get("IntervalSeconds", 1),
               "factor": retrier.get("BackoffRate", 2.0),
               "jitter": retrier.get("JitterStrategy") == "FULL"}
        if retrier.get("MaxDelaySeconds"):
            out["max"] = "%ds" % retrier["MaxDelaySeconds"]
        return out

    def current(self, state):
        for name in self.history.calls:
            if self.find(name) is state:
                return name
        return None

    def find(self, name, states=None):
        states = self.definition["States"] if states is None else states
        for key, state in states.items():
            if key == name:
                return state
            for body in state.get("Branches") or [] + [
                    b for b in (state.get("ItemProcessor"),
                                state.get("Iterator")) if b]:
                have = self.find(name, body.get("States") or {})
                if have is not None:
                    return have
        return None

    # ---- data ----

    def output(self, start, turn=0):
        said = self.history.outputs.get(start)
        return keyed(copy.deepcopy(said[min(turn, len(said) - 1)])) \
            if said else None

    def answer(self, start, said):
        """In turn, however many steps and items ask."""
        have = self.answers.setdefault(re.sub(r"[^A-Za-z0-9_]", "_", start), [])
        if have:
            return
        have.extend(said)
        if len(said) == 1 and "error" not in said[0]:
            for more in (self.history.outputs.get(start) or [])[1:]:
                have.append({"out": keyed(copy.deepcopy(more))})

    @staticmethod
    def failure(code, kind):
        return {"error": kind, "code": str(code), "message": str(code)}

    @staticmethod
    def at(value, path):
        """$.a.b of a recorded value; None: there is no such."""
        for part in re.findall(r"[A-Za-z_][A-Za-z_0-9]*|\d+", path or ""):
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and part.isdigit() and \
                    int(part) < len(value):
                value = value[int(part)]
            else:
                return None
        return value

    def items(self, start, state, data, mode):
        """What the Map goes over: the path of it in what came before, or what
        is recorded of it."""
        del mode
        if "ItemReader" in state:
            said = self.history.outputs.get(start)
            have = said[0] if said and isinstance(said[0], list) else None
            if have is None:
                raise NotShared("items that a reader fetched are not recorded")
            return lua([{"id": i} for i in range(len(have))])
        path = state.get("ItemsPath") or state.get("InputPath") or "$"
        if state.get("InputPath") and state.get("ItemsPath"):
            path = state["InputPath"] + state["ItemsPath"][1:]
        plain = re.fullmatch(r"\$((?:\.[A-Za-z_][A-Za-z_0-9]*)*)", path)
        if plain and "Items" not in state and isinstance(
                self.at(self.history.inputs.get(start), path), list) and data:
            return lua("{%s%s}" % (data, plain[1]))
        length = [e.get("length") for e in self.history.events
                  if e["type"] == "MapStateStarted"]
        if not length:
            raise NotShared("the items are not recorded")
        return lua([{"id": i} for i in range(length[0])])

    def tolerated(self, start, state):
        given = self.history.inputs.get(start)
        count = state.get("ToleratedFailureCount")
        share = state.get("ToleratedFailurePercentage")
        if "ToleratedFailureCountPath" in state:
            count = self.at(given, state["ToleratedFailureCountPath"])
        if "ToleratedFailurePercentagePath" in state:
            share = self.at(given, state["ToleratedFailurePercentagePath"])
        if isinstance(share, (int, float)) and 0 < share <= 100:
            return ["need = %s" % lua("%d%%" % (100 - int(share)))] \
                if share < 100 else ['need = "any"']
        if isinstance(count, int) and count > 0:
            length = next((e.get("length") for e in self.history.events
                           if e["type"] == "MapStateStarted"), 0)
            return ["need = %d" % max(length - count, 0)] \
                if length > count else ['need = "any"']
        return []

    def test(self, rule, data):
        if "Condition" in rule:
            m = re.fullmatch(r"\{%\s*\$states\.input\.([\w.]+)\s*%\}",
                             rule["Condition"])
            if m and data:
                return "{ [%s] = true }" % lua("%s.%s" % (data, m[1]))
            m = re.fullmatch(
                r"\{%\s*\$(?:states\.input\.([\w.]+)|(\w+))\s*"
                r"(=|!=|<=|>=|<|>)\s*('[^']*'|\"[^\"]*\"|-?[\d.]+|true|false)"
                r"\s*%\}", rule["Condition"])
            path = m and (data and m[1] and "%s.%s" % (data, m[1]) or
                          self.variables.get(m[2]))
            if path:
                op = {"=": "%s", "!=": "isnt(%s)", "<": "lt(%s)",
                      ">": "gt(%s)", "<=": "le(%s)", ">=": "ge(%s)"}[m[3]]
                return "{ [%s] = %s }" % (
                    lua(path), op % lua(json.loads(m[4].replace("'", '"'))))
            raise NotShared("the JSONata condition %s" % rule["Condition"])
        for key, join in (("And", "both"), ("Or", "either")):
            if key in rule:
                return "{ %s { %s } }" % (join, ", ".join(
                    self.test(r, data) for r in rule[key]))
        if "Not" in rule:
            return "{ neither { %s } }" % self.test(rule["Not"], data)
        m = re.fullmatch(r"\$\.([\w.]+)", rule.get("Variable", ""))
        if not m or not data:
            raise NotShared("the choice %s" % json.dumps(rule)[:80])
        path = "%s.%s" % (data, m[1])
        for key, value in rule.items():
            if key in ("StringEquals", "NumericEquals", "BooleanEquals"):
                return "{ [%s] = %s }" % (lua(path), lua(value))
            for word, op in (("GreaterThanEquals", "ge"), ("GreaterThan", "gt"),
                             ("LessThanEquals", "le"), ("LessThan", "lt")):
                if key == "Numeric" + word:
                    return "{ [%s] = %s(%s) }" % (lua(path), op, lua(value))
            if key == "IsPresent":
                return "{ [%s] = %s }" % (lua(path), "exists" if value
                                          else "absent")
        raise NotShared("the choice %s" % json.dumps(rule)[:80])


def translate(entry):
    if entry.get("final") not in ("ExecutionSucceeded", "ExecutionFailed",
                                  "ExecutionTimedOut"):
        raise NotShared("the recording has no end (%s)" % entry.get("final"))
    if "waitForTaskToken" in entry["definition_json5"]:
        raise NotShared("a task that waits for its token: wait_for is of the "
                        "second half")
    writer = Writer(entry)
    entered = writer.history.entered
    if entered and entered[0][1] != writer.definition["StartAt"]:
        raise NotShared("the recording is of another definition, that begins "
                        "with %s" % entered[0][1])
    steps = writer.line(writer.definition["States"],
                        writer.definition["StartAt"], "input.data")
    history = writer.history
    given = {"data": keyed(copy.deepcopy(clean(
        history.events[0].get("input"))))}
    if given["data"] is None:
        given = {}
    leaves = ("Pass", "Task", "Wait", "Succeed", "Fail")
    top = [name for kind, name in history.entered
           if kind in leaves and name not in writer.inside]
    inner = sorted(name for kind, name in history.entered
                   if kind in leaves and name in writer.inside)
    recorded = any(e["type"] in ("MapIterationStarted",
                                 "ParallelStateStarted")
                   for e in history.events)
    answers = dict(writer.answers)
    # Of a Map whose iterations are not in the history: how many there were.
    lengths = {} if recorded else {
        name: len(history.outputs[name][0]) for kind, name in history.entered
        if kind == "Map" and isinstance(
            (history.outputs.get(name) or [None])[0], list)}

    def state_of(label):
        return writer.state_of.get(re.sub(r"\[.*\]$", "", label))

    def compare(ran):
        began = [state_of(label) for _, label in ran.began]
        got = [s for s in began if s and s not in writer.inside]
        if got != top:
            return "the states were %r, expected %r" % (got, top)
        got = sorted(s for s in began if s in writer.inside)
        if recorded and got != inner:
            return "inside were %r, expected %r" % (got, inner)
        for state, length in lengths.items():
            items = {re.search(r"\[(.*)\]$", label)[1]
                     for _, label in ran.began if label.endswith("]")}
            if len(items) != length:
                return "%s had %d items, expected %d" % (
                    state, len(items), length)
        for state, calls in history.calls.items():
            label = re.sub(r"[^A-Za-z0-9_]", "_", state)
            tries = ran.tries.get(label, 0)
            if state not in writer.inside and len(calls) > 1 and \
                    history.entered.count(("Task", state)) == 1 and \
                    tries != len(calls):
                return "%s was called %d times, expected %d" % (
                    state, tries, len(calls))
        if history.error and history.error not in ran.codes and \
                history.calls.get(top[-1] if top else None):
            return "the errors are %r, expected %r" % (ran.codes,
                                                       history.error)
        return None

    return Case(entry["id"], ",\n  ".join(steps), answers,
                "Succeeded" if entry["final"] == "ExecutionSucceeded"
                else "Failed", compare, given)
