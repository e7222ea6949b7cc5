# SPDX-License-Identifier: ISC
"""A real network on one machine: namespaces with Debian's snmpd watching real
veth interfaces, and the daemon's inventory for it.  Root only.  Every
namespace and link is removed again, also after a failure or ^C.
"""
import atexit
import os
import shutil
import signal
import subprocess
import time

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
notificationEvent linkDownTrap .1.3.6.1.6.3.1.1.5.3 .1.3.6.1.2.1.2.2.1.1 \
.1.3.6.1.2.1.2.2.1.7 .1.3.6.1.2.1.2.2.1.8
notificationEvent linkUpTrap .1.3.6.1.6.3.1.1.5.4 .1.3.6.1.2.1.2.2.1.1 \
.1.3.6.1.2.1.2.2.1.7 .1.3.6.1.2.1.2.2.1.8
monitor -S -r 1 -e linkUpTrap "up" .1.3.6.1.2.1.2.2.1.8 != 2
monitor -S -r 1 -e linkDownTrap "down" .1.3.6.1.2.1.2.2.1.8 == 2
"""


def run(*args, ok=True):
    done = subprocess.run(args, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=20, check=False)
    if ok and done.returncode:
        raise noc.Failure("%s: %s" % (" ".join(args), done.stderr.strip()))
    return done.stdout


_made = 0


class Device:
    """One namespace, its uplink to the host and its agent."""

    def __init__(self, lab, number):
        self.name = "demo%d" % number
        global _made
        _made += 1
        self.ns = "noc-lab-%d-%d" % (os.getpid(), _made)
        self.uplink = "ncl%d-%d" % (os.getpid() % 100000, _made)
        # Of the benchmarking range, another net for each process.
        net = "198.18.%d.%%d" % (os.getpid() % 250 + 1)
        self.host = net % (4 * number + 1)
        self.address = net % (4 * number + 2)
        self.dir = os.path.join(lab.dir, self.name)
        self.agent = None
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
        text = AGENT.format(
            address=self.address, sink="%s:%d" % (self.host, trap_port))
        noc.write(config, "\n".join(
            line for line in text.split("\n")
            if not mute or not line.startswith("trap2sink")))
        log = open(os.path.join(self.dir, "snmpd.log"), "wb")
        self.agent = subprocess.Popen(
            ["ip", "netns", "exec", self.ns, "snmpd", "-f", "-C", "-c",
             config, "-Le", "-I", "-smux"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=dict(os.environ, SNMP_PERSISTENT_DIR=self.dir, MIBS=""))
        log.close()
        noc.wait_for(lambda: self.get("1.3.6.1.2.1.1.3.0"), 10,
                     self.name + "'s agent")

    def get(self, oid):
        return run("snmpget", "-v2c", "-cpublic", "-Oqvn", "-t1", "-r0",
                   self.address, oid, ok=False).strip()

    def index(self, ifname):
        return int(self.ip("-o", "link", "show", ifname).split(":")[0])

    def is_up(self, ifname):
        """Administratively: the flag that a SET of ifAdminStatus raises."""
        flags = self.ip("-o", "link", "show", ifname).split("<")[1]
        return "UP" in flags.split(">")[0].split(",")

    def shut(self, ifname):
        self.ip("link", "set", ifname, "down")

    def raise_(self, ifname):
        self.ip("link", "set", ifname, "up")

    def silence(self):
        """Requests are received by nobody; traps got out before."""
        for pid in self.agents():
            os.kill(pid, signal.SIGSTOP)

    def speak(self):
        for pid in self.agents():
            os.kill(pid, signal.SIGCONT)

    def agents(self):
        return [int(p) for p in
                run("ip", "netns", "pids", self.ns, ok=False).split()]

    def close(self):
        if self.agent:
            self.speak()
            self.agent.terminate()
            try:
                self.agent.wait(5)
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
        noc.need("ip", "snmpd", "snmpget")
        self.dir = noc.tempdir()
        self.devices = []
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

    def daemon(self, rules, mute=(), **kw):
        """A daemon that hears this network; the agents are started."""
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
        d.start()
        for device in self.devices:
            device.start(d.traps, device.name in mute)
        # The agents cache a table for 3 s, and watch for changes only.
        for device in self.devices:
            for port in device.ports:
                noc.wait_for(lambda: device.get(
                    "1.3.6.1.2.1.2.2.1.8.%d" % device.index(port)) == "1", 10,
                    "%s %s up" % (device.name, port), every=0.2)
        time.sleep(1.5)
        return d

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
