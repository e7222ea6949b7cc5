# SPDX-License-Identifier: ISC
"""The systems around the campus VLAN service (examples/campus-vlan): what AWX
has done is what Prometheus measures."""
import re

from .awx import Awx
from .itsm import ServiceNow, Slack
from .server import Reply, route
from .sources import Nautobot, Prometheus

SECRETS = {"servicenow": "noc:snow-secret", "nautobot": "dcim-token",
           "awx": "awx-token", "slack": "xoxb-slack",
           "servicenow-hook": "hook-secret"}


class Executor(Awx):
    """Knows which template each job is of, and where the VLAN is now."""

    def __init__(self, hosts):
        super().__init__(hosts)
        self.kinds, self.sick = [], set()

    @route("POST", r"/api/v2/job_templates/(\d+)/launch/")
    def launch(self, request, template):
        self.kinds.append("deploy" if template == "7" else "rollback")
        return super().launch(request, template)

    def jobs_of(self, kind):
        return [set(job["hosts"]) for job, k in zip(self.jobs, self.kinds)
                if k == kind]

    def has(self, device):
        is_there = False
        for job, kind in zip(self.jobs, self.kinds):
            if device in job["hosts"] and job["finished"]:
                is_there = kind == "deploy"
        return is_there


class Metrics(Prometheus):
    """What a switch says: of the VLAN as the executor left it, of its ports
    that they are down when it is sick."""

    def __init__(self, executor):
        super().__init__()
        self.executor = executor

    @route("GET", "/api/v1/query")
    def query(self, request):
        found = re.fullmatch(r'(\w+)\{device="([\w-]+)"(?:, vid="842")?\}',
                             request.query["query"])
        if not found:
            raise Reply(400, {"status": "error", "errorType": "bad_data",
                              "error": "invalid parameter \"query\""})
        name, device = found.groups()
        with_it = self.executor.has(device)
        value = {"up": 1, "vlan_free": 200, "vlan_present": int(with_it),
                 "ports_down": int(with_it and
                                   device in self.executor.sick)}[name]
        return {"status": "success", "data": {
            "resultType": "vector", "result": [
                {"metric": {"__name__": name, "device": device},
                 "value": [1796040000.123, str(value)]}]}}


class Systems:
    """All of them, running; ServiceNow has one approved change."""

    def __init__(self, switches):
        self.nautobot = Nautobot(switches)
        self.names = [d["name"] for d in self.nautobot.devices]
        self.awx = Executor(self.names)
        self.prom, self.snow, self.slack = (
            Metrics(self.awx), ServiceNow(), Slack())
        self.all = [self.nautobot, self.awx, self.prom, self.snow, self.slack]
        for system in self.all:
            system.__enter__()
        self.snow.changes.append({
            "sys_id": "c" * 32, "number": "CHG0030001", "state": "-1",
            "approval": "approved", "work_notes": "", "on_hold": "false"})

    def stop(self):
        for system in self.all:
            system.__exit__(None, None, None)

    def site(self, **more):
        """rules/site.lua that names them."""
        said = {"servicenow": self.snow.url, "nautobot": self.nautobot.url,
                "awx": self.awx.url, "prometheus": self.prom.url,
                "slack": self.slack.url, "channel": "#net", **more}
        return "return { %s }\n" % ", ".join(
            '%s = "%s"' % pair for pair in said.items())
