# SPDX-License-Identifier: ISC
"""What the `try` scripts share: a daemon of their own, on ports and in a
directory of its own, and what its journal says.  Standard library only."""
import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NOCTURNE = os.environ.get("NOCTURNE") or os.path.join(
    os.path.dirname(HERE), "build", "nocturne")
PATIENCE = 120 * float(os.environ.get("NOC_SLOW", "1"))


class Wrong(Exception):
    """What was said does not hold."""


def check(holds, what):
    if not holds:
        raise Wrong(what)


def equal(got, want, what):
    check(got == want, "%s: %r, and not %r" % (what, got, want))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Stage:
    """A daemon; `path` is searched for the programs of its rules; more: what
    it is set to."""

    def __init__(self, rules, inventory, path, **more):
        self.dir = tempfile.mkdtemp(prefix="nocturne-try-")
        atexit.register(shutil.rmtree, self.dir, True)
        self.state = os.path.join(self.dir, "state")
        self.rules, self.path, self.more = rules, path, more
        self.inventory = os.path.join(self.dir, "inventory.csv")
        with open(self.inventory, "w", encoding="ascii") as f:
            f.write(inventory)
        self.process = None
        atexit.register(self.stop)

    def start(self):
        self.http = free_port()
        sets = {"inventory.path": self.inventory, "http": self.http,
                "syslog.udp": free_port(), "syslog.tcp": free_port(),
                "traps": free_port(), **self.more}
        words = [NOCTURNE, "serve", "--state", self.state,
                 "--rules", self.rules]
        for name, value in sets.items():
            words += ["--set", "%s=%s" % (name, value)]
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=log, cwd=self.dir, env=dict(
                    os.environ, PATH="%s:%s" % (self.path,
                                                os.environ["PATH"])))
        for line in self.process.stdout:
            if line.startswith(b"real gear "):
                return
        raise Wrong("the daemon did not start:\n" + self.log())

    def log(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8",
                  errors="replace") as f:
            return f.read()[-2000:]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def cli(self, *words, fails=False, token=None):
        """token: as whom, not as who runs this."""
        env = dict(os.environ, NOCTURNE_TOKEN=token) if token else None
        done = subprocess.run(
            [NOCTURNE, words[0], "--state", self.state, *words[1:]],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=PATIENCE, check=False, env=env)
        if done.returncode and not fails:
            raise Wrong("nocturne %s: %s" % (" ".join(words), done.stderr))
        return done.stdout

    def run(self, flow, **given):
        """Starts a flow; its run."""
        words = ["%s=%s" % pair for pair in given.items()]
        return json.loads(self.cli("run", "start", flow, *words,
                                   "--json"))["run_id"]

    def show(self, run):
        return json.loads(self.cli("run", "show", run, "--json"))

    def wait(self, run, until=None):
        """The run once it has ended, or once until(run) holds."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            said = self.show(run)
            if said["state"] not in ("Pending", "Running") or \
                    until and until(said):
                return said
            time.sleep(0.05)
        raise Wrong("the run did not end in %.0f s:\n%s" % (
            PATIENCE, self.cli("run", "show", run)))

    def items(self, run, of):
        """The items of an each, in order."""
        out, after = [], []
        while True:
            page = json.loads(self.cli("run", "show", run, "--items", of,
                                       "--json", "-n", "500", *after))
            out += page["items"]
            if not page.get("next"):
                return out
            after = ["--after", str(page["next"])]

    def records(self, run):
        """What the journal has of a run, in its order."""
        out = [json.loads(line) for line in
               self.cli("audit", "export").splitlines()]
        return [r for r in out if r.get("run") == run]

    def verified(self):
        return self.cli("audit", "verify").strip()


def main(scenes):
    """Each of them in turn; 0 only if all that they say holds."""
    try:
        for scene in scenes:
            scene()
    except (Wrong, subprocess.TimeoutExpired, OSError) as why:
        print("NOT SO: %s" % why, flush=True)
        sys.exit(1)
    sys.exit(0)
