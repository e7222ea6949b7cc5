#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Prometheus Alertmanager, the real one, posts to a hook."""
import datetime
import json
import os
import re
import subprocess
import sys
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import noc  # noqa: E402

RULES = """
hook "alertmanager" { auth = bearer "am", split = "alerts[*]",
  dedup = "{fingerprint}/{status}/{startsAt}", emit = "alert.{status}",
  kinds = { "alert.firing", "alert.resolved" } }
rule "fires" { on = "alert.firing", run = log "FIRING {labels.alertname} on {labels.instance}" }
rule "over" { on = "alert.resolved", run = log "RESOLVED {labels.alertname} on {labels.instance}" }
"""

CONFIG = """
global:
  resolve_timeout: 1h
route:
  receiver: noc
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: noc
    webhook_configs:
      - url: http://127.0.0.1:%d/hooks/alertmanager
        send_resolved: true
        http_config:
          authorization:
            credentials: %s
"""


class Alertmanager:
    def __init__(self, port, token):
        noc.need("prometheus-alertmanager")
        self.dir = noc.tempdir()
        self.port = noc.free_port()
        conf = noc.write(os.path.join(self.dir, "am.yml"),
                         CONFIG % (port, token))
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen(
            ["prometheus-alertmanager", "--config.file=" + conf,
             "--storage.path=" + os.path.join(self.dir, "data"),
             "--web.listen-address=127.0.0.1:%d" % self.port,
             "--cluster.listen-address="],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

        def ready():
            try:
                with urllib.request.urlopen("http://127.0.0.1:%d/-/ready"
                                            % self.port, timeout=10) as r:
                    return r.status == 200
            except OSError:
                return False
        noc.wait_for(ready, "Alertmanager", every=0.2)

    def alert(self, name, instance, ends=None):
        now = datetime.datetime.now(datetime.timezone.utc)
        alert = {"labels": {"alertname": name, "instance": instance},
                 "annotations": {"summary": name + " \u0142 \u202e"}}
        if ends is not None:
            alert["endsAt"] = (now + datetime.timedelta(
                seconds=ends)).isoformat()
        body = json.dumps([alert]).encode()
        request = urllib.request.Request(
            "http://127.0.0.1:%d/api/v2/alerts" % self.port, body,
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=noc.PATIENCE) as r:
            noc.equal(r.status, 200, "Alertmanager's answer")

    def failed(self):
        """Deliveries that did not come through."""
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % self.port,
                                    timeout=noc.PATIENCE) as r:
            return [float(line.split()[-1]) for line in
                    r.read().decode().splitlines() if re.match(
                        r"alertmanager_notification_requests_failed_total\{"
                        r'.*integration="webhook"', line)]

    def close(self):
        self.process.terminate()
        self.process.wait(noc.PATIENCE)
        self.log.close()


@noc.case("an alert fires, another joins its group, both resolve: each once")
def _():
    with noc.Daemon(rules=RULES, secrets={"am": "tok3n"}) as d:
        am = Alertmanager(d.http, "tok3n")
        try:
            am.alert("LinkDown", "sw1")
            d.wait_line(r"log fires: FIRING LinkDown on sw1")
            # The group is sent again whole: sw1 is a duplicate then.
            am.alert("LinkDown", "sw2")
            d.wait_line(r"log fires: FIRING LinkDown on sw2")
            am.alert("LinkDown", "sw1", ends=-1)
            d.wait_line(r"log over: RESOLVED LinkDown on sw1")
            am.alert("LinkDown", "sw2", ends=-1)
            d.wait_line(r"log over: RESOLVED LinkDown on sw2")
            for word in ("FIRING LinkDown on sw1", "FIRING LinkDown on sw2",
                         "RESOLVED LinkDown on sw1",
                         "RESOLVED LinkDown on sw2"):
                noc.equal(len([x for x in d.out.all if "log" in x
                               and word in x]), 1, word)
            row = d.sources()["hook/alertmanager"]
            noc.equal(row["matched"], 4, "matched")
            noc.check(row["duplicate"] >= 1, "no duplicate: %r" % row)
        finally:
            am.close()


@noc.case("a wrong token gets nothing in; a daemon that is down is retried")
def _():
    with noc.Daemon(rules=RULES, secrets={"am": "tok3n"}) as d:
        am = Alertmanager(d.http, "wrong")
        try:
            am.alert("LinkDown", "sw1")
            noc.wait_for(lambda: d.sources().get("hook/alertmanager", {})
                         .get("refused", 0) > 0, "a refusal", every=0.2)
            noc.check(not [x for x in d.out.all if "FIRING" in x], "it fired")
        finally:
            am.close()
        am = Alertmanager(d.http, "tok3n")
        try:
            d.kill()
            am.alert("LinkDown", "sw9")
            noc.wait_for(lambda: sum(am.failed()) > 0, "a try in vain",
                         every=0.2)
            d.restart()
            d.wait_line(r"log fires: FIRING LinkDown on sw9")
        finally:
            am.close()


if __name__ == "__main__":
    noc.main()
