#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The daemon's life: start screen, ports, configuration, reload, stop."""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time

import noc

RULES = """
normalize "cisco-updown" { from = "syslog", tag = "%LINK-3-UPDOWN",
  pattern = [=[Interface (?<ifname>\\S+), changed state to (?<state>up|down)]=],
  emit = "link.{state}", kinds = { "link.up", "link.down" },
  map = { layer = "link" } }
rule "tell" { on = "link.down", run = log "{device} {ifname} is down" }
rule "would" { on = "link.down", hold = "60s",
  run = flow { step "raise" { exec { "true" }, timeout = "5s" } } }
"""
LINK = "%LINK-3-UPDOWN: Interface Gi1/0/1, changed state to down"


@noc.case("the start screen has the documented shape, with real values")
def _():
    with noc.Daemon(rules=RULES) as d:
        with open(os.path.join(d.state, "audit.vkey"), encoding="ascii") as f:
            vkey = f.read().strip()
        me = re.escape(os.path.realpath(noc.NOCTURNE))
        want = [
            r"nocturne 0\.1  state \./var  rules rules/ "
            r"\(2 rules: 1 live, 1 observe: would\)",
            r"inventory  none: \./inventory\.csv is read when it is there   "
            r"\(doc/getting-started\.md\)",
            r"listening  syslog 127\.0\.0\.1:%d udp\+tcp   traps 127\.0\.0\.1:"
            r"%d   http://127\.0\.0\.1:%d" % (d.udp, d.traps, d.http),
            r"audit key  %s  \(pin it off this host\)" % re.escape(vkey),
            r"try it     logger -n 127\.0\.0\.1 -P %d -d -t '%%LINK-3-UPDOWN' "
            r"'Interface Gi1/0/1, changed state to down'" % d.udp,
            r"           %s events +# what came in, which rule, why not" % me,
            r"           %s demo +# 30 s: break a link, watch it heal" % me,
            r"real gear  %s serve --listen 0\.0\.0\.0   # instead of this "
            r"one: doc/getting-started\.md" % me,
        ]
        for number, pattern in enumerate(want):
            line = d.out.all[number]
            noc.check(re.fullmatch(pattern, line),
                      "line %d is %r, not /%s/" % (number + 1, line, pattern))
        noc.equal(os.stat(os.path.join(d.state, "nocturne.db")).st_mode & 0o77,
                  0, "the database's mode for others")


@noc.case("the logger command it prints gives the event line it promises")
def _():
    noc.need("logger")
    with noc.Daemon(rules=RULES) as d:
        line = d.wait_line("^try it ")
        command = shlex.split(line.split(None, 2)[2])
        subprocess.run(command, check=True, timeout=noc.PATIENCE)
        got = d.wait_line(r"link\.down")
        host = socket.gethostname().split(".")[0]
        noc.check(re.fullmatch(
            r"\d\d:\d\d:\d\d link\.down %s\S* Gi1/0/1 \[syslog\] → .*would "
            r"have: exec.*\(observe\).*" % re.escape(host), got),
            "the event line is %r" % got)


class Copy(noc.Daemon):
    """The daemon of a copy of the program."""

    def __init__(self, program, **kw):
        super().__init__(rules=RULES, **kw)
        # The one that it offers to start for real gear needs ports as well.
        self.config = noc.write(
            os.path.join(self.dir, "it's.lua"), "return { %s }" % ", ".join(
                '["%s"] = "%s"' % item for item in self.sets.items()))
        self.sets = {}
        self.program = os.path.join(self.dir, program)
        os.makedirs(os.path.dirname(self.program), exist_ok=True)
        shutil.copy(noc.NOCTURNE, self.program)

    def command(self):
        return [self.program] + super().command()[1:]

    def pasted(self, word):
        """A hint as it stands on the screen, in a shell of its directory."""
        hint = self.wait_line(" %s .*# " % word)[11:]
        return hint, subprocess.Popen(
            ["sh", "-c", hint], cwd=self.dir, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
            env=dict(os.environ, **self.env))


