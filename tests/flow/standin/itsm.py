# SPDX-License-Identifier: ISC
"""ServiceNow's Table and Attachment APIs, Slack's chat.postMessage and
webhooks, PagerDuty's Events API v2."""
import base64

from .server import Reply, Server, route, text

TABLE = "/api/now/table/change_request"


class ServiceNow(Server):
    def __init__(self):
        super().__init__()
        self.changes, self.files = [], []

    def allowed(self, request):
        want = "Basic " + base64.b64encode(b"noc:snow-secret").decode()
        if request.headers.get("Authorization") != want:
            raise Reply(401, {"error": {
                "message": "User Not Authenticated",
                "detail": "Required to provide Auth information"},
                "status": "failure"})

    def change(self, sys_id):
        for change in self.changes:
            if change["sys_id"] == sys_id:
                return change
        raise Reply(404, {"error": {"message": "No Record found", "detail":
                          "Record doesn't exist or ACL restricts the record "
                          "retrieval"}, "status": "failure"})

    @route("POST", TABLE)
    def create(self, request):
        number = len(self.changes) + 1
        self.changes.append({
            "sys_id": "%032x" % number, "number": "CHG%07d" % (30000 + number),
            "state": "-5", "approval": "not requested", "work_notes": "",
            "sys_updated_on": "2026-11-30 12:00:00", **request.json})
        return {"result": self.changes[-1]}

    @route("GET", TABLE)
    def query(self, request):
        field, _, value = request.query["sysparm_query"].partition("=")
        fields = request.query["sysparm_fields"].split(",")
        return {"result": [{f: c[f] for f in fields} for c in self.changes
                           if c.get(field) == value]}

    @route("GET", TABLE + "/([0-9a-f]{32})")
    def read(self, _request, sys_id):
        return {"result": self.change(sys_id)}

    @route("PATCH", TABLE + "/([0-9a-f]{32})")
    def update(self, request, sys_id):
        change = self.change(sys_id)
        said = dict(request.json)
        note = said.pop("work_notes", None)
        if note:
            change["work_notes"] += note + "\n\n"
        change.update(said)
        return {"result": change}

    @route("POST", "/api/now/attachment/file")
    def attach(self, request):
        self.change(request.query["table_sys_id"])
        self.files.append((request.query["file_name"], request.raw))
        return {"result": {
            "sys_id": "f" * 31 + str(len(self.files)), "table_name":
            request.query["table_name"], "file_name":
            request.query["file_name"], "size_bytes": str(len(request.raw)),
            "state": "pending"}}


class Slack(Server):
    def __init__(self):
        super().__init__()
        self.messages = []

    @route("POST", "/api/chat.postMessage")
    def post(self, request):
        if request.headers.get("Authorization") != "Bearer xoxb-slack":
            return 200, {"ok": False, "error": "invalid_auth"}
        if request.json["channel"] != "#net":
            return 200, {"ok": False, "error": "channel_not_found"}
        self.messages.append(request.json)
        ts = "1796040000.%06d" % len(self.messages)
        return 200, {"ok": True, "channel": "C024BE91L", "ts": ts, "message": {
            "type": "message", "text": request.json["text"], "ts": ts}}

    @route("POST", "/services/T0/B0/hook-secret")
    def hook(self, request):
        self.messages.append(request.json)
        raise text(b"ok")


class PagerDuty(Server):
    def __init__(self):
        super().__init__()
        self.incidents = {}

    @route("POST", "/v2/enqueue")
    def enqueue(self, request):
        event = request.json
        if event.get("routing_key") != "pd-routing-key":
            raise Reply(400, {"status": "invalid event", "message":
                              "Event object is invalid", "errors":
                              ["'routing_key' is invalid"]})
        if event["event_action"] == "trigger":
            for field in ("summary", "source", "severity"):
                if field not in event.get("payload", {}):
                    raise Reply(400, {"status": "invalid event", "message":
                                      "Event object is invalid", "errors":
                                      ["'%s' is missing or blank" % field]})
        key = event["dedup_key"]
        self.incidents.setdefault(key, []).append(event)
        return 202, {"status": "success", "message": "Event processed",
                     "dedup_key": key}
