# SPDX-License-Identifier: ISC
"""A real network on one machine: namespaces with Debian's snmpd watching real
veth interfaces, and the daemon's inventory for it.  Root only.  Every
namespace and link is removed again, also after a failure or ^C.
"""
import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import threading

import noc

AGENT = """\
agentaddress udp:{address}:161
rocommunity public
rwcommunity private
createUser inner SHA "inner-pass-9" AES "inner-priv-9"
iquerySecName inner
rouser inner
agentSecName inner
trap2sink {sink} public
trap2sink {witness} public
notificationEvent linkDownTrap .1.3.6.1.6.3.1.1.5.3 .1.3.6.1.2.1.2.2.1.1 \
.1.3.6.1.2.1.2.2.1.7 .1.3.6.1.2.1.2.2.1.8
notificationEvent linkUpTrap .1.3.6.1.6.3.1.1.5.4 .1.3.6.1.2.1.2.2.1.1 \
.1.3.6.1.2.1.2.2.1.7 .1.3.6.1.2.1.2.2.1.8
monitor -S -r 1 -e linkDownTrap "down" .1.3.6.1.2.1.2.2.1.8 == 2
monitor -r 1 -e linkUpTrap "up" .1.3.6.1.2.1.2.2.1.8 != 2
"""
# Of ifTable, which it reads again after 3 s otherwise.
CACHE_TIMEOUT = "1.3.6.1.4.1.8072.1.5.3.1.2.1.3.6.1.2.1.2.2"
LINK_DOWN = b"\x2b\x06\x01\x06\x03\x01\x01\x05\x03"
LINK_UP = b"\x2b\x06\x01\x06\x03\x01\x01\x05\x04"
IF_INDEX = b"\x2b\x06\x01\x02\x01\x02\x02\x01\x01"


def run(*args, ok=True):
    done = subprocess.run(args, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=noc.PATIENCE, check=False)
    if ok and done.returncode:
        raise noc.Failure("%s: %s" % (" ".join(args), done.stderr.strip()))
    return done.stdout


_made = 0


def sweep():
    """What a killed process could not take down."""
    def is_left(name, pattern):
        found = re.fullmatch(pattern, name)
        return found and (int(found[1]) == os.getpid() or
                          not os.path.exists("/proc/" + found[1]))
    for line in run("ip", "netns", "list", ok=False).splitlines():
        name = (line.split() or [""])[0]
        if is_left(name, r"noc-lab-(\d+)-\d+p?"):
            for pid in run("ip", "netns", "pids", name, ok=False).split():
                os.kill(int(pid), signal.SIGKILL)
            run("ip", "netns", "del", name, ok=False)
    for name in os.listdir("/sys/class/net"):
        if is_left(name, r"ncl(\d+)-\d+"):
            run("ip", "link", "del", name, ok=False)


def free_net():
    """Of the benchmarking range: one that no other process has."""
    used = run("ip", "-o", "-4", "addr")
    for n in range(250):
        net = "198.18.%d." % ((os.getpid() + n) % 250 + 1)
        if net not in used:
            return net + "%d"
    raise noc.Skip("every net of 198.18.0.0/16 is in use")


