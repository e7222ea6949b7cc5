# SPDX-License-Identifier: ISC
"""An Ansible stdout callback that prints one line of JSON: how each host came
through, and what failed there.  For the connector ansible.lua."""
import json

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: nocturne_hosts
type: stdout
short_description: one JSON of all hosts
description: How each host came through, for nocturne.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "nocturne_hosts"

    def __init__(self):
        super().__init__()
        self.said = {}

    def _wrong(self, result, word):
        # What a task hides (no_log) is hidden in its message already.
        text = str(result._result.get("msg") or
                   result._result.get("stderr") or word)
        self.said[result._host.get_name()] = "%s: %s" % (
            result._task.get_name().strip(), text[:200])

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            self._wrong(result, "failed")

    def v2_runner_on_unreachable(self, result):
        self._wrong(result, "unreachable")

    def v2_playbook_on_stats(self, stats):
        hosts = []
        for name in sorted(stats.processed):
            row = stats.summarize(name)
            failed = row["failures"] > 0 or row["unreachable"] > 0
            hosts.append({"name": name, "failed": failed, "ok": row["ok"],
                          "changed": row["changed"],
                          "unreachable": row["unreachable"] > 0,
                          "message": self.said.get(name, "")
                          if failed else ""})
        bad = [h["name"] for h in hosts if h["failed"]]
        self._display.display(json.dumps(
            {"hosts": hosts, "failed": len(bad), "failed_hosts": bad,
             "ok": len(hosts) - len(bad)}))
