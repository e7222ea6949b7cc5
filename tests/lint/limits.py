#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Each row of "Limits" in doc/architecture.md is what the code says, and has
the tests that fail without it: a row of the table below."""
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
ROOMS = ["base", "proto", "store", "net", "engine", "snmp", "sensors",
         "actions", "api", "daemon"]

# what: (its figures in order: a #define, or struct.field where it is filled
# in; the tests, each "file case"; of tests/flow the case is a sentence)
LIMITS = {
    "transactions in the writer's queue": (
        ["QUEUE_BYTES"],
        ["test_writer_faults test_the_queue_is_full_at_16_mib"]),
    "open correlation states: all, of one rule, of low trust together": (
        ["NOC_KEYED_MAX", "NOC_KEYED_RULE_MAX", "NOC_KEYED_LOW_MAX"],
        ["test_flood test_open_states_have_a_cap",
         "test_flood test_a_rule_has_its_share",
         "test_flood test_strangers_share_half",
         "test_keyed test_each_form_without_room"]),
    "open correlation states of one sender of low, of normal trust": (
        ["NOC_KEYED_SENDER_LOW", "NOC_KEYED_SENDER_NORMAL"],
        ["test_flood test_a_stranger_has_his_share",
         "65_floods.py 70,000 keys of a stranger that are all kept delay no "
         "other rule",
         "test_flood test_a_forger_has_one_device"]),
    "senders that a rule is held back from, as what held it back had to go": (
        ["NOC_KEYED_LOST_MAX", "NOC_KEYED_LOST_MS"],
        ["test_flood test_a_thousand_losses_are_one",
         "test_flood test_meant_is_not_forgotten"]),
    "faults that a witness may join; of one sender of normal trust": (
        ["FOLD_MAX", "FOLD_NS", "FOLD_SENDER"],
        ["test_fold test_fold_has_a_cap",
         "test_fold test_fold_lasts_30_seconds",
         "test_fold test_fold_has_shares"]),
    "lines of a `:table`; its columns; a cell": (
        ["NOC_LISTING_LINES", "NOC_LISTING_COLUMNS", "NOC_LISTING_CELLS"],
        ["test_template test_lists",
         "test_template test_a_table_is_so_wide"]),
    "senders whose clock is wrong": (
        ["SKEW_SENDERS"],
        ["test_flood test_clocks_have_shares"]),
    "runs of a rule that look, because of one sender that signs nothing": (
        [],
        ["test_guard_unsigned test_forged_ones_of_one_device"]),
    "runs open at once that look, of all senders that sign nothing": (
        ["GUARD_LOOKS_MAX"],
        ["test_guard_unsigned test_looks_that_stay_open"]),
    "things that the guard `mass` counts for one sender": (
        ["GUARD_MASS_SENDER"],
        ["test_flood test_mass_counts_have_shares"]),
    "lines printed a second; about senders of low trust": (
        ["ADMIT_LINES_PER_S", "ADMIT_LINES_LOW"],
        ["test_flood test_strangers_have_half_of_the_lines"]),
    "targets that must fail, and none answer, before a family's breaker "
    "opens": (
        ["FAMILY_LEAST"],
        ["test_breaker test_family",
         "test_breaker test_forgers_open_no_family",
         "65_floods.py forged traps of dead devices open no breaker of the "
         "others"]),
    "events waiting for an ifName": (
        ["ENRICH_QUEUE_MAX", "ENRICH_WAIT_MS"],
        ["test_enrich test_queue", "test_enrich test_silent"]),
    "events looked at again when the device answers": (
        ["ENRICH_LATE", "ENRICH_LATE_ALL"],
        ["test_named test_sixteen_of_a_device",
         "test_named test_4096_of_all", "test_named test_given_up"]),
    "kinds that senders say and no rule has": (
        ["INTERN_INPUT_MAX"],
        ["test_intern test_a_flood_of_kinds"]),
    "keys of `dedup`, ids of CloudEvents": (
        ["DEDUP_MAX", "DEDUP_MAX_ALL"],
        ["test_dedup test_a_hundred_thousand_keys",
         "test_dedup test_400000_keys_of_all"]),
    "signed deliveries that are taken once": (
        ["REPLAY_MAX", "REPLAY_HOOKS"],
        ["test_replay test_a_hundred_thousand_deliveries",
         "test_replay test_four_hooks_may_be_full",
         "test_replay test_the_floods_of_others"]),
    "requests with an `Idempotency-Key` that are remembered for 24 h; of "
    "all": (
        ["ONCE_MAX", "ONCE_MAX_ALL"],
        ["test_once test_an_actor_has_its_share",
         "test_once test_40000_of_all",
         "test_once test_for_a_day"]),
    "bytes of an answer that is kept for an `Idempotency-Key`": (
        ["ONCE_ANSWER"],
        ["test_once test_a_long_answer_is_not_kept"]),
    "URLs that are told the end of one run; of those that were, how many are "
    "shown": (
        ["NOC_RUN_CALLBACKS_MAX", "CALLBACK_KEPT"],
        ["test_callback test_who_joins_is_told",
         "test_callback test_the_last_thousand_are_shown"]),
    "INFORMs remembered for 5 min": (
        ["INFORM_KEYS_MAX", "INFORM_KEYS_MAX_ALL"],
        ["test_inform test_each_sender_has_its_share",
         "test_inform test_a_stranger_makes_no_room"]),
    "SNMPv3 engines whose clock is kept, for each user; their messages of 5 "
    "min": (
        ["HEARD_ENGINES_MAX", "HEARD_MAX", "HEARD_MAX_ALL"],
        ["test_heard test_16384_engines",
         "test_heard test_a_flood_of_one_engine",
         "test_heard test_65536_messages_of_all"]),
    "kept of senders of low trust": (
        ["LOW_EVENTS_PER_S", "LOW_BYTES_PER_S", "LOW_BURST_S"],
        ["test_intake test_strangers_have_a_budget",
         "test_intake test_strangers_have_a_budget_of_bytes"]),
    "`unless seen` looks back": (
        ["NOC_UNLESS_BACK_MAX_MS"],
        ["test_seen test_back_is_an_hour_at_most",
         "test_seen test_an_hour_ago_holds"]),
    "kinds and devices that `unless seen` remembers; events of each; of one "
    "sender not in the inventory": (
        ["SEEN_KEYS", "SEEN_PER_KEY", "SEEN_SENDER"],
        ["test_seen test_a_full_memory_keeps_what_is_asked_for",
         "test_seen test_who_was_turned_away_is_left_alone",
         "test_seen test_pushed_out_it_holds",
         "test_seen test_a_relay_has_its_share"]),
    "unmatched events kept for `explain`": (
        ["NOC_RING_UNMATCHED"],
        ["test_intake test_4096_unmatched_are_kept"]),
    "senders not in the inventory, by name": (
        ["UNKNOWN_MAX"],
        ["test_intake test_1024_unknown_senders_are_named"]),
    "pairs that one event opens or closes": (
        ["INTAKE_RULES_FEW"],
        ["test_intake test_64_pairs_have_one_event"]),
    "JSON: from outside; held by the core; in its own rows": (
        ["NOC_JSON_DEPTH_MAX", "NOC_JSON_DEPTH_HELD_MAX",
         "NOC_JSON_DEPTH_OWN_MAX"],
        ["test_json own_text_is_read",
         "test_intake test_40_levels_are_held"]),
    "causes of which one notice is sent in 5 min": (
        ["NOC_CAUSES_MAX"],
        ["test_cause test_hundred_runs",
         "test_cause test_1024_causes"]),
    "notices that senders of low trust cause in a channel": (
        ["CHANNEL_LOW"],
        ["test_notify test_strangers_have_half",
         "test_notify test_strangers_have_a_limit"]),
    "steps of a flow, with what it calls; levels of an escalation": (
        ["PLAN_STEPS_MAX", "ESCALATE_LEVELS_MAX"],
        ["test_plan test_steps_and_levels_have_a_limit"]),
    "items of an each; its waves; each in each; flows that call each other": (
        ["EACH_ITEMS_MAX", "EACH_WAVES_MAX", "NOC_EACH_DEPTH_MAX",
         "CALL_DEPTH_MAX"],
        ["test_plan_refused test_eaches",
         "test_plan_refused test_calls_have_a_depth"]),
    "runs that ended, whose cause starts no second one": (
        ["NOC_ENDED_MAX"],
        ["test_resume_rows test_ended_of_late",
         "test_resume_rows test_a_cause_has_one_run"]),
    "retries of a run": (
        ["RETRIES_MAX_RUN", "RETRIES_MAX_ITEM"],
        ["test_retry test_a_run_has_fifty_retries",
         "test_retry test_three_retries_an_item"]),
    "runs that a schedule makes up for at once; times of a calendar that are "
    "counted as missed": (
        ["NOC_SCHEDULE_AT_ONCE", "CALENDAR_COUNT_MAX"],
        ["test_schedule test_missed_times", "test_schedule test_calendars"]),
    "times of a schedule that wait for the run before, or are backfilled at "
    "once": (
        ["NOC_SCHEDULE_WAIT_MAX"],
        ["test_schedule_people test_a_thousand_wait",
         "test_schedule_people test_backfill_refused"]),
    "silences and freezes": (
        ["MUTE_MAX"],
        ["test_override test_a_thousand_silences_and_freezes"]),
    "bytes of a text that people say in a command, as `why`": (
        ["COMMAND_TEXT_MAX"],
        ["test_command test_texts_have_a_length"]),
    "groups of an `approve`, a `confirm`; people it needs; what it shows": (
        ["NOC_GATE_GROUPS_MAX", "NOC_GATE_NEED_MAX", "NOC_GATE_SHOWN_MAX"],
        ["test_gate test_bad_gates_are_refused",
         "test_gate test_what_cannot_be_shown_fails"]),
    "signals of a run that a `wait_for` is for; data of one; its id": (
        ["NOC_MAIL_MAX", "NOC_MAIL_DATA_MAX", "NOC_MAIL_ID_MAX"],
        ["test_mail test_too_much_is_refused"]),
    "names in one `limits`, in one `lock`; how many at once": (
        ["NOC_LIMITS_MAX", "NOC_LOCKS_MAX", "NOC_LIMIT_MAX"],
        ["test_hold test_refused"]),
    "different targets that a run may change": (
        ["NOC_TARGETS", "NOC_TARGETS_MAX"],
        ["test_blast test_a_hundred_when_nothing_is_said",
         "test_blast test_one_too_many", "test_hold test_refused"]),
    "bytes of a name that was filled in": (
        ["NOC_HOLD_NAME_MAX"],
        ["test_queue test_a_name_that_cannot_be_filled_in"]),
    "runs of one rule or flow that wait to begin": (
        ["NOC_PENDING_MAX"],
        ["test_queue test_so_many_wait"]),
    "keys of ended runs that `on_closed` asks about": (
        ["NOC_CLOSED_MAX"],
        ["test_queue test_so_many_keys_of_those_that_ended"]),
    "calls at once: programs; at one HTTP host, mail server, device": (
        ["NOC_SLOTS_EXEC", "NOC_SLOTS_HTTP", "NOC_SLOTS_MAIL",
         "NOC_SLOTS_SNMP"],
        ["test_slot test_one_more_than_the_limit",
         "test_snmp_peer test_all_requests_go_out",
         "31_limits.py a long queue of runs and of items is nobody's failure"]),
    "Reports to who asks for our SNMPv3 engine or clock": (
        ["REPORTS_ADDRESS", "REPORTS_STRANGERS", "REPORTS_MS",
         "REPORTS_ADDRESSES"],
        ["test_snmp_trap test_reports_have_shares",
         "test_snmp_trap test_reports_remember_4096_addresses",
         "64_crowded.py a flood of SNMPv3 discovery keeps no authentic "
         "INFORM out"]),
    "INFORMs waiting for their commit": (
        ["INFORM_MAX"],
        ["test_inform test_4096_informs_wait_for_the_disk"]),
    "devices in the inventory": (
        ["INVENTORY_DEVICES_MAX"],
        ["test_inventory test_a_hundred_thousand_devices"]),
    "HTTP connections: all, one address, unix socket": (
        ["noc_http_conf.conns_max", "noc_http_conf.conns_addr_max",
         "noc_http_conf.conns_unix_max"],
        ["test_http_limits test_connections_have_caps",
         "test_http_crowd test_who_is_in_the_middle_gives_way",
         "test_http_crowd test_the_verified_stay",
         "test_http_crowd test_503_says_when_to_come_again",
         "64_crowded.py answers that nobody reads keep no delivery out"]),
    "HTTP bodies that are being read": (
        ["noc_http_conf.body_total_max", "noc_http_conf.body_rate_min",
         "noc_http_conf.body_grace_ms"],
        ["test_http_crowd test_bodies_give_way_to_others",
         "test_http_crowd test_bodies_keep_a_pace",
         "64_crowded.py bodies that do not end keep no delivery out"]),
    "HTTP answers that are not read": (
        ["noc_http_conf.behind_max", "noc_http_conf.write_ms"],
        ["test_http_limits test_who_falls_behind_is_dropped",
         "test_http_crowd test_unread_answers_have_a_deadline"]),
    "connections for syslog over TCP": (
        ["TCP_MUTE_MS"],
        ["test_syslog_tcp test_strangers_have_half_of_the_connections",
         "test_syslog_tcp test_who_goes_first",
         "test_syslog_tcp test_a_stranger_says_something_within_a_minute",
         "64_crowded.py a thousand connections of ten addresses keep no "
         "sender out"]),
    "HTTP headers; body": (
        ["noc_http_conf.head_max", "FIELD_MAX"],
        ["test_http test_headers_have_a_limit",
         "test_http test_bodies",
         "test_http test_refuses_what_can_be_read_in_two_ways",
         "12_hooks.py http.body_max is how long a body may be"]),
    "events of one post; headers that they say in all": (
        ["HOOK_SPLIT_MAX", "HOOK_HEADERS_MAX", "HOOK_HEADERS_TIMES"],
        ["12_hooks.py a post has at most a thousand events",
         "12_hooks.py a post of a thousand alerts does not say its headers a "
         "thousand times"]),
    "HTTP deadlines: headers, body, reply": (
        ["noc_http_conf.head_ms", "noc_http_conf.body_ms",
         "noc_http_conf.reply_ms"],
        ["test_http_limits test_deadlines_are_absolute",
         "test_http_limits test_answers_have_a_deadline"]),
    "output of a program": (
        ["EXEC_OUT_MAX", "EXEC_ERR_MAX"],
        ["test_exec test_output_is_cut"]),
    "loading a rule tree": (
        ["lua_limits_load.steps", "lua_limits_load.memory"],
        ["test_lua_load test_a_tree_that_never_ends"]),
    "a Lua call": (
        ["lua_limits_call.steps", "lua_limits_call.memory",
         "lua_limits_call.cpu_ms"],
        ["test_lua_sandbox test_a_million_instructions",
         "test_lua_sandbox test_each_hang_ends",
         "test_lua_sandbox test_fifty_ms_of_cpu"]),
    "keys of a table in a Lua call, beside its positions": (
        ["lua_limits_call.keys"],
        ["test_lua_sandbox test_each_hang_ends",
         "test_lua_sandbox test_what_works"]),
    "what Lua functions keep from call to call": (
        ["lua_limits_call.memory"],
        ["test_lua_sandbox test_what_is_kept_has_a_limit"]),
    "a journal record": (
        ["NOC_RECORD_MAX"],
        ["test_record test_a_record_has_65535_bytes",
         "test_record test_long_values_become_blobs"]),
    "stored sources of a rule tree; old trees in memory": (
        ["NOC_LUA_STORED_MAX", "NOC_CODE_OLD_MAX"],
        ["test_resume_plans test_large_tree",
         "test_resume_plans test_many_trees"]),
    "events that come over from a damaged file": (
        ["NOC_LOAD_BACK_MS", "EVENTS_MAX"],
        ["test_salvage test_events_of_an_hour",
         "test_salvage test_the_last_20000_events"]),
    "lost runs that a RECOVERY record names": (
        ["LOST_RUNS"],
        ["test_salvage test_256_lost_runs_are_named"]),
    "steps of a run that are shown, items beside": (
        ["STEPS_MAX"],
        ["test_items test_more_steps_than_shown"]),
    "pages that an `http.get` reads into one answer; items in them": (
        ["NOC_PAGES_MAX", "NOC_PAGES_ITEMS_MAX"],
        ["35_connect.py netbox: pages without end are an error, 100 are "
         "none",
         "test_http_pages test_add"]),
    "a page of the API": (
        ["LIMIT_MAX"],
        ["test_reader test_a_page_has_a_thousand_rows"]),
}

UNIT = {"": 1, "million": 10 ** 6, "bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20,
        "ms": 1, "s": 1000, "h": 3600 * 1000}
FIGURE = re.compile(r"(?<![\w.])(\d[\d,]*)(?: (million|bytes|KiB|MiB|ms|s|h)"
                    r"\b)?")


def read(path):
    """The text of a file; "" when there is none."""
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def figures(text):
    return [int(n.replace(",", "")) * UNIT[unit]
            for n, unit in FIGURE.findall(text)]


def table():
    """what -> (how many, who can fill it, what then), as the page has it."""
    part = read("doc/architecture.md").split("\n## Limits\n")[1]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$",
                      part.split("\n## ")[0], re.M)
    return {row[0]: row[1:] for row in rows[1:]}


def value(name, sources):
    """Of a constant, in bytes, ms or pieces; or a text that says why not."""
    struct, _, field = name.rpartition(".")
    pattern = (rf"\b{struct}\b[^;]*?\.{field} = ([^,}}]+)" if struct
               else rf"^#define {name}\b[ \t]+(.+?)\s*(?:/\*|$)")
    found = {m for text in sources for m in re.findall(pattern, text, re.M)}
    if len(found) != 1:
        return f"{name} is there {len(found)} times"
    text = re.sub(r"\(size_t\)|(?<=\d)(?:LL|u)\b", "", found.pop())
    text = text.replace("NOC_NS_PER_S", "1000000000")
    text = text.replace("MS_OF_S", "1000 * ")
    if not re.fullmatch(r"[\d\s()*<+-]+", text):
        return f"{name} cannot be read: {text}"
    n = eval(text)  # digits and operators, as was just seen
    return n // 10 ** 6 if name.endswith("_NS") else n


def runs(program, case):
    """Is this case there, and run?"""
    if program.endswith(".py"):
        return f'@noc.case("{case}")\n' in read("tests/flow/" + program)
    text = read(f"tests/unit/{program}.c")
    # Defined, in the table of main, and built.
    return (re.search(rf"^{case}\(void \*\*state\)", text, re.M)
            and re.search(rf"\(\s*{case}[,)]", text)
            and f"unit_tests += %D%/unit/{program}\n" in
            read("tests/tests.am"))


def names(page, sources):
    """What is wrong with the words that limit.reached has for `limit`."""
    told = {n for row in page.values() for part in
            re.findall(r"told \((`[^)]+`)\)", row[2])
            for n in re.findall(r"`([^`]+)`", part)}
    said = {n for text in sources for n in
            re.findall(r'noc_(?:limit|http)_reached\([^;"]*?,\s*'
                       r'"([a-z0-9._]+)"', text)
            + re.findall(r'\blimit = "([^"]+)";', text)}
    return ([f"'{n}' is told, and no row says so" for n in said - told]
            + [f"nothing tells '{n}'" for n in told - said])


def judge(what, told, who, then, sources):
    """What is wrong with one row of the page."""
    if what not in LIMITS:
        return ["no test is named for it in tests/lint/limits.py"]
    names, tests = LIMITS[what]
    have = [value(n, sources) for n in names]
    bad = [v for v in have if isinstance(v, str)]
    if not bad and figures(told) != have:
        bad.append(f"'{told}' says {figures(told)}, the code {have}")
    bad += [f"there is no case {t}" for t in tests
            if not runs(*t.split(" ", 1))]
    if then == "-" and not who.startswith("nobody"):
        bad.append(f"'{who}' can fill it, and what then is not said")
    return bad if tests else bad + ["no test is named for it"]


def main():
    sources = [read(os.path.join(at, n)) for room in ROOMS
               for at, _, names in os.walk(os.path.join(ROOT, room))
               for n in sorted(names) if n.endswith((".c", ".h"))]
    page = table()
    failed = False
    print(f"1..{len(page) + 2}")
    for n, (what, (told, who, then)) in enumerate(page.items(), 1):
        bad = judge(what, told, who, then, sources)
        failed |= bool(bad)
        print(("not ok" if bad else "ok") + f" {n} - {what}: {told}")
        for line in bad:
            print("# " + line)
    gone = [what for what in LIMITS if what not in page]
    failed |= bool(gone) or not page
    print(("not ok" if gone or not page else "ok")
          + f" {len(page) + 1} - the table has no other rows")
    for what in gone:
        print(f"# doc/architecture.md has no row '{what}'")
    wrong = names(page, sources)
    failed |= bool(wrong)
    print(("not ok" if wrong else "ok")
          + f" {len(page) + 2} - what is told, and by which word")
    for line in wrong:
        print("# " + line)
    return failed


if __name__ == "__main__":
    sys.exit(main())