def hints_work(d, program, state):
    """Each hint begins with the program's name, and does what it says."""
    d.syslog("Nov 23 02:13:07 sw9 " + LINK)
    d.wait_line("link.down sw9")
    # It is told when it is decided, and listed when it is on disk.
    noc.wait_for(lambda: "link.down" in d.cli("events").stdout, "its row")
    hint, shell = d.pasted("events")
    noc.equal(hint.split(" # ")[0].rstrip(), program + " events" + state)
    said = shell.communicate(timeout=noc.PATIENCE)[0]
    noc.equal((shell.returncode, b"link.down" in said), (0, True), said)
    hint, shell = d.pasted("demo")
    noc.check(hint.startswith(program + " demo "), hint)
    said = shell.stdout.readline()
    if b"Another demo" in said:
        raise noc.Late("somebody else's demo has the namespace")
    noc.check(re.match(rb"\[(real|simulated): ", said), said)
    os.killpg(shell.pid, signal.SIGINT)
    shell.communicate(timeout=noc.PATIENCE)
    d.stop()
    hint, shell = d.pasted("serve")
    noc.check(hint.startswith(program + " serve"), hint)
    said = noc.Lines(shell.stdout)
    said.wait(r"^listening  syslog 0\.0\.0\.0:%d " % d.udp)
    said.wait(r"rules rules/ \(2 rules")
    noc.equal(d.cli("events").returncode, 0, "its state is another's")
    os.killpg(shell.pid, signal.SIGTERM)
    shell.wait(noc.PATIENCE)


@noc.case("each hint of the start screen runs as pasted: a build below here")
def _():
    with Copy("my build/nocturne") as d:
        hints_work(d, "'my build/nocturne'", "")
    with Copy("nocturne") as d:
        hints_work(d, "./nocturne", "")


@noc.case("the same of an installed program, and of a state that is elsewhere")
def _():
    bin = noc.tempdir()
    path = {"PATH": bin + ":" + os.environ["PATH"]}
    with Copy(os.path.join(bin, "nocturne"), env=path) as d:
        hints_work(d, "nocturne", "")
    # The first of that name in PATH is another one.
    noc.write(os.path.join(bin, "nocturne"), "#!/bin/sh\n", 0o755)
    state = os.path.join(noc.tempdir(), "it's here")
    away = os.path.join(noc.tempdir(), "nocturne")
    with Copy(away, env=path, state=state) as d:
        hints_work(d, away, " --state '%s'" % state.replace("'", r"'\''"))
    with Copy("nocturne", env={"NOCTURNE_STATE": state}) as d:
        hints_work(d, "./nocturne", " --state ./var")


@noc.case("the start screen names the inventory in force")
def _():
    with noc.Daemon(inventory="name,address\nsw1,192.0.2.1\n") as d:
        d.wait_line(r"^inventory  \./inventory\.csv \(1 device\)$")
    with noc.Daemon(sets={"inventory.command": "cat,none"}) as d:
        d.wait_line(r"^inventory  what inventory\.command gives$")


@noc.case("logger over TCP and the unix socket, and relays' host names")
def _():
    noc.need("logger")
    with noc.Daemon(rules=RULES) as d:
        text = LINK.split(": ", 1)[1]
        subprocess.run(["logger", "-n", "127.0.0.1", "-P", str(d.tcp), "-T",
                        "-t", "%LINK-3-UPDOWN", text.replace("0/1", "0/2")],
                       check=True, timeout=noc.PATIENCE)
        d.wait_line(r"link\.down \S+ Gi1/0/2 \[syslog\]")
        subprocess.run(["logger", "-u", os.path.join(d.state, "syslog.sock"),
                        "-t", "%LINK-3-UPDOWN", text.replace("0/1", "0/3")],
                       check=True, timeout=noc.PATIENCE)
        d.wait_line(r"link\.down \S+ Gi1/0/3 \[syslog\]")
        d.syslog("Nov 23 02:13:07 sw9 %s" % LINK, pri=187)
        d.wait_line(r"link\.down sw9 Gi1/0/1 \[syslog\]")


@noc.case("TCP frames: octet counts, newlines, split and mixed; a bad one ends"
          " its stream only")
