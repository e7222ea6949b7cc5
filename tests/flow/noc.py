# SPDX-License-Identifier: ISC
"""What flow tests share: a real daemon on free loopback ports, its lines, its
API over the unix socket, and cases reported in TAP.  Standard library only.

    import noc

    @noc.case("a message becomes an event")
    def _():
        with noc.Daemon(rules='rule "x" { on = "syslog", run = log "x" }') as d:
            d.syslog("hello")
            d.wait_line("hello")

    noc.main()
"""
import atexit
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

SRCDIR = os.environ.get("NOC_SRCDIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOCTURNE = os.environ.get("NOCTURNE") or os.path.join(
    SRCDIR, "build", "nocturne")
# Slower machines and sanitizers: every wait is multiplied.
SLOW = float(os.environ.get("NOC_SLOW", "1"))
# How long a state is waited for.  It says nothing about speed: it only
# bounds a hang.
PATIENCE = 60.0 * SLOW

# What a shell may say about proxies, colours or other words is not for us.
for _name in [n for n in os.environ if n.lower().endswith("_proxy")
              or n in ("NO_COLOR", "NOCTURNE_STATE", "NOCTURNE_CRASH",
                       "NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "MIBS",
                       "MIBDIRS", "LANGUAGE")]:
    del os.environ[_name]
os.environ["LC_ALL"] = "C.UTF-8"

_cases = []
_daemons = []


class Failure(Exception):
    """An expectation that did not hold; the message says which."""


class Skip(Exception):
    """This machine lacks what the case needs; the message says what."""


class Late(Exception):
    """The machine was too slow to set up what the case is about, or to keep
    a limit: the case is tried again, three times in all."""


def case(name):
    """Registers a function as one TAP case."""
    def register(function):
        _cases.append((name, function))
        return function
    return register


def attempt(function, tries=3):
    for left in range(tries - 1, -1, -1):
        try:
            return function()
        except Late as why:
            print("# late: %s" % why, flush=True)
            for daemon in list(_daemons):
                daemon.close()
            if not left:
                raise Failure("late each of %d times: %s"
                              % (tries, why)) from None


def check(condition, message):
    if not condition:
        raise Failure(message() if callable(message) else message)


def equal(got, want, what="value"):
    check(got == want, lambda: "%s: got %r, want %r" % (what, got, want))


def main():
    """Runs the registered cases (or those whose name contains argv[1])."""
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [(n, f) for n, f in _cases if only in n]
    bad = 0
    print("1..%d" % len(chosen), flush=True)
    for number, (name, function) in enumerate(chosen, 1):
        began = time.monotonic()
        try:
            attempt(function)
        except Skip as why:
            print("ok %d - %s # SKIP %s" % (number, name, why), flush=True)
        except BaseException as error:  # a ^C must still clean up
            bad += 1
            print("not ok %d - %s" % (number, name))
            for line in traceback.format_exc().splitlines():
                print("# " + line)
            for daemon in _daemons:
                daemon.show()
            if isinstance(error, KeyboardInterrupt):
                break
        else:
            print("ok %d - %s" % (number, name))
            print("# %.1f s" % (time.monotonic() - began))
        finally:
            for daemon in list(_daemons):
                daemon.close()
        sys.stdout.flush()
    sys.exit(1 if bad else 0)


def wait_for(condition, what="condition", *, every=0.02):
    """The first true value of condition(), or Failure."""
    until = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise Failure("waited %.0f s for %s" % (
                PATIENCE, what() if callable(what) else what))
        time.sleep(every)


BLOCK = 64
_ports = []  # of the block that is ours, those not given yet
_blocks = []  # a socket each: it is ours until we end


def _blocks_to_try():
    """Below the ports that the kernel gives to whoever asks for any."""
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range",
                  encoding="ascii") as f:
            first, last = (int(x) for x in f.read().split())
    except OSError:
        first, last = 32768, 60999
    if first > 14000:
        blocks = range(10000, first - BLOCK, BLOCK)
    elif last < 62000:
        blocks = range(last + 1, 65536 - BLOCK, BLOCK)
    else:
        blocks = range(10000, 65536 - BLOCK, BLOCK)
    return random.sample(blocks, len(blocks))


