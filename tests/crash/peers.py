# SPDX-License-Identifier: ISC
"""The peers of a daemon: programs, a web server and SNMP agents that do what
a test says, never answer when it says so, and write down what was done.

Rules find the programs by name in PATH, the web server by secrets
(web-NAME is its URL of /NAME) and the agents by the inventory, so that a rule
tree names no place of this machine.
"""
import http.server
import os
import re
import socket
import threading

import loop  # noqa: F401, where noc is found
import noc

# A program takes its name from the rules; do-* change something, tell-* tell.
PROGRAM = """#!/bin/sh
name=${0##*/}
case $name in
do-*) printf '%%s\\n' "$NOCTURNE_RUN/$NOCTURNE_STEP/$NOCTURNE_ATTEMPT" \\
	>> '%(dir)s/effects.log' ;;
tell-*) printf '%%s %%s\\n' "${name#tell-}" "$1" >> '%(dir)s/told.log' ;;
esac
how=$(cat '%(dir)s/how/'"$name@$NOCTURNE_TARGET" 2>/dev/null ||
	cat '%(dir)s/how/'"$name" 2>/dev/null)
if [ "$how" = hang ]; then
	read -r _ < '%(dir)s/released'
	exit 0
fi
exit "${how:-0}"
"""
SECRET = "word-of-the-hooks"

OPER, ADMIN, NAME = ("1.3.6.1.2.1.2.2.1.8", "1.3.6.1.2.1.2.2.1.7",
                     "1.3.6.1.2.1.31.1.1.1.1")
PORTS = {7: "Gi1/0/7", 49: "Gi1/0/49", 50: "Gi1/0/50"}


