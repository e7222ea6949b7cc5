#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Captures what manifest.json says of a daemon that is killed, as
spine.tar.xz.  For a given binary:

    NOCTURNE=/path/to/nocturne tests/data/spine/make.py [FILE]

The archive in the tree is of the first version (README.md) and is not made
again: it stands for the files that are out there.  This makes another one
beside it when a later version keeps what this one does not know.
"""
import io
import json
import os
import sqlite3
import sys
import tarfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "crash"))
import spine  # noqa: E402
import noc  # noqa: E402

# The times of the schedules in rules/state.lua are about this one.
BEGIN = 1795514397 * spine.NS  # 2026-11-24T09:59:57Z
LATER = BEGIN + 600 * spine.NS  # no schedule is due then
LIVES = 5  # the run blocked-often dies in each of them, and once more
# What is not of the capture: secrets are of the test, the rest of the process.
NOT_STATE = ("secrets", "lock", "nocturne.db-shm", ".sock")
# The commits of a start are a few; how many depends on how they are grouped.
COMMITS = list(range(3, 9)) * 20


def items(capture):
    return {name: said for name, said in spine.manifest()["items"].items()
            if said.get("capture", "spine") == capture}


def state(play):
    """What kill -9 left: name -> bytes."""
    out = {}
    for name in sorted(os.listdir(play.d.state)):
        if name.endswith(NOT_STATE):
            continue
        with open(os.path.join(play.d.state, name), "rb") as f:
            out[name] = f.read()
    return out


def captured(play):
    play.holds()
    play.verify()
    said = {"killed_ns": play.killed_ns, "binary": noc.nocturne(
        "--version").stdout.strip(), "effects": play.world.effects(),
        "answers": play.answers}
    return {**state(play), "captured.json":
            json.dumps(said, indent=1).encode() + b"\n"}


def kill(play):
    play.d.kill()
    play.killed_ns = play.now()


def capture_spine():
    with spine.Play(items("spine")) as play:
        play.rule_files("runs.lua", "state.lua", "gone.lua")
        play.start(BEGIN - 60 * spine.NS)
        noc.equal(play.d.stop(), 0, "exit status")
        play.start(BEGIN)
        play.play("early")
        kill(play)
        play.rule_files("runs.lua", "state.lua")
        often, = (i for i in play.items if i.name == "blocked-often")
        for life in range(1, LIVES + 1):
            play.start(BEGIN + (50 + 10 * life) * spine.NS)
            play.play("life")
            play.do_run(often, {"json.recoveries": life, "json.wait": "call",
                                "json.attempt": life + 1})
            kill(play)
        play.start(LATER)
        play.play("then")
        # A count is stored at most once a second, the next one stores all.
        time.sleep(1.2)
        play.play("again")
        play.play("last")
        kill(play)
        return captured(play)


def capture_killed():
    with spine.Play(items("killed")) as play:
        play.rule_files("runs.lua", "state.lua")
        play.start(LATER)
        play.play("then")
        kill(play)
        return captured(play)


def capture_emit(name):
    """Killed between two commits of an emit step: which one is tried out."""
    for commits in COMMITS:
        with spine.Play(items(name)) as play:
            play.rule_files("runs.lua", "state.lua")
            try:
                play.start(LATER,
                           NOCTURNE_CRASH="writer.after_commit:%d" % commits)
                play.play("then")
            except (noc.Failure, OSError):
                pass  # killed while it started, or before it answered
            noc.equal(play.d.wait(), -9, "its end after %d commits" % commits)
            play.killed_ns = play.now()
            try:
                return captured(play)
            except (noc.Failure, sqlite3.Error) as why:
                print("# %s at %d: %s" % (name, commits, why), flush=True)
    raise noc.Failure("no commit leaves what %s is about" % name)


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else spine.ARCHIVE
    captures = {"spine": capture_spine(), "killed": capture_killed(),
                **{name: capture_emit(name)
                   for name in ("emit-before", "emit-after")}}
    with tarfile.open(path, "w:xz", preset=9) as tar:
        for capture, files in captures.items():
            for name, data in files.items():
                info = tarfile.TarInfo("%s/%s" % (capture, name))
                info.size, info.mode = len(data), 0o600
                tar.addfile(info, io.BytesIO(data))
    print("%s: %d bytes" % (path, os.path.getsize(path)))


if __name__ == "__main__":
    main()
