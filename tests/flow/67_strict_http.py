#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Ambiguous HTTP, sent to us and to Debian's nginx, Apache and node: what one
of them refuses, we refuse.  Whoever stands before us, as a proxy, or beside
us, reads no request where we read another."""
import os
import shutil
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import noc  # noqa: E402

RULES = 'hook "strict" { auth = bearer "strict", emit = "strict.made" }\n'
POST = b"POST /hooks/strict HTTP/1.1"
GET = b"GET /healthz HTTP/1.1"
NAMES = b"Authorization: Bearer s3cret\r\nConnection: close\r\n"
# Taken though one refuses it, as there is one reading: the request ends there.
# What follows is another one, which node reads before it has answered.
OURS = {
    "field b'\\r\\nX: y'",
    "Content-Length: none",
    "Transfer-Encoding: underscore",
}


# ---- the corpus ----

def head(line, *fields, host=b"Host: x.example\r\n", end=b"\r\n"):
    return (line + b"\r\n" + host + NAMES
            + b"".join(f + b"\r\n" for f in fields) + end)


def sized(*fields, body=b"hello"):
    return head(POST, *fields) + body


def chunks(raw, coding=b"Transfer-Encoding: chunked"):
    return head(POST, coding) + raw


def lines():
    """The first line, and what is before it."""
    for sep in (b"  ", b"\t", b" \t", b"\x0b", b"\x0c", b"\xa0", b"\0",
                b"\r", b"\n", b"%20", b""):
        yield "between method and target %r" % sep, head(
            b"GET" + sep + b"/healthz HTTP/1.1")
        yield "between target and version %r" % sep, head(
            b"GET /healthz" + sep + b"HTTP/1.1")
    for method in (b"get", b"Get", b"GET\0", b"G\x01T", b"GE\x80", b"G:T",
                   b"(GET)", b"", b"HEAD\t", b"TRACE", b"CONNECT", b"PRI",
                   b"PROPFIND", b"M-SEARCH", b"QUERY", b"A" * 40):
        yield "method %r" % method, head(method + b" /healthz HTTP/1.1")
    for version in (b"HTTP/1.1 ", b"HTTP/1.1\t", b"HTTP/1.10", b"HTTP/01.1",
                    b"HTTP/1.01", b"HTTP/1", b"HTTP/1.", b"HTTP/.1",
                    b"HTTP/1.2", b"HTTP/1.9", b"HTTP/0.9", b"HTTP/2.0",
                    b"HTTP/2", b"HTTP/3.0", b"http/1.1", b"Http/1.1",
                    b"HTTP 1.1", b"HTTPS/1.1", b"HTTP/1,1", b"HTTP/1.1x",
                    b"HTTP/+1.1", b"HTTP/-1.1", b"HTTP/1.1\0", b"ICE/1.0",
                    b"HTTP/\xb9.1", b"HTTP/1.1 HTTP/1.1", b""):
        yield "version %r" % version, head(b"GET /healthz " + version)
    for before in (b" ", b"\t", b"\r\n", b"\r\n\r\n", b"\n", b"\n\n", b"\r",
                   b"\0", b"\xef\xbb\xbf", b"X: y\r\n"):
        yield "before the line %r" % before, before + head(GET)
    yield "HTTP/0.9", b"GET /healthz\r\n\r\n"
    yield "HTTP/1.0 without Host", b"GET /healthz HTTP/1.0\r\n\r\n"


def targets():
    for target in (b"healthz", b"*", b"?", b"//", b"/healthz#x", b"/\x80",
                   b"/\x7f", b"/\x01", b"/\0", b"/%", b"/%0", b"/%zz",
                   b"/%00", b"/healthz%00", b"/healthz?a=%", b"/healthz?a=%0g",
                   b"/healthz?%00", b"/healthz?\x80", b"/../healthz",
                   b"/%2e%2e/healthz", b"/a/../healthz", b"/./healthz",
                   b"/healthz/..", b"/%2fhealthz", b"\\healthz",
                   b"/healthz\\..", b"/" + b"a" * 9000,
                   b"http://x.example/healthz", b"http://x.example",
                   b"http://y.example/healthz", b"http:///healthz",
                   b"http:/healthz", b"http://x.example:/healthz",
                   b"http://x.example:99999/healthz",
                   b"http://a@x.example/healthz", b"http://x.example@/healthz",
                   b"http://[::1/healthz", b"https://x.example/healthz",
                   b"ftp://x.example/healthz", b"x.example:80",
                   b"http://x.example\\/healthz", b"http://x.example#/healthz",
                   b"http://x.example%2f/healthz", b"HTTP://x.example/healthz",
                   b"http://X.EXAMPLE/healthz", b"javascript:healthz"):
        yield "target %r" % target[:40], head(b"GET " + target + b" HTTP/1.1")


def hosts():
    for host in (b"", b" ", b"x y", b"x,y", b"x/y", b"x/../y", b"x\\y", b"x#y",
                 b"x?y", b"a@x", b"x\x80", b"x\x7f", b"x\0", b"x\x01", b"x%00",
                 b"x%", b"x:", b"x:80", b"x:x", b"x:-1", b"x:+1", b"x:99999",
                 b"x:65536", b"x:8 0", b"x:80:80", b":80", b":", b".", b"..",
                 b".x", b"x.", b"x..y", b"-", b"_", b"[", b"]", b"[]", b"[::1",
                 b"::1", b"[::1]", b"[::1]:80", b"[::1]80", b"[::1]x",
                 b"[x]", b"[1.2.3.4]", b"[::1]]", b"[[::1]]", b"x[::1]",
                 b"1.2.3.4", b"256.1.1.1", b"x;y", b"x'y", b"x<y", b"x\"y",
                 b"x=y", b"x|y", b"x{y}", b"x*y", b"x$y", b"x!y", b"(x)",
                 b"a" * 300, b"x\t"):
        yield "Host %r" % host[:20], head(GET, host=b"Host: " + host + b"\r\n")
    for name, fields in (
            ("none", b""), ("two", b"Host: x\r\nHost: x\r\n"),
            ("two others", b"Host: x\r\nHost: y\r\n"),
            ("one empty", b"Host: x\r\nHost:\r\n"),
            ("two cases", b"Host: x\r\nhOST: x\r\n"),
            ("before the colon", b"Host : x\r\n"),
            ("folded", b"Host:\r\n x\r\n"),
            ("no colon", b"Host x\r\n"), ("vertical", b"Host:\x0bx\r\n")):
        yield "Host: " + name, head(GET, host=fields)


def fields():
    for field in (b"X : y", b"X\t: y", b" X: y", b"\tX: y", b": y", b"X",
                  b"X y", b"X y: z", b"X\0: y", b"X\x01: y", b"X\x7f: y",
                  b"X\x80: y", b"\xef\xbb\xbfX: y", b"X: \0", b"X: a\0b",
                  b"X: \x01", b"X: \x08", b"X: \x0b", b"X: \x0c", b"X: \x1b",
                  b"X: \x7f", b"X: \x80", b"X: a\rb", b"X: a\nb", b"X: a\r",
                  b"X: a\r\r", b"X: a\r\n b", b"X: a\r\n\tb", b"X: a\r\n ",
                  b"X:", b"X: \t y \t", b"(X): y", b"X/y: z", b"X@y: z",
                  b"X[0]: y", b"X{: y", b"X\": y", b"X;: y", b"X,y: z",
                  b"X=y: z", b"X?: z", b"X\\: y", b"X<y>: z", b"_x: y",
                  b"!#$%&'*+-.^_`|~: y", b"X\r: y", b"X\n: y", b"",
                  b"X: y\r\nnonsense", b"\r\nX: y",
                  b"Expect: 100-continue", b"Expect: 200-ok", b"Expect:",
                  b"Expect: 100-continue, x",
                  b"Connection: close\r\nConnection: keep-alive",
                  b"Connection: \0", b"Connection: content-length",
                  b"Upgrade: websocket\r\nConnection: upgrade",
                  b"Upgrade: h2c\r\nHTTP2-Settings: AA",
                  b"A" * 9000 + b": y", b"X: " + b"y" * 20000,
                  b"X: y\r\n" * 150 + b"X: y"):
        yield "field %r" % field[:30], head(GET, field)
    for end in (b"\n", b"\r", b"", b"\r\r\n", b"\n\r\n", b" \r\n", b"\0\r\n"):
        yield "end of the head %r" % end, head(GET, end=end)
    plain = head(GET)
    yield "only LF", plain.replace(b"\r\n", b"\n")
    yield "only CR", plain.replace(b"\r\n", b"\r")
    yield "LF after the line", plain.replace(b"\r\n", b"\n", 1)
    yield "CRCRLF after the line", plain.replace(b"\r\n", b"\r\r\n", 1)
    yield "LF at the very end", plain[:-2] + b"\n"


def lengths():
    for value in (b"5", b"05", b"0005", b"+5", b"-5", b"-0", b" 5", b"5 ",
                  b"\t5", b"5\t", b"5\x0b", b"5\x0c", b"5\0", b"\x0b5", b"0x5",
                  b"5h", b"5.0", b"5e0", b"5,5", b"5, 5", b"5,6", b"5;x",
                  b"5 5", b"\"5\"", b"", b"x", b"\xb5", b"5_0", b"1_0",
                  b"99999999999999999999", b"18446744073709551621",
                  b"9223372036854775808", b"4294967301", b"6", b"four"):
        yield "Content-Length %r" % value, sized(b"Content-Length: " + value)
    for name, pair in (
            ("two", (b"Content-Length: 5", b"Content-Length: 5")),
            ("two others", (b"Content-Length: 5", b"Content-Length: 6")),
            ("two cases", (b"Content-Length: 5", b"cONTENT-lENGTH: 5")),
            ("one empty", (b"Content-Length: 5", b"Content-Length:")),
            ("before the colon", (b"Content-Length : 5",)),
            ("folded", (b"Content-Length:\r\n 5",)),
            ("fold within", (b"Content-Length: 1\r\n 5",)),
            ("underscore", (b"Content_Length: 6", b"Content-Length: 5")),
            ("NUL in the name", (b"Content-Length\0: 5",)),
            ("none", ())):
        yield "Content-Length: " + name, sized(*pair)
    for name, line in (("GET", GET), ("OPTIONS", b"OPTIONS * HTTP/1.1")):
        yield "a body of " + name, head(line, b"Content-Length: 5") + b"hello"


def codings():
    whole = b"5\r\nhello\r\n0\r\n\r\n"
    for value in (b"chunked", b"Chunked", b"CHUNKED", b" chunked", b"chunked ",
                  b"\tchunked", b"\x0bchunked", b"chunked\x0b", b"chunked\0",
                  b"chunked,", b",chunked", b", chunked", b"chunked, chunked",
                  b"chunked,identity", b"identity", b"identity, chunked",
                  b"gzip", b"gzip, chunked", b"chunked, gzip", b"chunked;q=1",
                  b"chunked;x=y", b"\"chunked\"", b"xchunked", b"chunkedx",
                  b"chunke", b"chunked foo", b"", b"cow", b"chun\r\n ked",
                  b"\r\n chunked", b"chunked\x80", b"(x) chunked"):
        yield "Transfer-Encoding %r" % value, chunks(
            whole, b"Transfer-Encoding: " + value)
    for name, line in (
            ("two", b"Transfer-Encoding: chunked\r\n"
             b"Transfer-Encoding: chunked"),
            ("two others", b"Transfer-Encoding: chunked\r\n"
             b"Transfer-Encoding: identity"),
            ("two others back", b"Transfer-Encoding: identity\r\n"
             b"Transfer-Encoding: chunked"),
            ("one empty", b"Transfer-Encoding:\r\n"
             b"Transfer-Encoding: chunked"),
            ("with a length", b"Transfer-Encoding: chunked\r\n"
             b"Content-Length: 5"),
            ("after a length", b"Content-Length: 15\r\n"
             b"Transfer-Encoding: chunked"),
            ("before the colon", b"Transfer-Encoding : chunked"),
            ("tab before the colon", b"Transfer-Encoding\t: chunked"),
            ("blank before", b" Transfer-Encoding: chunked"),
            ("underscore", b"Transfer_Encoding: chunked"),
            ("NUL in the name", b"Transfer-Encoding\0: chunked"),
            ("TE", b"TE: chunked\r\nTransfer-Encoding: chunked")):
        yield "Transfer-Encoding: " + name, chunks(whole, line)
    yield "Transfer-Encoding in HTTP/1.0", head(
        POST[:-1] + b"0", b"Transfer-Encoding: chunked") + whole


def sizes():
    for size in (b"5", b"05", b"0000005", b"00000000000000005", b"+5", b"-5",
                 b" 5", b"\t5", b"5 ", b"5\t", b"5  \t ", b"0x5", b"0X5",
                 b"5h", b"5_", b"_5", b"5.", b"5,", b"", b"g", b"\xb5", b"\0",
                 b"5\0", b"5\x0b", b"5\x0c", b"5\x80", b"5\r", b"100000005",
                 b"10000000000000005", b"ffffffffffffffff",
                 b"fffffffffffffffffff5", b"-ffffffffffffffb", b"4", b"6",
                 b"\"5\"", b"5#", b"5:", b"5=", b"5 5", b"5\r\r"):
        yield "chunk size %r" % size, chunks(
            size + b"\r\nhello\r\n0\r\n\r\n")
    for last in (b"00", b"000000000000", b"-0", b"+0", b"0 ", b" 0", b"0x0",
                 b"0;x", b"0;\x01", b"", b"O"):
        yield "last chunk %r" % last, chunks(
            b"5\r\nhello\r\n" + last + b"\r\n\r\n")
    for name, raw in (
            ("LF after the size", b"5\nhello\r\n0\r\n\r\n"),
            ("CR after the size", b"5\rhello\r\n0\r\n\r\n"),
            ("LF after the data", b"5\r\nhello\n0\r\n\r\n"),
            ("CR after the data", b"5\r\nhello\r0\r\n\r\n"),
            ("nothing after the data", b"5\r\nhello0\r\n\r\n"),
            ("two bytes after the data", b"5\r\nhelloXX0\r\n\r\n"),
            ("a blank after the data", b"5\r\nhello \r\n0\r\n\r\n"),
            ("LF at the end", b"5\r\nhello\r\n0\r\n\n"),
            ("LF after the last", b"5\r\nhello\r\n0\n\r\n"),
            ("CR at the end", b"5\r\nhello\r\n0\r\n\r"),
            ("CRCRLF at the end", b"5\r\nhello\r\n0\r\n\r\r\n"),
            ("no end", b"5\r\nhello\r\n0\r\n"),
            ("no last chunk", b"5\r\nhello\r\n"),
            ("an empty line before", b"\r\n5\r\nhello\r\n0\r\n\r\n"),
            ("only LF", b"5\nhello\n0\n\n")):
        yield "chunks: " + name, chunks(raw)


def extensions():
    for ext in (b";", b";;", b"; ", b" ;", b"\t;", b";a", b"; a", b" ;a",
                b";a ", b" ; a", b";a;b", b";a;;b", b";a=", b";=b", b"=b",
                b";a=b", b";a= b", b";a =b", b";a = b", b";a=b c", b";a b",
                b";a=b;c=d", b";a=b,c", b";a=\"b\"", b";a=\"b c\"",
                b";a=\"b;c\"", b";a=\"b", b";a=b\"", b";a=\"\\\"\"",
                b";a=\"\\", b";a=\"\x01\"", b";a=\"\0\"", b";a=\"\r\"",
                b";a=\"\n\"", b";a=\"\r\n\"", b";a=\"\\\r\n\"", b";a=\"\x7f\"",
                b";a=\"\x80\"", b";a=\"\t\"", b";a=\"b\"c", b";a=\"b\";c",
                b";\0", b";\x01", b";\x0b", b";\x1b", b";\x7f", b";\x80",
                b";a\x01", b";a=\x01", b";a=\x80", b";a=\0", b";(", b";a=(",
                b";a:b", b";a=b:", b";\r", b";\n", b";a\rb", b";a\nb",
                b";a=\rb", b";" + b"a" * 250, b";" + b"a" * 20000):
        yield "chunk extension %r" % ext[:20], chunks(
            b"5" + ext + b"\r\nhello\r\n0\r\n\r\n")


def trailers():
    for line in (b"X: y", b"X:y", b"X:", b"X: y\r\nZ: y", b"X : y", b" X: y",
                 b"\tX: y", b"X", b"X y", b": y", b"X y: z", b"X\0: y",
                 b"X\x01: y", b"X\x80: y", b"(X): y", b"X: \0", b"X: \x01",
                 b"X: \x0b", b"X: \x1b", b"X: \x7f", b"X: \x80", b"X: \t",
                 b"X: a\rb", b"X: a\nb", b"X: a\r", b"X: a\r\n b", b"X\n: y",
                 b"X: y\nZ: y", b"Content-Length: 5", b"Content-Length: x",
                 b"Transfer-Encoding: chunked", b"Host: y",
                 b"GET /healthz HTTP/1.1", b"X: " + b"y" * 6000,
                 b"X: y\r\n" * 150 + b"X: y"):
        yield "trailer %r" % line[:20], chunks(
            b"5\r\nhello\r\n0\r\n" + line + b"\r\n\r\n")


def corpus():
    for part in (lines, targets, hosts, fields, lengths, codings, sizes,
                 extensions, trailers):
        yield from part()


# ---- the servers ----

NGINX = """
daemon off; worker_processes 1; pid {dir}/pid; error_log {dir}/log crit;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {dir}/body; proxy_temp_path {dir}/p;
  fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }}
}}
"""
APACHE = """
ServerRoot {dir}
ServerName x.example
Listen 127.0.0.1:{port}
PidFile {dir}/pid
ErrorLog {dir}/log
DocumentRoot {dir}/www
DefaultRuntimeDir {dir}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule alias_module {modules}/mod_alias.so
StartServers 1
ThreadsPerChild 16
MaxRequestWorkers 16
AliasMatch ".*" {dir}/www/ok.txt
"""
NODE = """
require("http").createServer((req, res) => {{
  req.on("end", () => res.end("ok")); req.resume();
}}).listen({port}, "127.0.0.1");
"""


class Server:
    """One of Debian's, as nobody, with a configuration of its own."""

    def __init__(self, program, config, command):
        path = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
        if not path:
            raise noc.Skip("%s is not installed" % program)
        self.dir = noc.tempdir()
        self.port = noc.free_port()
        noc.write(os.path.join(self.dir, "www", "ok.txt"), "ok")
        noc.write(os.path.join(self.dir, "conf"), config.format(
            dir=self.dir, port=self.port, modules="/usr/lib/apache2/modules"))
        who = {}
        if os.geteuid() == 0:
            who = {"user": 65534, "group": 65534, "extra_groups": []}
            for at, dirs, files in os.walk(self.dir):
                for name in [at] + [os.path.join(at, n) for n in dirs + files]:
                    os.chown(name, 65534, 65534)
        self.log = open(os.path.join(self.dir, "said"), "wb")
        self.process = subprocess.Popen(
            [path, *[w.format(dir=self.dir) for w in command]],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            cwd=self.dir, **who)
        noc.wait_for(self.answers, lambda: "%s to listen: %s" % (
            program, self.said()))

    def said(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def answers(self):
        if self.process.poll() is not None:
            raise noc.Failure("it ended: " + self.said())
        return status(self.port, head(GET)) == 200

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def status(port, request):
    """Of the first answer; 0: it closed without one."""
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", port), noc.PATIENCE) as s:
            try:
                s.sendall(request)
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            while True:
                piece = s.recv(65536)
                if not piece:
                    break
                answer += piece
    except OSError:
        pass
    while answer.startswith(b"HTTP/1.1 100"):
        answer = answer.partition(b"\r\n\r\n")[2]
    words = answer.split(None, 2)
    return int(words[1]) if answer.startswith(b"HTTP/") else (
        200 if words else 0)  # of HTTP/0.9: only the body


def ask_all(ports, request):
    """Each one's status, all asked at once."""
    said = {}
    threads = [threading.Thread(target=lambda n=n, p=p: said.__setitem__(
        n, status(p, request))) for n, p in ports.items()]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return said


@noc.case("what nginx, Apache or node refuses, we refuse")
def _():
    servers = {}
    try:
        servers["nginx"] = Server("nginx", NGINX, [
            "-p", "{dir}", "-e", "{dir}/log", "-c", "{dir}/conf"])
        servers["apache2"] = Server("apache2", APACHE, [
            "-X", "-f", "{dir}/conf"])
        servers["node"] = Server("node", NODE, ["{dir}/conf"])
        with noc.Daemon(rules=RULES, secrets={"strict": "s3cret"}) as d:
            compare(d, {n: s.port for n, s in servers.items()})
    finally:
        for server in servers.values():
            server.close()


def compare(d, ports):
    ports = dict(ports, ours=d.http)
    for line in (head(GET), sized(b"Content-Length: 5"),
                 chunks(b"5\r\nhello\r\n0\r\n\r\n")):
        said = ask_all(ports, line)
        noc.check(all(200 <= s < 300 for s in said.values()),
                  lambda: "a plain request: %r" % said)
    lenient, unused, count, accepted = [], set(OURS), 0, 0
    for name, request in corpus():
        said = ask_all(ports, request)
        ours = said.pop("ours")
        count += 1
        accepted += 200 <= ours < 300
        if 200 <= ours < 300 and not all(
                200 <= s < 300 for s in said.values()):
            unused.discard(name)
            if name not in OURS:
                lenient.append("%s: ours %d, %r" % (name, ours, said))
    print("# %d requests, %d of them taken" % (count, accepted))
    noc.check(not lenient, lambda: "more lenient:\n" + "\n".join(lenient))
    noc.check(not unused, lambda: "refused by all: %r" % unused)
    noc.check(count >= 300, "only %d requests" % count)
    noc.check(d.get("/healthz").status == 200, "it does not answer any more")


noc.main()
