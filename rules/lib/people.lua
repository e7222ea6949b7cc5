-- SPDX-License-Identifier: ISC
-- What people do to a device, from syslog: config.change { user, command,
-- line, from, method }, login.failed and login.ok { user, from, method,
-- reason }.  Config messages come after the change on most platforms; rules
-- that must not undo an operator's work hold, and ask `unless = seen`.

-- "Configured from console by admin on vty0 (10.0.0.1)"; Arista's CONFIG_E
-- says that a session begins.
local cisco_config = {
  ["syslog.tag"] = re [=[^%(?:MGBL-)?SYS-(?:\w+-)?[0-7]-CONFIG_[IE]$|^%VSHD-(?:\w+-)?[0-7]-VSHD_SYSLOG_CONFIG_I$]=],
}

normalize "cisco-config" {
  from = "syslog", where = cisco_config,
  pattern = [=[^(?:Configured|Enter configuration mode) from (?<method>\S+?)(?: by (?<user>\S+))?(?: on (?<line>[^\s(@]+@?[^\s(]*))?(?: \((?<from>[^)\s]+)\))?\s*$]=],
  emit = "config.change",
}
normalize "cisco-config-replace" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%SYS-(?:\w+-)?[0-7]-CONFIG_[RP]$]=] },
  emit = "config.change",
}
-- archive log config; "!exec:" are commands that change nothing.
normalize "cisco-config-command" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%PARSER-(?:\w+-)?[0-7]-CFGLOG_LOGGEDCMD$]=] },
  pattern = [=[^User:(?<user>\S*)\s+logged command:(?!\s*!exec:)\s*(?<command>.*\S)]=],
  emit = "config.change",
}
normalize "iosxr-commit" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%MGBL-CONFIG-(?:\w+-)?[0-7]-DB_COMMIT$]=] },
  pattern = [=[^Configuration committed by user '(?<user>[^']*)']=],
  emit = "config.change",
  map = { method = "commit" },
}
normalize "asa-config" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:ASA|FTD|PIX|FWSM)-(?:\w+-)?[0-7]-111010$]=] },
  pattern = [=[^User '(?<user>[^']*)', running '(?<method>[^']*)' from IP (?<from>\S+), executed '(?<command>.*)']=],
  emit = "config.change",
}
normalize "junos-commit" {
  from = "syslog",
  tag = { "UI_COMMIT", "UI_COMMIT_NOT_CONFIRMED", "UI_COMMIT_AT_COMPLETED" },
  pattern = [=[(?:User '(?<user>[^']*)')?]=],
  emit = "config.change",
  map = { method = "commit" },
}
normalize "junos-commit-done" {
  from = "syslog", tag = "UI_COMMIT_COMPLETED",
  emit = "config.change",
  map = { method = "commit" },
}
normalize "junos-audit" {
  from = "syslog", tag = { "UI_CFG_AUDIT_SET", "UI_CFG_AUDIT_OTHER", "UI_CFG_AUDIT_NEW" },
  pattern = [=[^User '(?<user>[^']*)' (?<command>.*\S)]=],
  emit = "config.change",
}
-- Commands that only look are not changes.
normalize "vrp-command" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dSHELL/\d/CMDRECORD]=] },
  pattern = [=[I[Pp]=(?<from>[^,)]*),.*User=(?<user>[^,)]*),.*Command="(?!(?:dis|display|quit|return|ping|tracert|screen|system-view|_)\b)(?<command>[^"]*)"]=],
  emit = "config.change",
}
normalize "comware-config" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%%\d\dCFGMAN/\d/CFGMAN_CFGCHANGED]=] },
  emit = "config.change",
}
normalize "netiron-config" {
  from = "syslog",
  pattern = [=[\brunning-config was changed (?:by (?<user>\S+) )?from (?<method>\S+)(?: client (?<from>[0-9A-Fa-f.:]+))?]=],
  emit = "config.change",
}
normalize "sros-config" {
  from = "syslog",
  pattern = [=[-tmnxConfig(?:Modify|Create|Delete)-\d+ \[(?<line>[^\]]*)\]:]=],
  emit = "config.change",
}
normalize "fortinet-config" {
  from = "syslog",
  pattern = [=[\buser="(?<user>[^"]*)".*\bui="(?<method>[^"]*)".*\bcfgpath="(?<command>[^"]*)"]=],
  emit = "config.change",
}
normalize "panos-config" {
  from = "syslog",
  pattern = [=[^\d,[^,]*,[^,]*,CONFIG,[^,]*,[^,]*,[^,]*,(?<from>[^,]*),[^,]*,(?<command>[^,]*),(?<user>[^,]*),(?<method>[^,]*),Succeeded,]=],
  emit = "config.change",
}

