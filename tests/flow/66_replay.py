#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What somebody recorded and sends again: signed posts of each scheme, SNMPv3
traps and INFORMs of net-snmp's clients byte for byte, before and after a
restart and kill -9.  And what strangers send without end."""
import base64
import hmac
import os
import socket
import threading
import time

import noc

# ---- webhooks ----

SECRETS = {"s": "s3cret", "t": "an0ther",
           "w": "whsec_" + base64.b64encode(b"k" * 24).decode()}
HOOKS = """
hook "mac" { auth = hmac { "sha512", "X-Sig", secret = { "s", "t" } },
  emit = "mac.done" }
hook "gh" { auth = github "s", emit = "gh.done" }
hook "slk" { auth = slack "s", emit = "slk.done" }
hook "str" { auth = stripe { secret = { "s", "t" } }, emit = "str.done" }
hook "std" { auth = standard "w", emit = "std.done" }
rule "act" { on = { "mac.done", "gh.done", "slk.done", "str.done", "std.done" },
  run = log "took {kind}" }
"""
TWICE = HOOKS + """
hook "twice" { auth = hmac { "sha256", "X-Sig", secret = "s" },
  replay = false, emit = "twice.done" }
hook "ghtwice" { auth = github "s", replay = false, emit = "ghtwice.done" }
"""
BODY = b'{"order": 1}'


def mac(md, text, secret="s3cret"):
    return hmac.new(secret.encode(), text, md).hexdigest()


def slack(body, when):
    return {"X-Slack-Request-Timestamp": when, "X-Slack-Signature":
            "v0=" + mac("sha256", b"v0:%s:%s" % (when.encode(), body))}


def stripe(body, when, secret="s3cret"):
    return "v1=" + mac("sha256", b"%s.%s" % (when.encode(), body), secret)


def standard(body, when, name):
    text = b"%s.%s.%s" % (name.encode(), when.encode(), body)
    digest = hmac.new(b"k" * 24, text, "sha256").digest()
    return {"webhook-id": name, "webhook-timestamp": when,
            "webhook-signature": "v1," + base64.b64encode(digest).decode()}


def post(d, hook, headers, body=BODY):
    answer = d.request("POST", "/hooks/" + hook, body,
                       dict(headers, **{"Content-Type": "application/json"}),
                       unix=False)
    return answer.status


def recordings():
    """hook -> the headers of one delivery, and those with which somebody who
    has recorded it sends it again."""
    now = str(int(time.time()))
    sha512 = mac("sha512", BODY)
    github = {"X-Hub-Signature-256": "sha256=" + mac("sha256", BODY)}
    one, two = stripe(BODY, now), stripe(BODY, now, "an0ther")
    return {
        "mac": ({"X-Sig": sha512},
                [{"X-Sig": sha512}, {"X-Sig": "sha512=" + sha512},
                 {"X-Sig": sha512.upper()}, {"X-Sig": sha512, "X-Id": "9"},
                 {"X-Sig": mac("sha512", BODY, "an0ther")}]),
        "gh": (dict(github, **{"X-GitHub-Delivery": "d-1"}),
               [dict(github, **{"X-GitHub-Delivery": "d-1"}),
                dict(github, **{"X-GitHub-Delivery": "d-2"}), github]),
        "slk": (slack(BODY, now), [slack(BODY, now)]),
        "str": ({"Stripe-Signature": "t=%s,%s,%s" % (now, one, two)},
                [{"Stripe-Signature": "t=%s,%s" % (now, one)},
                 {"Stripe-Signature": "%s,t=%s" % (two, now)},
                 {"Stripe-Signature": "t=%s,v0=1,v1=00,%s" % (now, one)}]),
        "std": (standard(BODY, now, "m-1"), [standard(BODY, now, "m-1")]),
    }


@noc.case("a signed post is taken once: under another id, another spelling, "
          "after a restart, after kill -9")
def _():
    with noc.Daemon(rules=HOOKS, secrets=SECRETS) as d:
        sent = recordings()
        for hook, (first, _) in sent.items():
            noc.equal(post(d, hook, first), 202, "the first of " + hook)
        for end in (None, d.stop, d.kill):
            if end:
                end()
                d.restart()
            for hook, (_, again) in sent.items():
                for headers in again:
                    noc.equal(post(d, hook, headers), 200, "%s again, %r"
                              % (hook, headers))
        # One that is new is taken, also beside all of them.
        now = str(int(time.time()))
        other = b'{"order": 2}'
        noc.equal(post(d, "slk", slack(other, now), other), 202, "another")
        noc.equal(d.ledger("hook/gh", 3)["duplicate"], 3, "duplicates of gh")
        d.stop()
        kinds = [e["kind"] for e in noc.stored(d.state).values()]
        for hook in sent:
            noc.equal(kinds.count(hook + ".done"), 1 + (hook == "slk"),
                      "events of " + hook)


@noc.case("a retry under a signed id and a new timestamp is the same delivery; "
          "replay = false takes the same body twice")
def _():
    with noc.Daemon(rules=TWICE, secrets=SECRETS) as d:
        now = int(time.time())
        noc.equal(post(d, "std", standard(BODY, str(now), "m-1")), 202)
        noc.equal(post(d, "std", standard(BODY, str(now + 1), "m-1")), 200)
        noc.equal(post(d, "std", standard(BODY, str(now + 1), "m-2")), 202)
        signed = {"X-Sig": mac("sha256", BODY)}
        noc.equal([post(d, "twice", signed) for _ in range(2)], [202, 202])
        github = {"X-Hub-Signature-256": "sha256=" + mac("sha256", BODY)}
        for name, status in (("a", 202), ("b", 202), ("a", 200)):
            noc.equal(post(d, "ghtwice", dict(github, **{
                "X-GitHub-Delivery": name})), status, "delivery " + name)


@noc.case("a hook whose memory is full is refused and told, no other is, and "
          "nothing that was taken is taken again")
def _():
    with noc.Daemon(rules=HOOKS, secrets=SECRETS,
                    sets={"hooks.replay_max": 3}) as d:
        def give(n, hook="mac"):
            body = b'{"order": %d}' % n
            return post(d, hook, {"X-Sig": mac("sha512", body)}, body)
        noc.equal([give(n) for n in range(5)], [202, 202, 202, 503, 503])
        noc.equal([give(n) for n in range(5)], [200, 200, 200, 503, 503],
                  "the same again")
        github = {"X-Hub-Signature-256": "sha256=" + mac("sha256", BODY)}
        noc.equal(post(d, "gh", github), 202, "another hook")
        d.wait_line(r"limit replay reached by hook/mac")
        answer = d.request(
            "POST", "/hooks/mac", b"{}",
            {"Content-Type": "application/json",
             "X-Sig": mac("sha512", b"{}")}, unix=False)
        noc.check(answer.headers["Retry-After"], "no Retry-After")
        noc.check("100000" not in answer.text, answer.text)
        noc.check('limit_reached_total{limit="replay"} 5' in
                  d.get("/metrics").text, "not counted")
        noc.equal(d.get("/api/v1/status").json["limits_reached"],
                  {"replay": 5}, "what status says")
        row = d.ledger("hook/mac", 11)
        noc.equal((row["matched"], row["duplicate"], row["refused"]),
                  (3, 3, 5), "the ledger")


@noc.case("what was taken is remembered for as long as it could come again")
def _():
    rules = HOOKS + """