def _():
    with noc.Daemon(rules='rule "all" { on = "syslog", run = log "x" }') as d:
        def message(n):
            return ("<13>Nov 23 02:13:07 sw1 t: frame-%d" % n).encode()
        with socket.create_connection(("127.0.0.1", d.tcp)) as s:
            one = b"%d %s" % (len(message(1)), message(1))
            s.sendall(one[:10])
            time.sleep(0.1)
            s.sendall(one[10:] + message(2) + b"\n" + message(3) + b"\r\n")
            four = message(4)
            s.sendall(b"%d %s" % (len(four), four))
            for n in range(1, 5):
                d.wait_line("syslog sw1 frame-%d " % n)
            s.sendall(b"999999999999 x")
            noc.equal(s.recv(1), b"", "what the broken stream got")
        with socket.create_connection(("127.0.0.1", d.tcp)) as s:
            s.sendall(message(5))  # no newline: the end is the frame's end
        d.wait_line("syslog sw1 frame-5 ")


def occupied(kind):
    s = socket.socket(socket.AF_INET, kind)
    s.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        s.listen()
    return s, s.getsockname()[1]


@noc.case("a busy port names its owner and the --set that moves it")
def _():
    for option, kind in (("syslog.udp", socket.SOCK_DGRAM),
                         ("syslog.tcp", socket.SOCK_STREAM),
                         ("traps", socket.SOCK_DGRAM),
                         ("http", socket.SOCK_STREAM)):
        s, port = occupied(kind)
        d = noc.Daemon(rules=RULES, sets={option: port}).start(ready=False)
        status = d.wait()
        noc.equal(status, 5, "exit status with %s taken" % option)
        said = "\n".join(d.err.all)
        noc.check(re.search(r"port 127\.0\.0\.1:%d is taken by python\S* "
                            r"\(pid %d\).*--set %s=\d+"
                            % (port, os.getpid(), re.escape(option)), said),
                  "%s taken: it said %r" % (option, said))
        s.close()
        d.close()