class Witness(threading.Thread):
    """Hears every trap of one agent, whoever else does."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.port = self.socket.getsockname()[1]
        self.said = {}  # ifIndex -> whether it is up

    def run(self):
        while True:
            try:
                text = self.socket.recv(65536)
            except OSError:
                return
            at = text.find(IF_INDEX)
            if at > 0 and (LINK_UP in text or LINK_DOWN in text):
                self.said[text[at + len(IF_INDEX)]] = LINK_UP in text


class Device:
    """One namespace, its uplink to the host and its agent."""

    def __init__(self, lab, number):
        self.name = "demo%d" % number
        global _made
        _made += 1
        self.ns = "noc-lab-%d-%d" % (os.getpid(), _made)
        self.uplink = "ncl%d-%d" % (os.getpid() % 100000, _made)
        self.host = lab.net % (4 * number + 1)
        self.address = lab.net % (4 * number + 2)
        self.dir = os.path.join(lab.dir, self.name)
        self.agent = self.witness = None
        self.ports = []
        os.makedirs(self.dir)
        run("ip", "netns", "add", self.ns)
        run("ip", "link", "add", self.uplink, "type", "veth", "peer", "name",
            "up0", "netns", self.ns)
        run("ip", "addr", "add", self.host + "/30", "dev", self.uplink)
        run("ip", "link", "set", self.uplink, "up")
        self.ip("link", "set", "lo", "up")
        self.ip("addr", "add", self.address + "/30", "dev", "up0")
        self.ip("link", "set", "up0", "up")

    def ip(self, *args, ok=True):
        return run("ip", "-n", self.ns, *args, ok=ok)

    def start(self, trap_port, mute=False):
        """mute: it answers, but sends no traps."""
        config = os.path.join(self.dir, "snmpd.conf")
        self.witness = Witness(self.host)
        self.witness.start()
        sink = "%s:%d" % (self.host, trap_port)
        text = AGENT.format(
            address=self.address, sink=sink,
            witness="%s:%d" % (self.host, self.witness.port))
        noc.write(config, "\n".join(
            line for line in text.split("\n")
            if not mute or not line.startswith("trap2sink " + sink)))
        log = open(os.path.join(self.dir, "snmpd.log"), "wb")
        self.agent = subprocess.Popen(
            ["ip", "netns", "exec", self.ns, "snmpd", "-f", "-C", "-c",
             config, "-Le", "-I", "-smux"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=dict(os.environ, SNMP_PERSISTENT_DIR=self.dir, MIBS=""))
        log.close()
        noc.wait_for(lambda: self.get("1.3.6.1.2.1.1.3.0"),
                     self.name + "'s agent")
        run("snmpset", "-v2c", "-cprivate", "-t10", "-r3", self.address,
            CACHE_TIMEOUT, "i", "1")

    def get(self, oid):
        return run("snmpget", "-v2c", "-cpublic", "-Oqvn", "-t1", "-r0",
                   self.address, oid, ok=False).strip()

    def trap(self, d, oid, *varbinds, options=("-v2c", "-cpublic")):
        """One of ours, from its address: all that a forger needs to write."""
        run("ip", "netns", "exec", self.ns, "snmptrap", *options,
            "%s:%d" % (self.host, d.traps), "", oid, *varbinds)

    def says(self, d, ifname, up, **kw):
        """A linkUp or linkDown, true or not."""
        index = self.index(ifname)
        state = "1" if up else "2"
        self.trap(d, "1.3.6.1.6.3.1.1.5.%d" % (4 if up else 3),
                  "1.3.6.1.2.1.2.2.1.1.%d" % index, "i", str(index),
                  "1.3.6.1.2.1.2.2.1.7.%d" % index, "i", state,
                  "1.3.6.1.2.1.2.2.1.8.%d" % index, "i", state, **kw)

    def index(self, ifname):
        return int(self.ip("-o", "link", "show", ifname).split(":")[0])

    def is_up(self, ifname):
        """Administratively: the flag that a SET of ifAdminStatus raises."""
        flags = self.ip("-o", "link", "show", ifname).split("<")[1]
        return "UP" in flags.split(">")[0].split(",")

    def shut(self, *ifnames):
        """Several at once, as far as its agent can tell."""
        subprocess.run(["ip", "-n", self.ns, "-batch", "-"], text=True,
                       input="".join("link set %s down\n" % ifname
                                     for ifname in ifnames),
                       timeout=noc.PATIENCE, check=True)

    def raise_(self, ifname):
        self.ip("link", "set", ifname, "up")

    def noticed(self, ifname, up):
        """Waits until the agent has seen it: it tells of changes only."""
        index = self.index(ifname)
        noc.wait_for(lambda: self.witness.said.get(index) is up,
                     "%s to notice that %s is %s"
                     % (self.name, ifname, "up" if up else "down"))

    def silence(self):
        """Requests go to a station that is not there; traps get out."""
        run("ip", "neigh", "replace", self.address, "lladdr",
            "02:00:5e:00:53:01", "dev", self.uplink, "nud", "permanent")

    def speak(self):
        run("ip", "neigh", "del", self.address, "dev", self.uplink)

    def close(self):
        if self.witness:
            self.witness.socket.close()
        if self.agent:
            self.agent.terminate()
            try:
                self.agent.wait(noc.PATIENCE)
            except subprocess.TimeoutExpired:
                self.agent.kill()
                self.agent.wait()
        run("ip", "link", "del", self.uplink, ok=False)
        run("ip", "netns", "del", self.ns, ok=False)


class Lab:
    """demo1 and demo2, joined by eth7-eth8; demo1 has more ports of its own."""

    def __init__(self, devices=2, ports=()):
        if os.geteuid():
            raise noc.Skip("needs root for network namespaces")
        noc.need("ip", "snmpd", "snmpget", "snmptrap")
        self.dir = noc.tempdir()
        self.devices = []
        if not _made:
            sweep()
        self.net = free_net()
        atexit.register(self.close)
        for number in range(1, devices + 1):
            self.devices.append(Device(self, number))
        first = self.devices[0]
        # What the ports of a lone device lead to: nothing that speaks.
        self.others = first.ns + "p"
        run("ip", "netns", "add", self.others)
        self.join(first, "eth7", self.devices[1].ns if devices > 1
                  else self.others, "eth8")
        if devices > 1:
            self.devices[1].ports.append("eth8")
        for port in ports:
            self.join(first, port, self.others, port + "p")

    def join(self, device, port, far_ns, far_port):
        run("ip", "-n", device.ns, "link", "add", port, "type", "veth",
            "peer", "name", far_port, "netns", far_ns)
        run("ip", "-n", far_ns, "link", "set", far_port, "up")
        device.raise_(port)
        device.ports.append(port)

    def __getitem__(self, number):
        return self.devices[number - 1]

    def inventory(self, site="lab"):
        rows = ["name,address,role,site,credential,cables"]
        for device in self.devices:
            cable = ""
            if len(self.devices) > 1 and device is self.devices[0]:
                cable = "eth7=demo2/eth8"
            rows.append("%s,%s,access,%s,lab,%s" % (
                device.name, device.address, site, cable))
        return "\n".join(rows) + "\n"

    def daemon(self, rules, mute=(), shut=(), **kw):
        """A daemon that hears this network; the agents are started.  shut:
        ports of demo1 that have been so since before its agent started."""
        if shut:
            self.devices[0].shut(*shut)
        rules_dir = noc.tempdir()
        shutil.copytree(os.path.join(noc.SRCDIR, "rules", "lib"),
                        os.path.join(rules_dir, "lib"))
        noc.write(os.path.join(rules_dir, "lab.lua"), rules)
        config = kw.pop("config", "") or \
            'return { ["credentials.lab"] = { community = "public", ' \
            'write_community = "private" } }\n'
        d = noc.Daemon(rules=rules_dir, inventory=self.inventory(),
                       config=config, **kw)
        d.sets["traps"] = "0.0.0.0:%d" % d.traps
        d.sets["agent.boot"] = "0s"  # they have just started
        d.start()
        for device in self.devices:
            device.start(d.traps, device.name in mute)
        for device in self.devices:
            for port in device.ports:
                if device is not self.devices[0] or port not in shut:
                    device.noticed(port, True)
            if device.name not in mute:
                self.introduce(d, device)
        return d

    @staticmethod
    def introduce(d, device):
        """The daemon has asked for the names of its interfaces."""
        port = device.ports[0]
        index = device.index(port)

        def known():
            if d.out.find(r"link\.up %s %s " % (device.name, port)):
                return True
            device.trap(d, "1.3.6.1.6.3.1.1.5.4",
                        "1.3.6.1.2.1.2.2.1.1.%d" % index, "i", str(index))
            return False
        noc.wait_for(known, "the names of %s's interfaces" % device.name,
                     every=0.5)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def close(self):
        for device in self.devices:
            device.close()
        if self.devices:
            run("ip", "netns", "del", self.others, ok=False)
        self.devices = []