hook "hour" { auth = github "s", replay = "1h", emit = "hour.done" }
hook "late" { auth = slack { secret = "s", tolerance = "1h" }, replay = "1m",
  emit = "late.done" }
"""
    with noc.Daemon(rules=rules, secrets=SECRETS) as d:
        sent = recordings()
        sent["hour"], sent["late"] = sent["gh"], sent["slk"]
        for hook, (first, _) in sent.items():
            noc.equal(post(d, hook, first), 202, hook)
        db = noc.journal(os.path.join(d.state, "nocturne.db"))
        rows = db.execute("SELECT key, due FROM live WHERE kind = 'replay'")
        left = {key.split("\x1f")[0][5:]: round(due / 1e9 - time.time(), -2)
                for key, due in rows}
        db.close()
        noc.equal(left, {"mac": 86400, "gh": 86400, "std": 86400, "slk": 600,
                         "str": 600, "hour": 3600, "late": 7200}, "seconds")


@noc.case("a hook that nothing is signed for is advised to say dedup; replay "
          "of what is not signed is an error")
def _():
    def check(hook, status):
        at = os.path.join(noc.tempdir(), "rules")
        noc.write(os.path.join(at, "x.lua"), hook)
        r = noc.nocturne("check", at)
        noc.equal(r.returncode, status, "status (%s)" % r.stdout + r.stderr)
        return r.stdout + r.stderr
    start = 'hook "b" { emit = "b.c", auth = '
    end = ' }\nrule "x" { on = "b.c", run = log "x" }'
    advice = "bearer signs nothing"
    noc.check(advice in check(start + 'bearer "s"' + end, 0), "no advice")
    noc.check(advice not in check(start + 'bearer "s", dedup = "{body.id}"' +
                                  end, 0), "advice that is not needed")
    noc.check("nothing" not in check(start + 'github "s"' + end, 0), "advice")
    for replay, words in (
            ('bearer "s", replay = "1h"', "'replay' is for what is signed"),
            ('basic "s", replay = false', "'replay' is for what is signed"),
            ('github "s", replay = "0s"', "write replay = false"),
            ('github "s", replay = true', "or false, not true"),
            ('github "s", replay = 60', "or false, not the number 60"),
            ('github "s", replay = "soon"', 'or false, not "soon"'),
            ('github "s", replays = "1h"', "did you mean 'replay'")):
        noc.check(words in check(start + replay + end, 1), replay)
    check(start + 'github "s", replay = "1h"' + end, 0)
    check(start + 'slack "s", replay = false' + end, 0)


# ---- what waits for the name of its port ----

PORTS = """
normalize "if-down" { from = "snmp.trap", trap = "linkDown",
  map = { ifindex = "ifIndex" }, emit = "link.down" }
