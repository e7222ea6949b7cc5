#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Mail: a server elsewhere is told nothing in the clear, and nobody else's
certificate will do."""
import os
import socketserver
import ssl
import subprocess
import threading

import noc

RULES = """
channel "post" { mail { to = "noc@example.net", from = "n@example.org",
  server = "smtp://%s:%d", auth = %s } }
rule "mail" { on = "test.mail", run = notify "post" { "{summary}" } }
"""
PASSWORD = "canary-7f3a"


class Smtp(socketserver.StreamRequestHandler):
    """What it hears before TLS, what after, and the mails."""

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def secure(self):
        self.say("220 go on")
        try:
            self.connection = self.server.tls.wrap_socket(self.connection,
                                                          server_side=True)
        except (ssl.SSLError, OSError):
            return False
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        return True

    def handle(self):
        clear = True
        self.say("220 sink")
        while line := self.rfile.readline():
            word = (line.split() or [b""])[0].upper()
            self.server.heard[clear].append(line)
            if word == b"EHLO":
                if clear and self.server.offers:
                    self.say("250-STARTTLS")
                self.say("250-sink")
                self.say("250 AUTH PLAIN")
            elif word == b"STARTTLS" and self.server.refuses:
                self.say("454 not now")
            elif word == b"STARTTLS":
                if not self.secure():
                    return
                clear = False
            elif word == b"DATA":
                self.say("354 go on")
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    pass
                self.server.mails += 1
                self.say("250 ok")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            elif word == b"AUTH":
                if len(line.split()) == 2:
                    self.say("334 ")
                    self.server.heard[clear].append(b"AUTH " +
                                                    self.rfile.readline())
                self.say("235 ok")
            else:
                self.say("250 ok")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, address, offers=True, refuses=False):
        super().__init__((address, 0), Smtp)
        self.offers, self.refuses = offers, refuses
        self.heard = {True: [], False: []}
        self.mails = 0
        directory = noc.tempdir()
        self.cert = os.path.join(directory, "cert.pem")
        key = os.path.join(directory, "key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=sink", "-addext", "subjectAltName=IP:" + address,
             "-keyout", key, "-out", self.cert],
            check=True, stderr=subprocess.DEVNULL)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.cert, key)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def told(self, clear):
        return b"".join(self.heard[clear])


def daemon(server, auth='secret "smtp"', **sets):
    return noc.Daemon(
        rules=RULES % (*server.server_address, auth),
        secrets={"smtp": "nocturne:" + PASSWORD},
        sets={key.replace("_", "."): text for key, text in sets.items()})


def send(d):
    d.cli("emit", "test.mail", "device=sw1", "summary=link down")


def refused(d, why):
    send(d)
    noc.wait_for(lambda: why in d.get("/api/v1/audit?limit=100").text,
                 what="a notice that says: " + why)


def silent(server):
    """Nothing of the mail, no password."""
    for line in server.heard[True]:
        noc.check(line.split()[0].upper() in (b"EHLO", b"STARTTLS", b"QUIT"),
                  "it heard %r" % line)
    noc.equal((server.told(False), server.mails), (b"", 0), "after TLS")


def delivered(server):
    noc.wait_for(lambda: server.mails, what="mail")


@noc.case("a server without STARTTLS, or whose offer was stripped, is told nothing")
def _():
    noc.need("openssl")
    server = Server(noc.outside_address(), offers=False)
    with daemon(server) as d:
        refused(d, "the server offers no TLS")
        silent(server)


@noc.case("a server that takes its offer back is told nothing")
def _():
    noc.need("openssl")
    server = Server(noc.outside_address(), refuses=True)
    with daemon(server) as d:
        refused(d, "the server offers no TLS")
        silent(server)


@noc.case("a certificate that nobody vouches for is not taken")
def _():
    noc.need("openssl")
    server = Server(noc.outside_address())
    with daemon(server) as d:
        refused(d, "certificate")
        silent(server)


@noc.case("with mail.ca the password and the mail go out inside TLS only")
def _():
    noc.need("openssl")
    for auth in ('secret "smtp"', 'basic "smtp"'):
        server = Server(noc.outside_address())
        with daemon(server, auth, mail_ca=server.cert) as d:
            send(d)
            delivered(server)
        noc.check(b"AUTH" in server.told(False), "it did not log in")
        for line in server.heard[True]:
            noc.check(line.split()[0] in (b"EHLO", b"STARTTLS"),
                      "in the clear: %r" % line)


@noc.case("mail.tls = try and off go out in the clear, and say so by name")
def _():
    noc.need("openssl")
    for word, offers in (("try", False), ("off", True)):
        server = Server(noc.outside_address(), offers=offers)
        with daemon(server, mail_tls=word) as d:
            send(d)
            delivered(server)
        noc.check(b"AUTH" in server.told(True), "it did not log in")
    wrong = noc.nocturne("serve", "--dump-config", "--set", "mail.tls=maybe")
    noc.check("option 'mail.tls' wants required, try or off" in wrong.stderr,
              wrong.stderr)


@noc.case("a server on this machine needs no TLS, and no certificate of others")
def _():
    noc.need("openssl")
    for offers in (False, True):
        server = Server("127.0.0.1", offers=offers)
        with daemon(server) as d:
            send(d)
            delivered(server)
        noc.equal(bool(server.told(False)), offers, "after TLS")


@noc.case("the password is in no record, row or line")
def _():
    noc.need("openssl")
    server = Server(noc.outside_address(), offers=False)
    with daemon(server, mail_tls="try") as d:
        send(d)
        delivered(server)
        noc.wait_for(lambda: "notify:post" in
                     d.get("/api/v1/audit?limit=100").text, what="the notice")
        noc.equal([l for l in d.out.all + d.err.all if PASSWORD in l], [], "lines")
        state = d.state
    for name in os.listdir(state):
        path = os.path.join(state, name)
        if os.path.isfile(path):
            with open(path, "rb") as f:
                noc.check(PASSWORD.encode() not in f.read(), name)


noc.main()
