# SPDX-License-Identifier: ISC
"""AWX's API v2, as far as a connector sees it."""
from .server import Reply, Server, bearer, route

API = "/api/v2"


class Awx(Server):
    """Templates by name; a job is pending, running, and then over: failed when
    one of `bad` is among its hosts."""

    def __init__(self, hosts=(), bad=(), asks=("limit", "variables", "labels")):
        super().__init__()
        self.hosts, self.bad, self.asks = list(hosts), set(bad), set(asks)
        self.labels, self.jobs, self.workflows, self.approvals = [], [], [], []
        self.polls, self.page, self.ends = 2, 200, None

    def allowed(self, request):
        bearer(request, "awx-token")

    def listed(self, request, rows):
        page = int(request.query.get("page", 1))
        size = min(int(request.query.get("page_size", 25)), self.page)
        more = page * size < len(rows)
        query = dict(request.query, page=page + 1)
        return 200, {
            "count": len(rows), "previous": None,
            "next": request.path + "?" + "&".join(
                "%s=%s" % item for item in query.items()) if more else None,
            "results": rows[(page - 1) * size:page * size]}

    def template(self, kind, number, name):
        asks = {"ask_%s_on_launch" % what: what in self.asks for what in
                ("limit", "variables", "labels", "inventory", "credential")}
        return {"id": number, "type": kind, "name": name,
                "url": "%s/%ss/%d/" % (API, kind, number),
                "organization": 1, "last_job_failed": False,
                "extra_vars": "---", "survey_enabled": False, **asks}

    @route("GET", API + "/job_templates/")
    def templates(self, request):
        rows = [self.template("job_template", 7 + i, name) for i, name in
                enumerate(("vlan-deploy", "vlan-rollback"))]
        return self.listed(request, [r for r in rows if r["name"] ==
                                     request.query.get("name", r["name"])])

    @route("GET", API + "/workflow_job_templates/")
    def workflow_templates(self, request):
        rows = [self.template("workflow_job_template", 21, "rollout")]
        return self.listed(request, [r for r in rows if r["name"] ==
                                     request.query.get("name", r["name"])])

    @route("POST", API + "/labels/")
    def label(self, request):
        if any(r["name"] == request.json["name"] for r in self.labels):
            raise Reply(400, {"__all__": [
                "Label with this Name and Organization already exists."]})
        self.labels.append({"id": 100 + len(self.labels), "type": "label",
                            **request.json})
        return self.labels[-1]

    @route("GET", API + "/labels/")
    def labels_named(self, request):
        return self.listed(request, [
            r for r in self.labels if r["name"] == request.query.get("name")])

    def launched(self, request, kind, jobs, number):
        ignored = {k: v for k, v in request.json.items() if
                   {"extra_vars": "variables"}.get(k, k) not in self.asks}
        taken = {k: v for k, v in request.json.items() if k not in ignored}
        limit = taken.get("limit") or ""
        hosts = [h for h in limit.replace(",", " ").split()] or self.hosts
        jobs.append({
            "id": number, "type": kind, "url": "%s/%ss/%d/" % (
                API, kind, number),
            "status": "pending", "failed": False, "finished": None,
            "elapsed": 0.0, "limit": limit, "polls": 0, "hosts": hosts,
            "extra_vars": taken.get("extra_vars", {}),
            "labels": taken.get("labels", [])})
        return {kind: number, "ignored_fields": ignored,
                **self.shown(jobs[-1])}

    @staticmethod
    def shown(job):
        return {k: v for k, v in job.items()
                if k not in ("polls", "hosts", "labels")}

    @route("POST", API + r"/job_templates/(\d+)/launch/")
    def launch(self, request, _template):
        return self.launched(request, "job", self.jobs, 42 + len(self.jobs))

    @route("POST", API + r"/workflow_job_templates/(\d+)/launch/")
    def launch_workflow(self, request, _template):
        done = self.launched(request, "workflow_job", self.workflows,
                             500 + len(self.workflows))
        self.approvals.append({
            "id": 900 + len(self.approvals), "type": "workflow_approval",
            "workflow": done["id"], "status": "pending",
            "name": "may it go on?"})
        return done

    def labelled(self, request, jobs):
        label = request.query.get("labels__id")
        return self.listed(request, [
            self.shown(j) for j in jobs
            if label is None or int(label) in j["labels"]])

    @route("GET", API + "/jobs/")
    def jobs_listed(self, request):
        return self.labelled(request, self.jobs)

    @route("GET", API + "/workflow_jobs/")
    def workflows_listed(self, request):
        return self.labelled(request, self.workflows)

    def one(self, rows, number):
        for row in rows:
            if row["id"] == int(number):
                return row
        raise Reply(404, {"detail": "Not found."})

    def step(self, job, ended):
        job["polls"] += 1
        if job["status"] == "pending":
            job["status"] = "running"
        elif job["status"] == "running" and job["polls"] > self.polls:
            job["status"] = ended
            job["failed"] = ended != "successful"
            job["finished"] = "2026-11-30T12:00:00.000000Z"
            job["elapsed"] = 12.345
        return self.shown(job)

    @route("GET", API + r"/jobs/(\d+)/")
    def job(self, _request, number):
        job = self.one(self.jobs, number)
        failed = self.bad & set(job["hosts"])
        return self.step(job, self.ends or
                         ("failed" if failed else "successful"))

    @route("GET", API + r"/workflow_jobs/(\d+)/")
    def workflow(self, _request, number):
        job = self.one(self.workflows, number)
        asked = [a for a in self.approvals if a["workflow"] == job["id"]]
        if asked[0]["status"] == "pending" and job["status"] == "running":
            return self.shown(job)
        return self.step(job, "successful" if asked[0]["status"] ==
                         "successful" else "failed")

    @route("GET", API + r"/jobs/(\d+)/job_host_summaries/")
    def summaries(self, request, number):
        job = self.one(self.jobs, number)
        rows = []
        for i, host in enumerate(job["hosts"]):
            failed = host in self.bad
            rows.append({
                "id": 1000 + i, "type": "job_host_summary",
                "url": "%s/job_host_summaries/%d/" % (API, 1000 + i),
                "summary_fields": {"host": {"id": i, "name": host}},
                "job": job["id"], "host": i, "host_name": host,
                "changed": 0 if failed else 1, "dark": 0,
                "failures": int(failed), "ok": 3, "processed": 1,
                "skipped": 0, "failed": failed, "ignored": 0, "rescued": 0})
        if request.query.get("failed") == "true":
            rows = [r for r in rows if r["failed"]]
        return self.listed(request, rows)

    @route("POST", API + r"/jobs/(\d+)/cancel/")
    def cancel(self, _request, number):
        job = self.one(self.jobs, number)
        if job["finished"]:
            raise Reply(405, {"detail": 'Method "POST" not allowed.'})
        job.update(status="canceled", finished="now")
        return 202, None

    @route("GET", API + "/workflow_approvals/")
    def approvals_listed(self, request):
        return self.listed(request, [
            a for a in self.approvals
            if a["status"] == request.query.get("status", a["status"]) and
            str(a["workflow"]) == request.query.get(
                "unified_job_node__workflow_job")])

    @route("POST", API + r"/workflow_approvals/(\d+)/(approve|deny)/")
    def decide(self, _request, number, how):
        approval = self.one(self.approvals, number)
        if approval["status"] != "pending":
            raise Reply(400, {"error": "This workflow step has already been "
                                       "approved or denied."})
        approval["status"] = "successful" if how == "approve" else "failed"
        return 204, None