hook "gh" { auth = github "s", emit = "link.down",
  map = { device = "device", ifindex = "port" } }
hook "b" { auth = bearer "s", emit = "link.down", dedup = "{ifindex}",
  map = { device = "device", ifindex = "port" } }
rule "down" { on = "link.down", run = log "port {ifindex}" }
"""


def ways(d):
    """Number of the port -> who tells of it: true when he was answered."""
    def hook(name, n):
        body = b'{"device": "sw1", "port": %d}' % n
        return post(d, name, {
            "X-Hub-Signature-256": "sha256=" + mac("sha256", body),
            "X-GitHub-Delivery": "d-1", "Authorization": "Bearer s3cret",
            }, body) in (200, 202)

    def cloudevent():
        return d.request(
            "POST", "/api/v1/events", {"device": "sw1", "ifindex": 4},
            {"ce-specversion": "1.0", "ce-type": "link.down", "ce-id": "a",
             "ce-source": "/test"}).status in (200, 202)

    def inform():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(noc.PATIENCE)
            s.sendto(noc.inform(9, 9), ("127.0.0.1", d.traps))
            return bool(s.recv(4096))
    return {5: lambda: hook("gh", 5), 6: lambda: hook("b", 6), 4: cloudevent,
            9: inform}


for END in ("kill", "stop"):
    @noc.case("what is acknowledged when it is repeated was not lost as the "
              "daemon ended (%s) while it waited for the name of its port"
              % END)
    def _(end=END):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            inventory = ("name,address,role,snmp_port\nsw1,127.0.0.1,access,%d"
                         "\n" % silent.getsockname()[1])
            with noc.Daemon(rules=PORTS, inventory=inventory,
                            secrets={"s": "s3cret"}) as d:
                told = ways(d)

                def tell(way):
                    try:
                        way()
                    except OSError:
                        pass  # it has died
                for way in told.values():
                    threading.Thread(target=tell, args=(way,),
                                     daemon=True).start()
                noc.wait_for(lambda: sum(r["in_progress"] for r in
                                         d.sources().values()) == len(told),
                             "all of them to wait", every=0.01)
                getattr(d, end)()
                d.restart()
                for way in told.values():
                    noc.check(way(), "it is not answered again")
                for n in told:
                    d.wait_line("log down: port %d$" % n)
                noc.check(all(not r["in_progress"]
                              for r in d.sources().values()), "some wait yet")
                d.stop()
                noc.equal(sorted(e["data"]["ifindex"] for e in
                                 noc.stored(d.state).values()
                                 if e["kind"] == "link.down"), sorted(told))


# ---- SNMPv3 ----

RULES = """
normalize "if-down" { from = "snmp.trap", trap = "linkDown",
  map = { ifindex = "ifIndex" }, emit = "link.down" }
