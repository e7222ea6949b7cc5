# SPDX-License-Identifier: ISC
"""A stand-in: an HTTP server on a free loopback port that answers as an API
does, keeps what it was asked, and answers badly when it is told to."""
import http.server
import json
import re
import socket
import sys
import threading
import traceback
import urllib.parse

HTML = b"<html><head><title>Sign in</title></head><body>...</body></html>"


class Reply(Exception):
    """An answer that is not the usual one: Reply(404, {...}), or a text."""

    def __init__(self, status, body=None, headers=None):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


def text(data):
    """An answer that is no JSON."""
    return Reply(200, data, {"Content-Type": "text/plain"})


class Request:
    def __init__(self, method, path, headers, body):
        url = urllib.parse.urlsplit(path)
        self.method, self.path, self.headers = method, url.path, headers
        self.target = path
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.raw = body
        kind = headers.get("Content-Type", "")
        self.json = json.loads(body) if body and "json" in kind else None
        self.form = dict(urllib.parse.parse_qsl(body.decode())) \
            if "form" in kind else None


def route(method, pattern):
    """Of a method of a Server: what it answers."""
    def mark(function):
        function.route = (method, re.compile(pattern + "$"))
        return function
    return mark


class Server:
    """The routes of a class; `with` starts and stops it.

    badly(kind, pattern, times) answers badly the next `times` requests whose
    "METHOD /path" the pattern finds: garbage, html, nothing (the connection
    ends), half, 429, 503, acted (it is done, and then the connection ends),
    late (it is done, and answered after every deadline), or a function of the
    request that raises Reply.
    """

    def __init__(self):
        self.requests, self.faults = [], []
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.routes = [(*f.route, f) for f in
                       (getattr(self, n) for n in dir(type(self)))
                       if hasattr(f, "route")]
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize, disable_nagle_algorithm = -1, True

            def handle_one(self):
                outer.answer(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

            def log_message(self, *args):
                pass

        class Threads(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request, client_address):
                # A client that hangs up is one; ours is a mistake of ours.
                if not isinstance(sys.exc_info()[1], OSError):
                    outer.broken.append(traceback.format_exc())
                    print("# " + outer.broken[-1].replace("\n", "\n# "))

        self.broken = []
        self.server = Threads(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,),
                         daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        assert not self.broken, self.broken[0]

    def badly(self, kind, pattern, times=1):
        self.faults.append([kind, re.compile(pattern), times])
        return self

    def asked(self, pattern):
        """The requests whose "METHOD /path" the pattern finds."""
        with self.lock:
            return [r for r in self.requests
                    if re.search(pattern, r.method + " " + r.path)]

    def allowed(self, request):
        """Raises Reply(401) when the credential is not the right one."""

    def usual(self, request):
        self.allowed(request)
        for method, pattern, function in self.routes:
            found = pattern.match(request.path)
            if found and method == request.method:
                return function(request, *found.groups())
        raise Reply(404, {"detail": "Not found."})

    def fault(self, request):
        for fault in self.faults:
            if fault[2] and fault[1].search(
                    request.method + " " + request.path):
                fault[2] -= 1
                return fault[0]
        return None

    def answer(self, handler):
        size = int(handler.headers.get("Content-Length") or 0)
        request = Request(handler.command, handler.path, handler.headers,
                          handler.rfile.read(size))
        with self.lock:
            self.requests.append(request)
            kind = self.fault(request)
        if kind == "nothing":
            return self.hang_up(handler)
        try:
            with self.lock:
                if callable(kind):
                    kind(request)
                body = self.usual(request) if kind in (
                    None, "acted", "half", "late") \
                    else None
            status, headers = (200 if request.method != "POST" else 201), {}
            if isinstance(body, tuple):
                status, body = body
        except Reply as reply:
            status, body, headers = reply.status, reply.body, reply.headers
        if kind == "late":
            self.over.wait(60)
        if kind in ("acted", "late"):
            return self.hang_up(handler)
        data = b"" if body is None else body if isinstance(body, bytes) \
            else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        if kind == "garbage":
            status, data = 200, b'\x7f{"id": not json'
        elif kind == "html":
            status, data, headers = 200, HTML, {"Content-Type": "text/html"}
        elif kind == "429":
            status, data = 429, b'{"detail": "Request was throttled."}'
            headers["Retry-After"] = "1"
        elif kind == "503":
            status, data = 503, b"no backend"
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if kind == "half":
            handler.wfile.write(data[:len(data) // 2])
            return self.hang_up(handler)
        if status != 204:
            handler.wfile.write(data)
        return None

    @staticmethod
    def hang_up(handler):
        handler.close_connection = True
        try:
            handler.wfile.flush()
            handler.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def bearer(request, secret, scheme="Bearer"):
    if request.headers.get("Authorization") != "%s %s" % (scheme, secret):
        raise Reply(401, {"detail": "Authentication credentials were not "
                                    "provided. To establish a login session, "
                                    "visit /api/login/."})