def _take_block():
    """Ports that no test beside this one picks, also while a daemon of ours
    is down: a name that the kernel gives to one process only."""
    for first in _blocks_to_try():
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            s.bind("\0nocturne-test-ports-%d" % first)
        except OSError:
            s.close()
            continue
        _blocks.append(s)
        return random.sample(range(first, first + BLOCK), BLOCK)
    raise Failure("every port is another test's")


def free_port(address="127.0.0.1"):
    """A port that is free for TCP and UDP alike, and was not given before."""
    while True:
        if not _ports:
            _ports.extend(_take_block())
        port = _ports.pop()
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as s:
                    s.bind((address, port))
        except OSError:
            continue
        return port


def tempdir():
    path = tempfile.mkdtemp(prefix="noc-flow-")
    atexit.register(shutil.rmtree, path, True)
    return path


def write(path, text, mode=0o644):
    """The file appears whole: the daemon may be watching it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fresh = os.path.join(os.path.dirname(path), ".fresh")
    with open(fresh, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(fresh, mode)
    os.rename(fresh, path)
    return path


def nocturne(*args, timeout=None, stdin=None, cwd=None, env=None):
    """Runs the command line; a CompletedProcess with text."""
    return subprocess.run(
        [NOCTURNE, *args], input=stdin, text=True, errors="replace",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=timeout or 2 * PATIENCE,
        cwd=cwd, env=dict(os.environ, **(env or {})), check=False)


def outside_address():
    """An IPv4 address of this host that is not loopback, or Skip."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("203.0.113.1", 9))  # sends nothing
            address = s.getsockname()[0]
        except OSError:
            address = "127.0.0.1"
    if address.startswith("127."):
        raise Skip("this host has no address but loopback")
    return address


def root():
    if os.geteuid() != 0:
        raise Skip("only root may do this")


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip("%s is not installed" % program)


# What an event says: its row does, or the record that the row names.
EVENTS = ("SELECT *, coalesce(json, (SELECT detail(rec) FROM audit WHERE "
          "audit.seq = events.seq)) AS said FROM events")


def journal(path):
    """nocturne.db, to be read beside the daemon."""
    def detail(record):
        at = 98
        while at < len(record):
            tag, size = struct.unpack_from(">HI", record, at)
            if tag == 8:
                return record[at + 6:at + 6 + size].decode()
            at += 6 + size
        return None

    db = sqlite3.connect(path, timeout=PATIENCE)
    db.create_function("detail", 1, detail)
    return db


def stored(state):
    """The events of a journal, also of a daemon that was killed: by id."""
    db = journal(os.path.join(state, "nocturne.db"))
    try:
        events = [json.loads(text) for (text,) in
                  db.execute("SELECT said FROM (%s)" % EVENTS)]
    finally:
        db.close()
    return {event["id"]: event for event in events}


def ber(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body


def inform(request_id, ifindex=7,
           trap=b"\x2b\x06\x01\x06\x03\x01\x01\x05\x03"):
    """An INFORM of an interface, linkDown unless said otherwise."""
    def integer(n):
        return ber(2, n.to_bytes(4, "big"))
    bindings = ber(
        0x30,
        ber(0x30, ber(6, b"\x2b\x06\x01\x02\x01\x01\x03\x00"),
            ber(0x43, b"\x05")),
        ber(0x30, ber(6, b"\x2b\x06\x01\x06\x03\x01\x01\x04\x01\x00"),
            ber(6, trap)),
        ber(0x30, ber(6, b"\x2b\x06\x01\x02\x01\x02\x02\x01\x01\x07"),
            integer(ifindex)))
    pdu = ber(0xa6, integer(request_id), ber(2, b"\0"), ber(2, b"\0"),
              bindings)
    return ber(0x30, ber(2, b"\1"), ber(4, b"public"), pdu)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=PATIENCE):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")