rule "tell" { on = "snmp.trap", run = log "trust={trust}" }
rule "down" { on = "link.down", run = log "{ifindex} trust={trust}" }
"""
USERS = """return { snmp = { users = {
  priv = { auth = "SHA-256", auth_pass = "authauth1",
           priv = "AES", priv_pass = "privpriv1" },
  auth = { auth = "SHA", auth_pass = "authauth2" },
} } }
"""
ENGINE = "0x8000000001020304"
PRIV = ("-u", "priv", "-l", "authPriv", "-a", "SHA-256", "-A", "authauth1",
        "-x", "AES", "-X", "privpriv1")
AUTH = ("-u", "auth", "-l", "authNoPriv", "-a", "SHA", "-A", "authauth2")
OTHER = "1.3.6.1.4.1.99999.0.1"


class Wire:
    """A socket where net-snmp's clients believe the daemon to be: what they
    send is kept, and goes on to the daemon when there is one."""

    def __init__(self, d=None):
        self.d = d
        self.kept = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.traps = self.sock.getsockname()[1]
        threading.Thread(target=self.carry, daemon=True).start()

    def carry(self):
        client = None
        while True:
            try:
                packet, sender = self.sock.recvfrom(65536)
            except OSError:
                return
            if self.d and sender[1] == self.d.traps:
                self.sock.sendto(packet, client)
                continue
            client = sender
            self.kept.append(packet)
            if self.d:
                self.sock.sendto(packet, ("127.0.0.1", self.d.traps))

    def record(self, *options, oid=OTHER):
        """One trap as snmptrap sends it."""
        seen = len(self.kept)
        noc.Daemon.trap(self, oid, version="3", options=options)
        noc.wait_for(lambda: len(self.kept) > seen, "the trap")
        return self.kept[-1]


def die(d):
    """kill -9 when all that it has taken is on disk, and a new one."""
    answer = d.request("POST", "/api/v1/events", {
        "specversion": "1.0", "id": str(time.monotonic()), "source": "/test",
        "type": "test.mark"},
        {"Content-Type": "application/cloudevents+json"})
    noc.equal(answer.status, 202, answer.text)
    d.kill()
    d.restart()


def clock(boots, seconds, user=PRIV):
    return ("-e", ENGINE, "-Z", "%d,%d" % (boots, seconds)) + user


def tell(d, packet, source="snmp.trap"):
    """What the ledger says has become of it."""
    before = d.sources().get(source, {})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(packet, ("127.0.0.1", d.traps))
    row = d.ledger(source, before.get("received", 0) + 1)
    return [k for k in ("matched", "unmatched", "duplicate", "refused", "shed")
            if row[k] > before.get(k, 0)]


@noc.case("an SNMPv3 trap is taken once: again at once, after a restart, after "
          "kill -9; with and without privacy")
def _():
    wire = Wire()
    taken = [wire.record(*clock(5, 1000)), wire.record(*clock(5, 1000, AUTH)),
             wire.record(*clock(5, 1001))]
    with noc.Daemon(rules=RULES, config=USERS) as d:
        for packet in taken:
            noc.equal(tell(d, packet), ["matched"], "the first time")
        for end in (None, d.stop, d.kill):
            if end == d.stop:
                d.stop()
                d.restart()
            elif end:
                die(d)
            for packet in taken:
                noc.equal(tell(d, packet), ["duplicate"], "again")
        noc.check("snmp_replays_total 3" in d.get("/metrics").text,
                  "not counted")
        noc.equal(tell(d, wire.record(*clock(5, 1002))), ["matched"], "a new")


@noc.case("a trap out of its engine's past is refused, also by the first "
          "message after kill -9")
def _():
    wire = Wire()
    with noc.Daemon(rules=RULES, config=USERS) as d:
        noc.equal(tell(d, wire.record(*clock(5, 1000))), ["matched"])
        die(d)
        noc.equal(tell(d, wire.record(*clock(4, 5000))), ["refused"],
                  "of an earlier boot")
        d.wait_log("older than what its SNMPv3 engine said")
        d.wait_line("notify noc: notifications of SNMPv3 engine .* are "
                    "refused, they are older than what it said before")
        die(d)
        noc.equal(tell(d, wire.record(*clock(5, 800))), ["refused"],
                  "of 200 s before")
        noc.equal(tell(d, wire.record(*clock(5, 900))), ["matched"],
                  "of 100 s before")
        noc.equal(tell(d, wire.record(*clock(6, 3))), ["matched"],
                  "after it was booted")
        noc.equal(tell(d, wire.record(*clock(5, 1100))), ["refused"],
                  "of before that")
        noc.check("snmp_clocks 1" in d.get("/metrics").text, "engines")
    with noc.Daemon(rules=RULES, config=USERS,
                    sets={"snmp.replay": "false"}) as d:
        noc.equal(tell(d, wire.record(*clock(5, 1000))), ["matched"])
        die(d)
        noc.equal(tell(d, wire.record(*clock(4, 10))), ["matched"],
                  "snmp.replay = false")


@noc.case("who has one user's key sets no clock for who signs as another, "
          "before and after kill -9")
def _():
    wire = Wire()
    with noc.Daemon(rules=RULES, config=USERS) as d:
        noc.equal(tell(d, wire.record(*clock(5, 1000))), ["matched"])
        noc.equal(tell(d, wire.record(*clock(2147483646, 2000000000, AUTH))),
                  ["matched"], "the same engine, of another user")
        noc.equal(tell(d, wire.record(*clock(5, 1001))), ["matched"],
                  "after it")
        die(d)
        noc.equal(tell(d, wire.record(*clock(5, 1002))), ["matched"],
                  "after kill -9")
        noc.equal(tell(d, wire.record(*clock(5, 800))), ["refused"],
                  "of 200 s before")
        noc.equal(tell(d, wire.record(*clock(5, 1003, AUTH))), ["refused"],
                  "his own")


@noc.case("what is not authentic is not remembered, and changes nobody's clock")
def _():
    wire = Wire()
    wrong = ("-u", "priv", "-l", "authPriv", "-a", "SHA-256", "-A",
             "otherauth", "-x", "AES", "-X", "privpriv1")
    with noc.Daemon(rules=RULES, config=USERS) as d:
        for n in range(20):
            forged = wire.record("-e", ENGINE[:-2] + "%02x" % (n + 100), "-Z",
                                 "9,9000", *wrong)
            noc.equal(tell(d, forged), ["refused"], "a forged engine")
        noc.equal(tell(d, wire.record("-e", ENGINE, "-Z", "9,9000", *wrong)),
                  ["refused"], "a forged clock")
        noc.equal(tell(d, wire.record(*clock(5, 1000))), ["matched"])
        text = d.get("/metrics").text
        noc.check("snmp_clocks 1" in text and "snmp_messages_kept 1" in text,
                  "what is remembered")


@noc.case("an SNMPv3 INFORM that is sent again byte for byte is answered again "
          "and is no new event; after a restart it is out of time")
def _():
    with noc.Daemon(rules=RULES, config=USERS) as d:
        wire = Wire(d)
        r = noc.Daemon.trap(wire, OTHER, version="3", inform=True,
                            options=PRIV)
        noc.equal(r.returncode, 0, "status of snmpinform (%s)" % r.stderr)
        packet = wire.kept[-1]
        noc.check(len(wire.kept) > 1, "it did not ask for our engine")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(noc.PATIENCE)
            s.sendto(packet, ("127.0.0.1", d.traps))
            noc.check(s.recv(65536), "no answer")
        row = d.ledger("snmp.inform", 2)
        noc.equal((row["matched"], row["duplicate"]), (1, 1), "the ledger")
        d.kill()
        d.restart()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(noc.PATIENCE)
            s.sendto(packet, ("127.0.0.1", d.traps))
            noc.check(b"\xa8" in s.recv(65536), "it was not told our clock")
        r = noc.Daemon.trap(wire, OTHER, version="3", inform=True,
                            options=PRIV)
        noc.equal(r.returncode, 0, "status of snmpinform (%s)" % r.stderr)
        row = d.ledger("snmp.inform")
        noc.equal((row["received"], row["matched"]), (1, 1), "of a new one")


# ---- INFORMs ----

def answered(d, packets, address="127.0.0.1", to="127.0.0.1"):
    """How many of them get an answer."""
    got = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((address, 0))
        for packet in packets:
            s.sendto(packet, (to, d.traps))
        s.settimeout(2)
        try:
            while got < len(packets):
                s.recv(65536)
                got += 1
        except socket.timeout:
            pass
    return got


@noc.case("four INFORMs with one request id that say four things are four "
          "events, each answered; each again is none")
def _():
    four = [noc.inform(77, ifindex=n) for n in range(1, 5)]
    with noc.Daemon(rules=RULES) as d:
        for _ in range(2):
            noc.equal(answered(d, four), 4, "answers")
        d.kill()
        d.restart()
        noc.equal(answered(d, four), 4, "answers after kill -9")
        noc.equal(d.ledger("snmp.inform", 4)["duplicate"], 4, "duplicates")
        d.stop()
        events = [e for e in noc.stored(d.state).values()
                  if e["kind"] == "link.down"]
        noc.equal(sorted(e["data"]["ifindex"] for e in events), [1, 2, 3, 4],
                  "ports in the journal")


# ---- strangers ----

LINES = RULES + """
rule "all" { on = "syslog", run = log "{summary}" }
"""
INVENTORY = "name,address\nsw1,127.0.0.2\n"


def size(state):
    return sum(os.path.getsize(os.path.join(state, n))
               for n in os.listdir(state) if n.startswith("nocturne.db"))


@noc.case("INFORMs of strangers are kept so often a second; a device beside "
          "them has each answered")
def _():
    flood = 600
    local = noc.outside_address()
    with noc.Daemon(rules=LINES, inventory=INVENTORY, listen="0.0.0.0",
                    sets={"low_trust.events": 1}) as d:
        own = [noc.inform(5000 + n) for n in range(50)]
        got = answered(d, [noc.inform(n) for n in range(flood)], local, local)
        noc.equal(answered(d, own, "127.0.0.2"), 50, "answers to the device")
        row = d.ledger("snmp.inform", flood + 50)
        kept = row["received"] - row["shed"] - 50
        noc.check(10 <= kept < flood / 2, "%d were kept" % kept)
        noc.equal(got, kept, "answers")
        # It is sent again, and taken when its time has come.
        noc.wait_for(lambda: answered(d, [noc.inform(flood - 1)], local,
                                      local), "an answer", every=0.5)
        d.wait_line(r"limit low_trust reached by %s" % local)
        noc.check("low_trust_shed_total" in d.get("/metrics").text, "metric")
        noc.wait_for(lambda: "low_trust" in d.cli(
            "audit", "show", "--kind", "GAP", "--json").stdout, "a GAP record")


@noc.case("TCP syslog of a stranger is kept so many bytes a second, although "
          "rules match it; a device's is kept whole")
def _():
    local = noc.outside_address()
    line = b"<13>Nov 23 02:13:07 x app: " + b"y" * 4000 + b"\n"
    with noc.Daemon(rules=LINES, inventory=INVENTORY, listen="0.0.0.0",
                    sets={"low_trust.bytes": 1000,
                          "low_trust.events": 100000}) as d:
        with socket.create_connection((local, d.tcp),
                                      source_address=(local, 0)) as s:
            s.sendall(line * 300)
        with socket.create_connection(("127.0.0.1", d.tcp),
                                      source_address=("127.0.0.2", 0)) as s:
            s.sendall(b"".join(b"<13>Nov 23 02:13:07 sw1 app: own %d\n" % n
                               for n in range(200)))
        row = d.ledger("syslog.tcp", 500)
        noc.check(row["shed"] >= 200, "%d were shed" % row["shed"])
        noc.check(row["matched"] >= 201, "%d were kept" % row["matched"])
        rows = d.get("/api/v1/rules").json["rules"]
        noc.equal([r["matched"] for r in rows if r["rule"] == "all"],
                  [row["matched"]], "of the rule")
        d.stop()
        own = [e for e in noc.stored(d.state).values()
               if e["device"] == "sw1"]
        noc.equal(len(own), 200, "lines of the device in the journal")
        noc.check(size(d.state) < 4 << 20, "%d bytes" % size(d.state))


noc.main()
