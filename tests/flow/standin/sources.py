# SPDX-License-Identifier: ISC
"""NetBox's and Nautobot's DCIM and IPAM, Prometheus' query, GitLab's CI."""
import re

from .server import Reply, Server, bearer, route, text


class Dcim(Server):
    """`devices` switches, in pages; VLAN 842 is whole, 843 has no prefix."""
    secret = "dcim-token"

    def __init__(self, devices=5):
        super().__init__()
        self.devices = [self.device(i) for i in range(1, devices + 1)]
        self.most = 1000

    def allowed(self, request):
        bearer(request, self.secret, "Token")

    def listed(self, request, rows):
        limit = min(int(request.query.get("limit", 50)), self.most)
        at = int(request.query.get("offset", 0))
        more = at + limit < len(rows)
        # Behind a proxy it calls itself otherwise than it is called.
        return {"count": len(rows), "previous": None,
                "next": "http://netbox.internal:8001%s?limit=%d&offset=%d" % (
                    request.path, limit, at + limit) if more else None,
                "results": rows[at:at + limit]}

    @route("GET", "/api/dcim/devices/")
    def devices_listed(self, request):
        return self.listed(request, self.devices)

    @route("PATCH", r"/api/dcim/devices/([\w-]+)/")
    def device_set(self, request, number):
        for row in self.devices:
            if str(row["id"]) == number:
                row.update(request.json)
                return row
        raise Reply(404, {"detail": "Not found."})

    @route("GET", "/api/ipam/vlans/")
    def vlans(self, request):
        vid = int(request.query["vid"])
        return self.listed(request, [self.vlan(v) for v in (842, 843)
                                     if v == vid])

    @route("GET", "/api/ipam/prefixes/")
    def prefixes(self, request):
        rows = [{"id": 9, "prefix": "10.22.14.0/24", "status": {
            "value": "active", "label": "Active", "name": "Active"},
            "last_updated": "2026-11-01T09:00:00Z"}]
        return self.listed(request, rows if request.query.get(
            self.by_vlan) == str(self.vlan(842)["id"]) else [])


class NetBox(Dcim):
    by_vlan = "vlan_id"

    @staticmethod
    def device(i):
        return {"id": i, "url": "http://netbox/api/dcim/devices/%d/" % i,
                "display": "b1-sw%d" % i, "name": "b1-sw%d" % i,
                "device_type": {"id": 1, "manufacturer": {
                    "id": 1, "name": "Cisco", "slug": "cisco"},
                    "model": "C9300", "slug": "c9300"},
                "role": {"id": 2, "name": "Access", "slug": "access"},
                "site": {"id": 1, "name": "Building B", "slug": "building-b"},
                "location": None,
                "status": {"value": "active", "label": "Active"},
                "primary_ip": {"id": i, "address": "192.0.2.%d/24" % i},
                "custom_fields": {}, "last_updated": "2026-11-01T09:00:00Z"}

    @staticmethod
    def vlan(vid):
        return {"id": vid * 10, "vid": vid, "name": "app-payments",
                "display": "app-payments (%d)" % vid, "site": {
                    "id": 1, "slug": "building-b"}, "group": None,
                "status": {"value": "active", "label": "Active"},
                "last_updated": "2026-11-01T09:00:00.000000Z"}


class Nautobot(Dcim):
    by_vlan = "vlan"

    @staticmethod
    def device(i):
        def named(name):
            return {"id": "0000-%s" % name, "object_type": "x", "url": "http:",
                    "name": name}
        return {"id": "9a2b0000-0000-4000-8000-%012d" % i,
                "object_type": "dcim.device", "name": "b1-sw%d" % i,
                "display": "b1-sw%d" % i, "role": named("access"),
                "location": named("building-b"), "status": named("Active"),
                "device_type": {**named("c9300"),
                                "manufacturer": named("Cisco")},
                "primary_ip4": {"id": "1", "address": "192.0.2.%d/24" % i},
                "last_updated": "2026-11-01T09:00:00Z"}

    @staticmethod
    def vlan(vid):
        return {"id": "7b000000-0000-4000-8000-%012d" % vid, "vid": vid,
                "name": "app-payments", "object_type": "ipam.vlan",
                "status": {"name": "Active"},
                "last_updated": "2026-11-01T09:00:00.000000Z"}


