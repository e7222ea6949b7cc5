-- SPDX-License-Identifier: ISC
-- Webhooks: POST /hooks/NAME.  Each says who may post; the secrets are files
-- in <state>/secrets of mode 0600 (nocturne never prints them).

-- Alertmanager, with  http_config: { authorization: { credentials: ... } }.
hook "alertmanager" {
  auth   = bearer "alertmanager",
  split  = "alerts[*]",
  dedup  = "{fingerprint}/{status}",
  emit   = "alert.{status}",
  kinds  = { "alert.firing", "alert.resolved" },
  device = "labels.instance",
}

-- NetBox: a VLAN was changed there, so the switches must follow.
hook "netbox" {
  auth  = hmac { "sha512", "X-Hook-Signature", secret = "netbox" },
  where = { ["body.model"] = "vlan", ["body.event"] = "updated" },
  dedup = "{body.request_id}/{body.data.id}",
  emit  = "vlan.updated",
  map   = { vid = "body.data.vid", vlan_name = "body.data.name", vlan_site = "body.data.site.slug" },
}

-- GitHub: the repository of configurations was pushed to.
hook "github" {
  auth  = github "github",
  where = { ["body.ref"] = "refs/heads/main" },
  emit  = "repo.pushed",
  map   = { repo = "body.repository.full_name", pusher = "body.pusher.name" },
}

-- An alert that is over within two minutes is nobody's business.
pair "alert" {
  open    = "alert.firing",
  close   = "alert.resolved",
  key     = "{fingerprint}",
  within  = "2m",
  missing = notify "noc" { "{labels.alertname} on {device}: {annotations.summary}" },
}

rule "vlan-changed" {
  mode     = "observe",
  on       = "vlan.updated",
  key      = "{vid}",
  throttle = { once_after = "30s" },
  run      = flow {
    step "push" { exec { "/usr/local/bin/push-vlans", "--vlan", "{vid}" }, timeout = "5m" },
    on_fail = notify "noc" { "VLAN {vid} was not pushed: {error.message}" },
  },
}

rule "repo-pushed" {
  on       = "repo.pushed",
  key      = "{repo}",
  throttle = { once_within = "1m" },
  run      = log "{repo}: pushed by {pusher}",
}
