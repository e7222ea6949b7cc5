#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The workflow cases of other projects, run by our runner (tests/flow/foreign):
what agrees, and that a wrong expectation is found."""
import copy
import json
import os
import subprocess
import sys

import noc

FOREIGN = os.path.join(noc.SRCDIR, "tests", "flow", "foreign")
DATA = os.path.join(noc.SRCDIR, "tests", "data", "workflow")
REST = os.path.join(noc.SRCDIR, "tests", "flow", "foreign_forms", "rest.txt")


def foreign(folder):
    try:
        import yaml  # noqa: F401  pylint: disable=unused-import
    except ImportError:
        raise noc.Skip("PyYAML is not installed") from None
    return subprocess.run(
        [sys.executable, FOREIGN, folder], text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=4 * noc.PATIENCE, env=dict(os.environ, NOCTURNE=noc.NOCTURNE))


def entry(name, ident):
    with open(os.path.join(DATA, name), encoding="utf-8") as f:
        return next(e for e in json.load(f) if e["id"] == ident)


def verdict(one):
    folder = noc.tempdir()
    with open(os.path.join(folder, "one.json"), "w", encoding="utf-8") as f:
        json.dump([one], f)
    done = foreign(folder)
    return done.stdout.splitlines()[-1], done.returncode


AGREES = ("1 agree, 0 differ, 0 not shared", 0)
DIFFERS = ("0 agree, 1 differ, 0 not shared", 1)


@noc.case("all agree but those that are listed with the reason")
def _():
    done = foreign(DATA)
    with open(REST, encoding="utf-8") as f:
        listed = f.read()
    got, want = done.stdout.splitlines(), listed.splitlines()
    for line in got:
        noc.check(line in want, "not in rest.txt: " + line)
    for line in want:
        noc.check(line in got, "in rest.txt, and no more so: " + line)
    noc.check(", 0 differ, " in got[-1], got[-1])
    noc.equal(done.returncode, 0, "exit status")


@noc.case("an order that is wrong is found")
def _():
    right = entry("orquesta_cases.json",
                  "orquesta-workflow_join-test_join-1")
    noc.equal(verdict(right), AGREES, "the case as it is")
    wrong = copy.deepcopy(right)
    sequence = wrong["expected_task_sequence"]
    sequence[5], sequence[6] = sequence[6], sequence[5]  # join before branches
    noc.equal(verdict(wrong), DIFFERS, "the join begins before its branches")
    wrong = copy.deepcopy(right)
    wrong["expected_task_sequence"].append("task8")
    noc.equal(verdict(wrong), DIFFERS, "a task that never begins")
    wrong = copy.deepcopy(right)
    wrong["expected_task_sequence"].pop()
    noc.equal(verdict(wrong), DIFFERS, "a task too many")


@noc.case("an outcome that is wrong is found")
def _():
    wrong = entry("orquesta_cases.json", "orquesta-workflow_join-test_join-1")
    wrong["expected_workflow_status"] = "failed"
    noc.equal(verdict(wrong), DIFFERS, "Orquesta: failed, and it succeeds")
    wrong = entry("orquesta_cases.json", "orquesta-workflow_join-test_join-1")
    wrong["mock_action_executions"] = [{"task_id": "task3",
                                        "status": "failed"}]
    noc.equal(verdict(wrong), DIFFERS, "Orquesta: a task that fails")


PREFIX = "asl-v2-scenarios-test_base_scenarios-TestBaseScenarios-test_"


@noc.case("a recorded history that was changed is found")
def _():
    name = PREFIX + "parallel_state_catch"
    right = entry("asl_aws_recorded.json", name)
    noc.equal(verdict(right), AGREES, "the case as it is")
    wrong = copy.deepcopy(right)
    wrong["final"] = "ExecutionFailed"
    noc.equal(verdict(wrong), DIFFERS, "a failure that was caught")
    wrong = copy.deepcopy(right)
    wrong["history"] = [e for e in wrong["history"]
                        if e.get("name") != "FinalCaught"]
    noc.equal(verdict(wrong), DIFFERS, "a catcher that did not run")
    wrong = entry("asl_aws_recorded.json", PREFIX + "lambda_invoke_with_retry_"
                  "base")
    noc.equal(verdict(wrong), AGREES, "three retries")
    wrong["definition_json5"] = wrong["definition_json5"].replace(
        '"MaxAttempts": 3', '"MaxAttempts": 1')
    noc.equal(verdict(wrong), DIFFERS, "one retry, and three are recorded")


@noc.case("a scenario that says something else is found")
def _():
    right = entry("serverlessworkflow_ctk.json", "swf-set-Set-Task")
    noc.equal(verdict(right), AGREES, "the case as it is")
    wrong = copy.deepcopy(right)
    for step in wrong["steps"]:
        if "complete" in step["text"]:
            step["doc"] = step["doc"].replace("circle", "square")
    noc.equal(verdict(wrong), DIFFERS, "another output")
    wrong = copy.deepcopy(right)
    for step in wrong["steps"]:
        if "complete" in step["text"]:
            step["text"] = "the workflow should fault"
    noc.equal(verdict(wrong), DIFFERS, "a fault, and it completes")
    wrong = entry("serverlessworkflow_ctk.json",
                  "swf-switch-Switch-task-with-matching-case")
    for step in wrong["steps"]:
        step["text"] = step["text"].replace("setRed should run last",
                                            "setBlue should run last")
    noc.equal(verdict(wrong), DIFFERS, "another branch")


@noc.case("a folder without cases, and one that is not there")
def _():
    done = foreign(noc.tempdir())
    noc.equal((done.stdout, done.returncode),
              ("0 agree, 0 differ, 0 not shared\n", 1), "an empty folder")
    done = foreign("/nowhere")
    noc.check(done.returncode == 1 and "no such folder" in done.stdout,
              done.stdout)


noc.main()