def oid_bytes(oid):
    arcs = [int(x) for x in oid.split(".")]
    out = bytearray([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        seven = [arc & 127]
        while arc := arc >> 7:
            seven.insert(0, arc & 127 | 128)
        out += bytes(seven)
    return noc.ber(6, bytes(out))


def oid_text(raw):
    arcs, arc = [raw[0] // 40, raw[0] % 40], 0
    for byte in raw[1:]:
        arc = arc << 7 | byte & 127
        if byte < 128:
            arcs.append(arc)
            arc = 0
    return ".".join(map(str, arcs))


def ber_parts(raw):
    """(tag, body) of each element."""
    at = 0
    while at < len(raw):
        tag, size, at = raw[at], raw[at + 1], at + 2
        if size & 128:
            n = size & 127
            size, at = int.from_bytes(raw[at:at + n], "big"), at + n
        yield tag, raw[at:at + size]
        at += size


class Agent(threading.Thread):
    """One device that speaks SNMPv2c: three ports, all up or all down."""

    def __init__(self, world, name, address, port):
        super().__init__(daemon=True)
        self.world, self.name, self.address = world, name, address
        self.how = "up"
        self.reads = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))

    def objects(self):
        oper = 1 if self.how == "up" else 2
        for n, name in PORTS.items():
            yield "%s.%d" % (OPER, n), noc.ber(2, bytes([oper]))
            yield "%s.%d" % (ADMIN, n), noc.ber(2, bytes([oper]))
            yield "%s.%d" % (NAME, n), noc.ber(4, name.encode())

    def answer(self, command, oid):
        """The (OID, value) that a request for this one gets."""
        have = dict(self.objects())
        if command == 0xa0:
            return oid, have.get(oid, b"\x81\0")
        def arcs(o):
            return [int(x) for x in o.split(".")]
        after = sorted((o for o in have if arcs(o) > arcs(oid)), key=arcs)
        return (after[0], have[after[0]]) if after else (oid, b"\x82\0")

    def reply(self, request):
        ((_, message),) = ber_parts(request)
        _, (_, community), (command, pdu) = ber_parts(message)
        (_, number), _, _, (_, bindings) = ber_parts(pdu)
        out = []
        for _, binding in ber_parts(bindings):
            (_, oid), (tag, value) = ber_parts(binding)
            oid, said = oid_text(oid), noc.ber(tag, value)
            if command == 0xa3:
                self.world.done("set " + self.name)
            else:
                oid, said = self.answer(command, oid)
            out.append(noc.ber(0x30, oid_bytes(oid), said))
        return noc.ber(0x30, noc.ber(2, b"\1"), noc.ber(4, community), noc.ber(
            0xa2, noc.ber(2, number), noc.ber(2, b"\0"), noc.ber(2, b"\0"),
            noc.ber(0x30, *out)))

    def run(self):
        while True:
            try:
                request, sender = self.socket.recvfrom(65536)
            except OSError:
                return
            if self.how != "silent":
                self.socket.sendto(self.reply(request), sender)
                self.reads += 1


class Web(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        world, name = self.server.world, self.path.lstrip("/")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        how = world.web_how.get(name, 200)
        if how == "hang":
            world.released.wait()
            return
        if how == 200:
            world.done("web " + name)
        self.send_response(how)
        if how == 429:
            self.send_header("Retry-After", "1800")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST

    def log_message(self, *args):
        pass


class World:
    """rules: the directory that says which programs and secrets there are;
    inventory: CSV text, to which the agents' port is added."""

    def __init__(self, rules, inventory):
        self.dir = noc.tempdir()
        self.released = threading.Event()
        self.web_how = {}
        os.mkdir(os.path.join(self.dir, "how"))
        os.mkfifo(os.path.join(self.dir, "released"))
        text = ""
        for name in sorted(os.listdir(rules)):
            with open(os.path.join(rules, name), encoding="utf-8") as f:
                text += f.read()
        for name in set(re.findall(r'"((?:do|probe|tell)-[a-z-]+)"', text)):
            noc.write(os.path.join(self.dir, "bin", name),
                      PROGRAM % vars(self), 0o755)
        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
        self.web.daemon_threads = True
        self.web.world = self
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        url = "http://127.0.0.1:%d/" % self.web.server_address[1]
        self.secrets = {"web-" + name: url + name for name in
                        re.findall(r'"web-([a-z-]+)"', text)}
        self.secrets["hook"] = SECRET
        self.agents = {}
        self.inventory = self.devices(inventory)

    def devices(self, inventory):
        rows = inventory.split()
        out = [rows[0] + ",snmp_port"]
        for row in rows[1:]:
            name, address = row.split(",")[:2]
            port = noc.free_port(address)
            self.agents[name] = Agent(self, name, address, port)
            self.agents[name].start()
            out.append("%s,%d" % (row, port))
        return "\n".join(out) + "\n"

    def path(self):
        return os.path.join(self.dir, "bin") + ":" + os.environ["PATH"]

    # ---- what they do, and what was done ----

    def how(self, program, how):
        path = os.path.join(self.dir, "how", program)
        if how is None:
            os.unlink(path)
        else:
            noc.write(path, "%s\n" % how)

    def done(self, line):
        with open(os.path.join(self.dir, "effects.log"), "a",
                  encoding="utf-8") as f:
            f.write(line + "\n")

    def lines(self, name):
        try:
            with open(os.path.join(self.dir, name), encoding="utf-8") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def effects(self):
        """RUN/STEP/ATTEMPT of programs, "set DEVICE", "web NAME"."""
        return self.lines("effects.log")

    def told(self):
        """(channel, text) of each notice."""
        return [tuple(line.split(" ", 1)) for line in self.lines("told.log")]

    def close(self):
        """Whoever hangs ends, and does no more."""
        self.released.set()
        fifo = os.open(os.path.join(self.dir, "released"),
                       os.O_RDWR | os.O_NONBLOCK)
        self.web.shutdown()
        self.web.server_close()
        for agent in self.agents.values():
            agent.socket.close()
        os.close(fifo)