class Lines:
    """What a stream said so far, and a way to wait for more."""

    def __init__(self, stream):
        self.all = []
        self.stream = stream
        self.changed = threading.Condition()
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for raw in self.stream:
            with self.changed:
                self.all.append(raw.decode("utf-8", "replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def find(self, pattern, start=0):
        for i in range(start, len(self.all)):
            if re.search(pattern, self.all[i]):
                return i
        return None

    def wait(self, pattern, start=0):
        until = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                i = self.find(pattern, start)
                if i is not None:
                    return self.all[i]
                left = until - time.monotonic()
                if left <= 0 or self.ended:
                    raise Failure("no line matches /%s/ %s; the last are:\n%s"
                                  % (pattern, "and the stream ended"
                                     if self.ended else
                                     "within %.0f s" % PATIENCE,
                                     "\n".join(self.all[-12:])))
                self.changed.wait(left)


class Daemon:
    """`nocturne serve` on ports of its own.

    rules: a directory, or the text of one file; inventory: CSV text; config:
    Lua text; sets: {"option": "value"}.  Used as a context, it is started and
    ends with the block.  The state directory survives restart().
    """

    def __init__(self, rules="", inventory=None, config=None, sets=None,
                 state=None, env=None, args=(), listen=None, secrets=None,
                 prefix=()):
        self.dir = tempdir()
        self.state = state or os.path.join(self.dir, "var")
        if os.path.isdir(rules):
            self.rules = rules
        else:
            self.rules = os.path.join(self.dir, "rules")
            write(os.path.join(self.rules, "test.lua"), rules)
        self.sets = {}
        self.udp = self.tcp = self.traps = self.http = None
        self.pick_ports()
        if inventory is not None:
            self.sets["inventory.path"] = write(
                os.path.join(self.dir, "inventory.csv"), inventory)
        self.config = config and write(
            os.path.join(self.dir, "nocturne.lua"), config)
        for name, text in (secrets or {}).items():
            self.secret(name, text)
        self.sets.update(sets or {})
        self.args = list(args)
        self.listen = listen
        self.env = env or {}
        self.prefix = list(prefix)  # ["ip", "netns", "exec", NAME]
        self.process = None
        self.out = self.err = None

    def pick_ports(self):
        self.udp = self.tcp = free_port()
        self.traps = free_port()
        self.http = free_port()
        self.sets.update({"syslog.udp": self.udp, "syslog.tcp": self.tcp,
                          "traps": self.traps, "http": self.http})

    def secret(self, name, text):
        write(os.path.join(self.state, "secrets", name), text, 0o600)
        os.chmod(self.state, 0o700)

    def command(self):
        command = self.prefix + [NOCTURNE, "serve", "--state", self.state,
                                 "--rules", self.rules]
        if self.config:
            command += ["--config", self.config]
        if self.listen:
            command += ["--listen", self.listen]
        for key, value in self.sets.items():
            command += ["--set", "%s=%s" % (key, value)]
        return command + self.args

    def start(self, ready=True):
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=self.dir,
            env=dict(os.environ, **self.env))
        self.out = Lines(self.process.stdout)
        self.err = Lines(self.process.stderr)
        if self not in _daemons:
            _daemons.append(self)
        if ready:
            self.wait_line(r"^real gear ")
        return self

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, kind, value, trace):
        if kind and kind is not Skip:
            self.show()
        self.close()

    def show(self):
        for name, lines in (("out", self.out), ("err", self.err)):
            for line in lines.all[-40:] if lines else ():
                print("# %s| %s" % (name, line))

    # ---- its life ----

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Its exit status; negative: the signal that killed it.  All that it
        said has been read then."""
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure("the daemon did not end within %.0f s"
                          % PATIENCE) from None
        for lines in (self.out, self.err):
            with lines.changed:
                lines.changed.wait_for(lambda: lines.ended, PATIENCE)
        return status

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        self.process.kill()
        return self.wait()

    def restart(self):
        """After stop() or kill(): the same state again."""
        return self.start()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self in _daemons:
            _daemons.remove(self)

    # ---- what it says ----

    def wait_line(self, pattern, *, start=0):
        """The first line of standard output that matches."""
        return self.out.wait(pattern, start)

    def wait_log(self, pattern, *, start=0):
        """The same of its log."""
        return self.err.wait(pattern, start)

    def no_line(self, pattern):
        """None so far: wait first for what comes after it."""
        i = self.out.find(pattern)
        check(i is None, lambda: "unexpected line: " + self.out.all[i])

    def mark(self):
        """Where standard output is now, for `start` of wait_line."""
        return len(self.out.all)

    # ---- talking to it ----

    def syslog(self, text, pri=13, raw=False):
        message = text if raw else "<%d>%s" % (pri, text)
        if isinstance(message, str):
            message = message.encode("utf-8", "surrogateescape")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(message, ("127.0.0.1", self.udp))

    def syslog_tcp(self, data):
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        with socket.create_connection(("127.0.0.1", self.tcp), PATIENCE) as s:
            s.sendall(data)

    def trap(self, oid, *varbinds, version="2c", inform=False, options=(),
             wait=20):
        """snmptrap; varbinds are flat: OID, type, value, ...  An INFORM is
        sent once more when `wait` seconds brought no answer."""
        need("snmptrap")
        credentials = list(options) or ["-c", "public"]
        head = ["snmpinform" if inform else "snmptrap", "-v", version,
                *credentials, "-t", str(wait), "-r", "1",
                "127.0.0.1:%d" % self.traps]
        if version == "1":
            enterprise, agent, generic, specific, uptime = oid
            head += [enterprise, agent, generic, specific, uptime]
        else:
            head += ["", oid]
        return subprocess.run(
            head + [str(v) for v in varbinds], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=2 * PATIENCE, check=False)

    def request(self, method, path, body=None, headers=None, unix=True,
                timeout=PATIENCE):
        """One HTTP request; body: bytes, text, or data sent as JSON."""
        headers = dict(headers or {})
        if unix:
            connection = UnixConnection(
                os.path.join(self.state, "nocturne.sock"), timeout)
        else:
            connection = http.client.HTTPConnection(
                "127.0.0.1", self.http, timeout=timeout)
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response, response.read())
        finally:
            connection.close()

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.request("POST", path, body, **kw)

    def sources(self):
        """The ledger of every way in, by name; each must balance."""
        answer = self.get("/api/v1/sources").json
        rows = answer["sources"] if isinstance(answer, dict) else answer
        for row in rows:
            fates = sum(row[k] for k in (
                "shed", "refused", "duplicate", "folded", "matched",
                "unmatched", "in_progress"))
            equal(row["received"], fates, "%s: received against its fates %r"
                  % (row["source"], row))
        return {row["source"]: row for row in rows}

    def ledger(self, source, received=1):
        """Its row once so many have come, none of them still on its way."""
        def look():
            row = self.sources().get(source)
            return row if row and not row["in_progress"] and \
                row["received"] + row["kernel_dropped"] >= received else None
        return wait_for(look, "%d of %s in the ledger" % (received, source))

    def pause(self):
        """Stopped, every thread of it, until it is resumed."""
        self.signal(signal.SIGSTOP)

        def stopped():
            for task in os.listdir("/proc/%d/task" % self.pid):
                with open("/proc/%d/task/%s/stat" % (self.pid, task),
                          encoding="ascii", errors="replace") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] not in "TtZ":
                        return False
            return True
        wait_for(stopped, "the daemon to stop")

    def resume(self):
        self.signal(signal.SIGCONT)

    def cli(self, *args, **kw):
        """A client verb against this daemon."""
        return nocturne(args[0], "--state", self.state, *args[1:], **kw)