-- Logins that failed.
normalize "cisco-login-failed" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%SEC_LOGIN-(?:\w+-)?[0-7]-LOGIN_FAILED$]=] },
  pattern = [=[\[user: ?(?<user>[^\]]*)\] \[Source: ?(?<from>[^\]]*)\](?:.*\[Reason: ?(?<reason>[^\]]*)\])?]=],
  emit = "login.failed",
}
normalize "cisco-ssh-failed" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%SSH-(?:\w+-)?[0-7]-SSH2?_USERAUTH$]=] },
  pattern = [=[^User '(?<user>[^']*)' authentication for SSH2? Session from (?<from>\S+) .*Failed$]=],
  emit = "login.failed",
  map = { method = "ssh" },
}
normalize "iosxr-login-failed" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%SECURITY-login-(?:\w+-)?[0-7]-AUTHEN_FAILED$]=] },
  pattern = [=[by user '(?<user>[^']*)' from '(?<from>[^']*)'(?: on '(?<method>[^']*)')?]=],
  emit = "login.failed",
}
normalize "eos-login-failed" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%AAA-[0-7]-LOGIN_FAILED$]=] },
  pattern = [=[user (?<user>\S+) failed to login \[from: (?<from>[^\]]*)\](?: \[service: (?<method>[^\]]*)\])?(?: \[reason: (?<reason>[^\]]*)\])?]=],
  emit = "login.failed",
}
normalize "junos-login-failed" {
  from = "syslog", tag = { "SSHD_LOGIN_FAILED", "LOGIN_FAILED", "LOGIN_PAM_AUTHENTICATION_ERROR" },
  pattern = [=[for user '?(?<user>[^'\s]*)'?(?: from host '?(?<from>[^'\s]*)'?)?]=],
  emit = "login.failed",
}
normalize "asa-login-denied" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:ASA|FTD|PIX|FWSM)-(?:\w+-)?[0-7]-605004$]=] },
  pattern = [=[^Login denied from (?<from>[^/\s]+)/\S+ to \S+/(?<method>\S+) for user "(?<user>[^"]*)"]=],
  emit = "login.failed",
}
normalize "asa-login-rejected" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%(?:ASA|FTD|PIX|FWSM)-(?:\w+-)?[0-7]-(?:113005|113015)$]=] },
  pattern = [=[Rejected *: *reason = (?<reason>[^:]*?) *:.*user = (?<user>[^:\s]*)(?: : user IP = (?<from>\S+))?]=],
  emit = "login.failed",
}
-- OpenSSH, wherever it runs (also inside the messages of NX-OS and IOS XR).
normalize "sshd-failed" {
  from = "syslog",
  pattern = [=[\bFailed (?<method>password|publickey|none|keyboard-interactive/pam|authentication/pam) for (?:invalid user )?(?<user>\S+) from (?<from>[0-9A-Fa-f.:]+) port \d+]=],
  emit = "login.failed",
}
normalize "nxos-login-failed" {
  from = "syslog",
  pattern = [=[\b[Aa]uthentication fail(?:ed|ure) for (?:illegal |invalid )?user '?(?<user>[^'\s]+)'? from:? (?:host )?'?(?<from>[^'\s]+)]=],
  emit = "login.failed",
}

normalize "cisco-login-ok" {
  from = "syslog",
  where = { ["syslog.tag"] = re [=[^%SEC_LOGIN-(?:\w+-)?[0-7]-LOGIN_SUCCESS$]=] },
  pattern = [=[\[user: ?(?<user>[^\]]*)\] \[Source: ?(?<from>[^\]]*)\]]=],
  emit = "login.ok",
}
normalize "sshd-ok" {
  from = "syslog",
  pattern = [=[\bAccepted (?<method>password|publickey|keyboard-interactive/pam) for (?<user>\S+) from (?<from>[0-9A-Fa-f.:]+) port \d+]=],
  emit = "login.ok",
}