@noc.case("the syslog socket of somebody who receives on it stays his")
def _():
    path = os.path.join(noc.tempdir(), "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        d = noc.Daemon(sets={"syslog.unix": path})
        d.start(ready=False)
        noc.equal(d.wait(), 1, "status")
        d.wait_log("cannot be opened: Address already in use")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.connect(path)
    with noc.Daemon(sets={"syslog.unix": path}) as d:  # left by the dead
        d.kill()
        d.restart()


@noc.case("one daemon a state directory")
def _():
    with noc.Daemon(rules=RULES) as d:
        other = noc.Daemon(rules=RULES, state=d.state).start(ready=False)
        noc.equal(other.wait(), 5, "exit status of the second")
        noc.check("in use by process %d" % d.pid in "\n".join(other.err.all),
                  lambda: "the second said %r" % other.err.all)
        noc.check(d.process.poll() is None, "the first has ended")


@noc.case("unknown options say what was meant; a file names its lines")
def _():
    r = noc.nocturne("serve", "--set", "syslgo.udp=1")
    noc.equal(r.returncode, 2, "exit status")
    noc.check("did you mean 'syslog.udp'?" in r.stderr, r.stderr)
    r = noc.nocturne("serve", "--set", "anchor=perhaps")
    noc.check("'anchor' wants true or false, not \"perhaps\"" in r.stderr,
              r.stderr)
    r = noc.nocturne("serve", "--set", "http.allow=127.0.0.0/8,loopback")
    noc.equal(r.returncode, 2, "exit status")
    noc.check("wants networks, for example 10.0.0.0/8 or ::1, not "
              '"loopback"' in r.stderr, r.stderr)
    r = noc.nocturne("serve", "--lisen", "x")
    noc.check("did you mean --listen?" in r.stderr, r.stderr)
    path = noc.write(os.path.join(noc.tempdir(), "c.lua"), """return {
  sylog = { udp = "5514" },
  traps = "off",
  ["log.level"] = "loud",
  retain = { events = 5 },
}
""")
    r = noc.nocturne("serve", "--config", path)
    noc.equal(r.returncode, 1, "exit status")
    for want in (r"c\.lua:2: unknown option 'sylog.udp'; did you mean "
                 r"'syslog.udp'", r"c\.lua:4: .*log\.level",
                 r"c\.lua:5: .*retain\.events.* wants duration"):
        noc.check(re.search(want, r.stderr), "no /%s/ in %s" % (want, r.stderr))


@noc.case("--dump-config prints a file that reads back the same")
def _():
    first = noc.nocturne("serve", "--dump-config", "--set", "site=x y",
                         "--set", "snmp.mibs=a,b", "--set", "drain=3s")
    noc.equal(first.returncode, 0, "exit status")
    path = noc.write(os.path.join(noc.tempdir(), "c.lua"), first.stdout)
    second = noc.nocturne("serve", "--dump-config", "--config", path)
    noc.equal(second.stdout, first.stdout, "the second dump")
    noc.check('["snmp.mibs"] = { "a", "b" }' in first.stdout, first.stdout)
    noc.check('["traps.communities"] = { "public" }' in first.stdout,
              first.stdout)


@noc.case("--dump-config shows the names of what lets in, never the values")
def _():
    path = noc.write(os.path.join(noc.tempdir(), "c.lua"), """return {
  ["traps.communities"] = { "canary1", "public" },
  credentials = { core = { version = "2c", community = "canary2",
    write_community = "canary3" }, edge = { version = "3", user = "u",
    auth = "SHA", auth_pass = "canary4", priv_pass = "canary5" } },
  ["snmp.users"] = { noc = { auth = "SHA", auth_pass = "canary6" } },
  secrets = { hook = "canary7" },
  ["inventory.url"] = "https://u:canary8@cmdb.example/x",
  ["mail.server"] = "smtp://x:canary9@mail.example",
}
""")
    for sets in ((), ("--set", "inventory.url=https://cmdb.example/x?k=canary10")):
        r = noc.nocturne("serve", "--dump-config", "--config", path, *sets)
        noc.equal(r.returncode, 0, "exit status (%s)" % r.stderr)
        noc.check("canary" not in r.stdout + r.stderr, r.stdout)
        for name in ("core, edge", "noc", "hook", '["traps.communities"]',
                     '["inventory.url"]', '["mail.server"]'):
            noc.check(re.search("set, not shown: .*" +  # names are there
                                re.escape(name), r.stdout),
                      "no %s in %s" % (name, r.stdout))


@noc.case("--listen 0.0.0.0 warns of what nobody authenticates")
def _():
    with noc.Daemon(rules=RULES, listen="0.0.0.0") as d:
        d.wait_line(r"^listening  syslog 0\.0\.0\.0:%d udp\+tcp" % d.udp)
        line = d.wait_line(r"^warning ")
        for name in ("syslog.udp", "syslog.tcp", "traps"):
            noc.check(name in line, "%s is not in %r" % (name, line))
        noc.check("-n 127.0.0.1" in d.wait_line("^try it"),
                  "the logger line is not for this host")
    with noc.Daemon(rules=RULES) as d:
        d.stop()
        d.no_line("^warning")


@noc.case("wrong rules stop the start, each error with its file and line")
def _():
    d = noc.Daemon(rules='rule "a" { on = "syslog", rnu = log "x" }\n'
                         'rule "b" { on = "syslog", hold = "soon", '
                         'run = log "x" }\n').start(ready=False)
    noc.equal(d.wait(), 1, "exit status")
    said = "\n".join(d.err.all)
    noc.check(re.search(r"test\.lua:1: .*'rnu'.*; did you mean 'run'", said), said)
    noc.check(re.search(r"test\.lua:2: .*'hold' of rule 'b'", said), said)


@noc.case("SIGHUP: new rules are used; wrong ones change nothing")
def _():
    with noc.Daemon(rules=RULES) as d:
        path = os.path.join(d.rules, "test.lua")
        noc.write(path, RULES.replace('"tell"', '"say"'))
        d.signal(signal.SIGHUP)
        d.wait_line(r"reloaded \(2 rules: 1 live, 1 observe: would\)")
        d.syslog("Nov 23 02:13:07 sw9 " + LINK)
        d.wait_line("log say: sw9")
        noc.write(path, 'rule "broken" {')
        d.signal(signal.SIGHUP)
        d.wait_log("Everything stays as it was")
        mark = d.mark()
        d.syslog("Nov 23 02:13:07 sw8 " + LINK)
        d.wait_line("log say: sw8", start=mark)
        d.no_line("broken")


@noc.case("SIGHUP: a wrong configuration changes nothing either, and fixed "
          "options say that they need a restart")
def _():
    with noc.Daemon(rules=RULES, config="return { drain = '1s' }") as d:
        noc.write(d.config, "return { drian = '2s' }")
        d.signal(signal.SIGHUP)
        d.wait_log(r"nocturne\.lua:1: unknown option 'drian'; did you mean "
                   r"'drain'")
        d.wait_log("Everything stays as it was")
        noc.write(d.config, "return { drain = '2s', site = 'other' }")
        d.signal(signal.SIGHUP)
        d.wait_line("reloaded")
        d.wait_log("site.* needs a restart")


@noc.case("a hold survives SIGHUP")
def _():
    rules = RULES.replace('"60s"', '"2s"')
    with noc.Daemon(rules=rules) as d:
        d.syslog("Nov 23 02:13:07 sw9 " + LINK)
        d.wait_line("would have: exec")
        d.signal(signal.SIGHUP)
        d.wait_line("reloaded")
        d.wait_line(r"would sw9 → run")


# Its call ends when the gate is there, not before.
SLEEPER = """
rule "sleep" { on = "syslog", mode = "active",
  where = { ["syslog.app"] = "go" },
  run = flow { step "wait" { exec { "sh", "-c",
    "touch GATE.up; until [ -e GATE ]; do sleep 0.05; done" },
    timeout = "9m" } } }
"""
# What would wait for the end of the drain would not end in this test.
LONG = {"drain": "8m"}


def sleeper():
    gate = os.path.join(noc.tempdir(), "gate")
    return gate, noc.Daemon(rules=SLEEPER.replace("GATE", gate), sets=LONG)


def go(d, gate):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(b"<13>Nov 23 02:13:07 go: now",
                 os.path.join(d.state, "syslog.sock"))
    noc.wait_for(lambda: os.path.exists(gate + ".up"), "the call")


@noc.case("SIGTERM finishes the call under way, and ends with 0")
def _():
    gate, daemon = sleeper()
    with daemon as d:
        go(d, gate)
        d.signal(signal.SIGTERM)
        d.wait_log("stopping: finishing 1 calls under way")
        noc.check(d.process.poll() is None, "it did not wait for the call")
        noc.write(gate, "")
        noc.equal(d.wait(), 0, "exit status")
        noc.check(d.out.find("sleep run .* Succeeded") is not None,
                  lambda: "the run did not end: %s" % d.out.all)
    with noc.Daemon(rules=RULES, sets=LONG) as d:
        noc.equal(d.stop(), 0, "exit status when idle")


@noc.case("a second SIGTERM leaves at once")
def _():
    gate, daemon = sleeper()
    with daemon as d:
        go(d, gate)
        d.signal(signal.SIGTERM)
        d.wait_log("stopping: finishing 1 calls under way")
        noc.check(d.process.poll() is None, "it did not wait for the call")
        noc.equal(d.stop(), 1, "exit status")
        noc.write(gate, "")  # nobody else ends what it left


@noc.case("systemd is told: READY, RELOADING, WATCHDOG, STOPPING")
def _():
    path = os.path.join(noc.tempdir(), "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(noc.PATIENCE)
        seen = []

        def until(word):
            while not any(word in m for m in seen):
                seen.append(s.recv(4096).decode())
        with noc.Daemon(rules=RULES, env={"NOTIFY_SOCKET": path,
                                          # A socket keeps ten at most.
                                          "WATCHDOG_USEC": "2000000"}) as d:
            until("READY=1")
            until("WATCHDOG=1")
            seen.clear()
            d.signal(signal.SIGHUP)
            until("RELOADING=1\nMONOTONIC_USEC=")
            until("READY=1")
            d.signal(signal.SIGTERM)
            until("STOPPING=1")
            noc.equal(d.wait(), 0, "exit status")


@noc.case("sockets passed by systemd are used, and keep what waits in them")
def _():
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    port = udp.getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"<187>Nov 23 02:13:07 early " + LINK.encode(),
                 ("127.0.0.1", port))
    d = noc.Daemon(rules=RULES)
    script = ("exec 3<&%d; export LISTEN_PID=$$ LISTEN_FDS=1 "
              "LISTEN_FDNAMES=syslog.udp; exec \"$@\"" % udp.fileno())
    d.prefix = ["sh", "-c", script, "sh"]
    os.set_inheritable(udp.fileno(), True)
    real = subprocess.Popen

    def popen(*args, **kw):
        return real(*args, pass_fds=(udp.fileno(),), **kw)
    subprocess.Popen = popen
    try:
        with d:
            d.wait_line("syslog 127.0.0.1:%d udp" % port)
            d.wait_line(r"link\.down early Gi1/0/1")
    finally:
        subprocess.Popen = real
        udp.close()


RSYSLOG = """
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="%(dir)s/in.sock" CreatePath="on")
global(workDirectory="%(dir)s")
template(name="fwd" type="string"
  string="<%%pri%%>%%timestamp%% sw-%(kind)s %%syslogtag%%%%msg%%")
*.* action(type="omfwd" target="127.0.0.1" port="%(port)d"
  protocol="%(protocol)s" template="fwd" %(more)s)
"""


@noc.case("rsyslog forwards by UDP, TCP and TCP with octet counts")
def _():
    noc.need("rsyslogd", "logger")
    with noc.Daemon(rules=RULES) as d:
        for kind, protocol, more in (
                ("udp", "udp", ""), ("tcp", "tcp", ""),
                ("counted", "tcp", 'TCP_Framing="octet-counted"')):
            where = noc.tempdir()
            conf = noc.write(os.path.join(where, "r.conf"), RSYSLOG % {
                "dir": where, "kind": kind, "protocol": protocol,
                "port": d.udp if kind == "udp" else d.tcp, "more": more})
            relay = subprocess.Popen(
                ["rsyslogd", "-n", "-f", conf, "-i",
                 os.path.join(where, "pid")],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            try:
                sock = os.path.join(where, "in.sock")
                noc.wait_for(lambda: os.path.exists(sock) or
                             relay.poll() is not None, "rsyslog's socket")
                noc.check(relay.poll() is None, lambda: "rsyslogd: %s"
                          % relay.stderr.read().decode())
                subprocess.run(["logger", "-u", sock, "-t", "%LINK-3-UPDOWN",
                                "Interface Gi1/0/7, changed state to down"],
                               check=True, timeout=noc.PATIENCE)
                d.wait_line(r"link\.down sw-%s Gi1/0/7 \[syslog\]" % kind)
            finally:
                relay.terminate()
                relay.wait(noc.PATIENCE)


@noc.case("ugly bytes become events marked malformed; none steers a terminal")
def _():
    with noc.Daemon(rules='rule "all" { on = "syslog", run = log "{summary}" }'
                    ) as d:
        ugly = [b"", b"<", b"<999>x", b"\x00" * 50, b"\xff\xfe\xfd" * 20,
                b"<13>\x1b[31mred\x1b[0m", b"<13>1 - - - - - -",
                "<13>\u202egnp.exe".encode(), b"<13>" + b"A" * 60000,
                b"<13>1 2026-13-45T99:99:99Z h a p m [x y=\"]", os.urandom(900)]
        for raw in ugly:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.sendto(raw, ("127.0.0.1", d.udp))
            d.syslog_tcp(raw.replace(b"\n", b"") + b"\n")
        d.syslog("Nov 23 02:13:07 sw1 t: still-alive")
        d.wait_line("still-alive")
        everything = "\n".join(d.out.all + d.err.all)
        for bad in ("\x1b", "\u202e", "\x00"):
            noc.check(bad not in everything, "%r was printed" % bad)


@noc.case("a NUL in a message does not end its line")
def _():
    with noc.Daemon(rules='rule "all" { on = "syslog", run = log "x" }') as d:
        d.syslog("Nov 23 02:13:07 sw1 t: be\0fore")
        d.wait_line(r"syslog sw1 be fore \[syslog\] → all run")


@noc.case("closed standard descriptors are not taken for other files")
def _():
    d = noc.Daemon(rules=RULES)
    shell = ["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh"]
    d.prefix = shell
    d.start(ready=False)
    noc.wait_for(lambda: noc.nocturne("status", "--state",
                                      d.state).returncode == 0)
    for fd in "012":
        noc.equal(os.readlink("/proc/%d/fd/%s" % (d.pid, fd)), "/dev/null",
                  "descriptor " + fd)
    d.close()


@noc.case("the kill file throws the kill switch, and its end releases it")
def _():
    with noc.Daemon(rules=RULES) as d:
        path = noc.write(os.path.join(d.state, "kill"), "")
        d.wait_line("kill switch ON.*is there")
        os.unlink(path)
        d.wait_line("(?i)kill switch off.*is gone")


@noc.case("what a person killed the kill file does not release, nor the reverse")
def _():
    def why():
        return d.get("/api/v1/kill").json.get("why")

    def taken():
        return d.get("/api/v1/audit?kind=ADMIN").text.count("kill.on")

    with noc.Daemon(rules=RULES) as d:
        path = os.path.join(d.state, "kill")
        for restart in (False, True):
            noc.equal(d.cli("kill", "on", "-m", "by me").returncode, 0)
            before = noc.wait_for(taken, "the record of kill on")
            if restart:
                d.kill()
                d.restart()
            noc.write(path, "")
            noc.wait_for(lambda n=before: taken() > n, "the file to be seen")
            os.unlink(path)
            d.wait_log("kill: .*stays on, unix:.* put it on .by me")
            noc.equal(why(), "by me")
            noc.equal(d.cli("kill", "off", "-m", "looked").returncode, 0)
        noc.write(path, "")
        noc.wait_for(lambda: "is there" in (why() or ""), "the file")
        start = d.mark()
        noc.equal(d.cli("kill", "off", "-m", "no").returncode, 0)
        d.wait_line("kill switch ON.*is there", start=start)
        os.unlink(path)
        noc.wait_for(lambda: why() is None, "the end of the file")


INVENTORY = "name,address,role\n%s,192.0.2.1,access\n"


@noc.case("the inventory: a file that changes, a command, a wrong one")
def _():
    with noc.Daemon(rules=RULES, inventory=INVENTORY % "sw1",
                    sets={"inventory.every": "1s"}) as d:
        d.syslog("Nov 23 02:13:07 192.0.2.1 " + LINK)
        d.wait_line(r"link\.down sw1 Gi1/0/1")
        known = len(d.err.all)
        noc.write(d.sets["inventory.path"], INVENTORY % "sw2")
        d.wait_log("inventory: devices=1", start=known)
        d.syslog("Nov 23 02:13:07 192.0.2.1 "
                 + LINK.replace("0/1", "0/2"))
        d.wait_line(r"link\.down sw2 Gi1/0/2")
        noc.write(d.sets["inventory.path"], "nothing,of,use\n1,2,3\n")
        d.wait_log("inventory: .*'name'.*stays in force")
        for wrong, why in (("", "is empty"), ("name,address\n", "no device")):
            said = len(d.err.all)
            os.replace(noc.write(os.path.join(d.dir, "new"), wrong),
                       d.sets["inventory.path"])
            d.wait_log("inventory: .*%s.*stays in force" % why, start=said)
        d.syslog("Nov 23 02:13:07 192.0.2.1 "
                 + LINK.replace("0/1", "0/3"))
        d.wait_line(r"link\.down sw2 Gi1/0/3")
    script = noc.write(os.path.join(noc.tempdir(), "inv"),
                       "#!/bin/sh\nprintf '" +
                       (INVENTORY % "sw3").replace("\n", "\\n") + "'\n", 0o755)
    with noc.Daemon(rules=RULES, sets={"inventory.command": script}) as d:
        d.wait_log("inventory: devices=1")
        d.syslog("Nov 23 02:13:07 192.0.2.1 " + LINK)
        d.wait_line(r"link\.down sw3 Gi1/0/1")


@noc.case("the inventory: a directory is none, and a part of one is none")
def _():
    d = noc.Daemon(sets={"inventory.path": noc.tempdir()})
    d.start(ready=False)
    noc.equal(d.wait(), 1, "status")
    d.wait_log("cannot be read: Is a directory")
    script = noc.write(os.path.join(noc.tempdir(), "inv"),
                       "#!/bin/sh\necho name,role\n"
                       "seq -f 'a-device-with-a-long-name-%.0f,x' 50000\n",
                       0o755)
    with noc.Daemon(rules=RULES, inventory=INVENTORY % "sw1",
                    sets={"inventory.command": script}) as d:
        d.wait_log("inventory: .*more than can be taken.*stays in force")


noc.main()
