# SPDX-License-Identifier: ISC
"""What measures share: figures and their table, the programs beside, the
daemon, and what the machine says of a process.  run.py runs them."""
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(
    os.environ.get("NOC_SRCDIR") or os.path.join(os.path.dirname(
        os.path.abspath(__file__)), ".."), "tests", "flow"))
import noc  # noqa: E402

PROGRAMS = None     # where they are
ROUNDS = 5
RESULTS = []
MEASURES = {}
CPUS = sorted(os.sched_getaffinity(0))


def measure(function):
    MEASURES[function.__name__] = function
    return function


def rounds():
    return range(ROUNDS)


def say(text):
    print("# " + text, file=sys.stderr, flush=True)


# ---- figures ----

def shown(value, unit):
    if value is None:
        return "-"
    for limit, text in ((1e6, "M"), (1e3, "k")):
        if unit == "1/s" and value >= limit:
            return "%.3g %s/s" % (value / limit, text)
    return "%.4g %s" % (value, unit)


def figure(name, ours, bare=None, unit="", floor=None, goal=None, of="ours",
           more=None, note=""):
    """One row.  ours and bare are lists, one value a round.  floor and goal
    are limits of `of`: "ours", or "ratio" (ours / bare, round by round);
    negative ones are upper limits."""
    value = statistics.median(ours)
    row = {"name": name, "unit": unit, "ours": value, "rounds": ours,
           "note": note}
    if bare:
        row["bare"] = statistics.median(bare)
        row["bare_rounds"] = bare
        row["ratio"] = statistics.median(
            o / b for o, b in zip(ours, bare))
    judged = row.get("ratio") if of == "ratio" else value
    for kind, limit in (("floor", floor), ("goal", goal)):
        if limit is not None:
            row[kind] = abs(limit)
            row[kind + "_of"] = of
            row[kind + "_met"] = (judged <= -limit if limit < 0
                                  else judged >= limit)
            row["at_most"] = limit < 0
    row.update(more or {})
    RESULTS.append(row)
    say("%s: %s, bare %s%s" % (name, shown(value, unit),
                               shown(row.get("bare"), unit),
                               ", ratio %.3g" % row["ratio"] if bare else ""))


def judged(row, kind):
    if kind not in row:
        return "-"
    sign = "<=" if row["at_most"] else ">="
    limit = ("%g x" % row[kind] if row[kind + "_of"] == "ratio"
             else shown(row[kind], row["unit"]))
    return "%s %s %s" % (sign, limit, "met" if row[kind + "_met"] else "MISSED")


def table():
    rows = [("what", "measured", "bare", "ratio", "floor", "goal")]
    for r in RESULTS:
        rows.append((r["name"], shown(r["ours"], r["unit"]),
                     shown(r.get("bare"), r["unit"]),
                     "%.3g" % r["ratio"] if "ratio" in r else "-",
                     judged(r, "floor"), judged(r, "goal")))
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(r, widths)) + " |"
             for r in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


# ---- programs ----

def program(name, *args, stdin=None, timeout=300, cpu=None):
    """Runs one of ours; the JSON lines it prints."""
    command = [os.path.join(PROGRAMS, name)] + [str(a) for a in args]
    done = subprocess.run(
        command, input=stdin, stdout=subprocess.PIPE, timeout=timeout,
        check=True, preexec_fn=cpu and (lambda: pin(0, cpu)))
    return [json.loads(line) for line in done.stdout.splitlines()]


def pin(pid, which):
    """which: "sender" gets the first processor, "receiver" the last."""
    if len(CPUS) > 1:
        for task in os.listdir("/proc/%s/task" % (pid or "self")):
            os.sched_setaffinity(
                int(task), {CPUS[0] if which == "sender" else CPUS[-1]})


def cpu_seconds(pid):
    """All threads of a process, in ns resolution."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task),
                  encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total / 1e9


def fresh_dir():
    path = tempfile.mkdtemp(prefix="noc-bench-")
    return path


class Daemon(noc.Daemon):
    """Its output goes to files: nobody here has to read it as it comes."""

    def start(self, ready=True):
        with open(os.path.join(self.dir, "out"), "ab") as out, \
                open(os.path.join(self.dir, "err"), "ab") as err:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=out,
                stderr=err, cwd=self.dir)
        noc._daemons.append(self)
        if ready:
            noc.wait_for(self.listens, "the daemon to listen")
            time.sleep(0.3)
        return self

    def listens(self):
        if self.process.poll() is not None:
            self.show()
            raise noc.Failure("the daemon ended at once")
        return listens(self.http)

    def wait(self):
        return self.process.wait(noc.PATIENCE)

    def show(self):
        for name in ("out", "err"):
            with open(os.path.join(self.dir, name), errors="replace",
                      encoding="utf-8") as f:
                for line in f.readlines()[-10:]:
                    say(line.rstrip())

    def close(self):
        super().close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def metrics(self):
        values = {}
        for line in self.get("/metrics").text.splitlines():
            if line and line[0] != "#":
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values


def listens(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def rules(n, more=""):
    """As match_bench makes them: a third by tag, a third by words of the
    message, a third by program; none matches its messages."""
    text = []
    for i in range(n):
        where = ('["syslog.tag"] = "%%FAC%d-3-EVENT"' % i,
                 '["syslog.message"] = re [=[module %d (failed|lost) in slot '
                 r'\d+]=]' % (i * 7919),
                 '["syslog.app"] = "daemon%d", ["syslog.message"] = contains '
                 '"error %d"' % (i, i))[i % 3]
        text.append('rule "r%d" { on = "syslog", where = {%s}, run = log "x" }'
                    % (i, where))
    return "\n".join(text) + "\n" + more


def quiet():
    return {"log.level": "warn"}


# ---- size and start ----

def status_mib(pid, name):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
    return 0


def started(d):
    """ms from exec until the last port, HTTP, is open."""
    began = time.monotonic()
    d.start(ready=False)
    while not listens(d.http):
        noc.check(d.process.poll() is None, "the daemon ended at once")
        noc.check(time.monotonic() - began < 20, "it never listened")
        time.sleep(0.0005)
    return (time.monotonic() - began) * 1e3


def machine():
    model = ""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    return {"cpus": len(CPUS), "model": model,
            "kernel": platform.release(), "load": os.getloadavg()[0]}
