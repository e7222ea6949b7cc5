#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""nocturne demo: its transcript, real and simulated; what it leaves behind
(nothing), also when it is stopped or killed."""
import glob
import json
import os
import re
import signal
import subprocess
import time

import noc

HEAD_REAL = r"\[real: snmpd in netns noc-demo, eth7–eth8\]"
HEAD_SIMULATED = (r"\[simulated: an agent inside nocturne, eth7–eth8; "
                  r"why: .+\]")
BODY = [
    r"\+0\.0 eth7 shut        \+\d+\.\d trap linkDown if=7 → link\.down "
    r"demo1/eth7 \(ifName asked: (<1|\d+) ms\)        \+\d+\.\d "
    r"heal-link-down holds 2s",
    r"\+\d+\.\d durable → SET ifAdminStatus\.7=up → ok (<1|\d+) ms        "
    r"\+\d+\.\d verify up, stable 2s → Succeeded run [0-9a-f]{8}…",
    r"2nd: shut \+ operator's config message → left alone: unless "
    r"seen\(config\.change \d+m?s ago, not authenticated\)",
    r"3rd: agent silent → 3 attempts, breaker OPEN demo1, notify noc, oncall; "
    r"acknowledged",
    r"audit verify: \d+ records OK; one byte flipped in a copy → TAMPERED at "
    r"seq \d+",
]


def namespaces():
    r = subprocess.run(["ip", "netns", "list"], text=True, check=False,
                       stdout=subprocess.PIPE)
    return [line.split()[0] for line in r.stdout.splitlines() if line.strip()]


def need_real():
    if os.geteuid() != 0:
        raise noc.Skip("not root")
    noc.need("ip", "snmpd")


def left(tmp):
    return glob.glob(os.path.join(tmp, "nocturne-demo-*"))


def tidy(tmp, real):
    """Nothing of it is left: directory, namespace, interface, processes."""
    noc.equal(left(tmp), [], "directories left behind")
    if real:
        noc.check("noc-demo" not in namespaces(), "the namespace is left")
        noc.check(not os.path.exists("/sys/class/net/noc-demo0"),
                  "the interface is left")
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as f:
                noc.check(tmp.encode() not in f.read(),
                          lambda: "%s is left" % path)
        except OSError:
            pass


def transcript(head, *args):
    tmp = noc.tempdir()
    began = time.monotonic()
    r = noc.nocturne("demo", *args, env={"TMPDIR": tmp})
    took = time.monotonic() - began
    noc.equal(r.returncode, 0, "exit status (%s)" % r.stderr)
    lines = r.stdout.splitlines()
    noc.equal(len(lines), 1 + len(BODY), "number of lines")
    for line, pattern in zip(lines, [head] + BODY):
        noc.check(re.fullmatch(pattern, line),
                  "the line %r does not match /%s/" % (line, pattern))
    times = [float(t) for t in re.findall(r"\+(\d+\.\d) ", "\n".join(lines))]
    noc.equal(times, sorted(times), "the times of the first act")
    # The hold is two seconds, and the SET follows at most one later.
    noc.check(1.9 <= times[3] - times[2], "hold to SET: %r" % (times,))
    print("# %s: %.1f s" % (lines[0], took))
    tidy(tmp, head == HEAD_REAL)
    if times[3] - times[2] > 3.1 or took > 40:
        raise noc.Late("hold to SET: %r; %.1f s in all" % (times, took))


@noc.case("simulated: the transcript, in time, and nothing left behind")
def _():
    transcript(HEAD_SIMULATED, "--simulated")


@noc.case("real: the transcript, in time, and nothing left behind")
def _():
    need_real()
    transcript(HEAD_REAL)


@noc.case("-o json tells the same; --keep keeps a journal that verifies")
def _():
    tmp = noc.tempdir()
    r = noc.nocturne("demo", "--simulated", "--keep", "-o", "json",
                     env={"TMPDIR": tmp})
    noc.equal(r.returncode, 0, "exit status (%s)" % r.stderr)
    told = json.loads(r.stdout)
    noc.equal((told["ok"], told["real"], told["why"]),
              (True, False, "--simulated"), "ok, real, why")
    for line, pattern in zip(told["story"], BODY):
        noc.check(re.fullmatch(pattern, line), repr(line))
    state = re.search(r"--state (\S+)\)", r.stderr).group(1)
    verify = noc.nocturne("audit", "verify", "--state", state)
    noc.equal(verify.returncode, 0, "audit verify (%s)" % verify.stderr)
    noc.check(str(told["records"]) in verify.stdout + verify.stderr,
              "%d records, but: %s" % (told["records"], verify.stdout))


@noc.case("without root it is simulated and says why")
def _():
    if os.geteuid() != 0:
        raise noc.Skip("not root already")
    noc.need("setpriv")
    tmp = noc.tempdir()
    os.chmod(tmp, 0o777)
    try:
        r = subprocess.run(
            ["setpriv", "--reuid=65534", "--clear-groups", noc.NOCTURNE,
             "demo"], text=True, timeout=noc.PATIENCE, cwd="/", check=False,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(os.environ, TMPDIR=tmp))
    except PermissionError:
        raise noc.Skip("others may not run it from there") from None
    if "ermission denied" in r.stderr and not r.stdout:
        raise noc.Skip("others may not run it from there")
    noc.equal(r.returncode, 0, "exit status (%s)" % r.stderr)
    noc.check(r.stdout.startswith("[simulated: ") and
              "why: not root]" in r.stdout.splitlines()[0], r.stdout)


def start(tmp, *args):
    return subprocess.Popen(
        [noc.NOCTURNE, "demo", *args], stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=dict(os.environ, TMPDIR=tmp))


def stopped(number, when, *args):
    tmp = noc.tempdir()
    p = start(tmp, *args)
    try:
        p.stdout.readline()
        time.sleep(when)
        p.send_signal(number)
        out, err = p.communicate(timeout=noc.PATIENCE)
    finally:
        p.kill()
        p.wait()
    noc.equal(p.returncode, 128 + number, "exit status (%s)" % err)
    noc.check("Stopped by" in err, err)
    noc.check("audit verify" not in out, "it went on to its end")
    tidy(tmp, not args)


@noc.case("^C and SIGTERM end it at once and leave nothing (simulated)")
def _():
    stopped(signal.SIGINT, 0.0, "--simulated")
    stopped(signal.SIGTERM, 2.5, "--simulated")


@noc.case("^C and SIGTERM end it at once and leave nothing (real)")
def _():
    need_real()
    stopped(signal.SIGINT, 0.0)
    stopped(signal.SIGINT, 3.0)
    stopped(signal.SIGTERM, 6.0)


@noc.case("what a killed one left is removed by the next; two at once are "
          "refused")
def _():
    need_real()
    tmp = noc.tempdir()
    first = start(tmp)
    try:
        first.stdout.readline()
        noc.check("noc-demo" in namespaces(), "it has no namespace")
        second = noc.nocturne("demo", env={"TMPDIR": tmp})
        noc.equal(second.returncode, 5, "exit status of the second")
        noc.check("Another demo (pid %d) has" % first.pid in second.stderr,
                  second.stderr)
        while first.poll() is None and not glob.glob(
                os.path.join(tmp, "nocturne-demo-*", "snmpd.conf")):
            time.sleep(0.05)
    finally:
        first.kill()
        first.communicate()
    # Its daemon and agent die with it; its namespace cannot.
    noc.check("noc-demo" in namespaces(), "kill -9 cleaned up by itself?")
    noc.equal(len(left(tmp)), 1, "the directory that is left")
    kept = os.path.join(tmp, "nocturne-demo-kept")
    os.mkdir(kept, 0o700)
    third = start(tmp)
    try:
        noc.check(re.match(HEAD_REAL, third.stdout.readline()),
                  "the next one is not real")
        third.send_signal(signal.SIGINT)
        third.communicate(timeout=noc.PATIENCE)
    finally:
        third.kill()
        third.wait()
    noc.check("noc-demo" not in namespaces(), "the namespace is left")
    noc.equal(left(tmp), [kept], "directories")


@noc.case("misuse is told")
def _():
    noc.equal(noc.nocturne("demo", "now").returncode, 2, "an argument")
    noc.equal(noc.nocturne("demo", "-o", "xml").returncode, 2, "-o xml")
    r = noc.nocturne("demo", "--simulatd")
    noc.check("did you mean --simulated" in r.stderr, r.stderr)


noc.main()