class Prometheus(Server):
    def __init__(self):
        super().__init__()
        self.values = ["3", "1", "0"]

    @route("GET", "/api/v1/query")
    def query(self, request):
        query = request.query["query"]
        found = re.fullmatch(r'(\w+)\{device="(\w+)"\}', query)
        if not found:
            raise Reply(400, {"status": "error", "errorType": "bad_data",
                              "error": 'invalid parameter "query": parse '
                                       'error: unexpected "}"'})
        rows = []
        if found[1] == "ports_down":
            value = self.values.pop(0) if len(self.values) > 1 \
                else self.values[0]
            rows = [{"metric": {"__name__": found[1], "device": found[2]},
                     "value": [1796040000.123, value]}]
        return {"status": "success", "data": {"resultType": "vector",
                                              "result": rows}}


class GitLab(Server):
    """Project 7: its pipelines are named by $NOCTURNE, their job "plan" has
    the artefact diff.txt, their job "deploy" is played by hand."""

    def __init__(self):
        super().__init__()
        self.pipelines, self.jobs, self.ends = [], {}, "success"

    def allowed(self, request):
        bearer(request, "glpat-secret")

    P = r"/api/v4/projects/7"

    @route("POST", P + "/pipeline")
    def create(self, request):
        number = 100 + len(self.pipelines)
        variables = {v["key"]: v["value"] for v in request.json["variables"]}
        self.pipelines.append({
            "id": number, "iid": number - 99, "project_id": 7,
            "status": "created", "source": "api", "ref": request.json["ref"],
            "name": variables.get("NOCTURNE"), "variables": variables,
            "web_url": "https://gitlab.example/net/-/pipelines/%d" % number})
        self.jobs[number] = [
            {"id": number * 10 + i, "name": name, "stage": stage,
             "status": status, "web_url": "https://gitlab.example/jobs/%d" %
             (number * 10 + i), "pipeline": {"id": number}, "played": 0}
            for i, (name, stage, status) in enumerate((
                ("lint", "test", "success"), ("plan", "test", "success"),
                ("deploy", "deploy", "manual")))]
        return self.pipelines[-1]

    @route("GET", P + "/pipelines")
    def listed(self, request):
        return [p for p in self.pipelines
                if p["name"] == request.query.get("name")]

    def pipeline(self, number):
        for row in self.pipelines:
            if row["id"] == int(number):
                return row
        raise Reply(404, {"message": "404 Not found"})

    @route("GET", P + r"/pipelines/(\d+)")
    def one(self, _request, number):
        row = self.pipeline(number)
        row["status"] = {"created": "pending", "pending": "running"}.get(
            row["status"], self.ends)
        return row

    @route("GET", P + r"/pipelines/(\d+)/jobs")
    def jobs_of(self, _request, number):
        return self.jobs[self.pipeline(number)["id"]]

    def job(self, number):
        for rows in self.jobs.values():
            for row in rows:
                if row["id"] == int(number):
                    return row
        raise Reply(404, {"message": "404 Not found"})

    @route("GET", P + r"/jobs/(\d+)")
    def job_one(self, _request, number):
        row = self.job(number)
        if row["played"]:
            row["status"] = {"pending": "running"}.get(row["status"],
                                                       self.ends)
        return row

    @route("GET", P + r"/jobs/(\d+)/artifacts/diff.txt")
    def artifact(self, _request, number):
        if self.job(number)["name"] != "plan":
            raise Reply(404, {"message": "404 Not found"})
        raise text(b"+vlan 842\n name app-payments\n")

    @route("POST", P + r"/jobs/(\d+)/play")
    def play(self, _request, number):
        row = self.job(number)
        if row["status"] != "manual":
            raise Reply(400, {"message": "400 Bad request - Unplayable Job"})
        row.update(status="pending", played=row["played"] + 1)
        return 200, row
