"""test_trace.py TRACE PROFILE: the trace of `tenka profile --trace` against what the same run printed as JSON. Tracks
must nest, dispatches follow one another within the step that the host waited for, and bear the names of the profile."""
import json
import re
import sys

failures = []


def bad(text):
    print("FAILED: " + text)
    failures.append(text)


def ns(microseconds):
    return round(1000 * microseconds)


def check_nesting(name, events):
    """Events in the order of the file: each begins inside the last one that is open, or after it, and ends inside."""
    open_ends = []
    for begin, end, what in events:
        if end < begin:
            bad(f"{name}: {what} ends before it begins")
        while open_ends and begin >= open_ends[-1] and end > open_ends[-1]:
            open_ends.pop()
        if open_ends and end > open_ends[-1]:
            bad(f"{name}: {what} at {begin} ns leaves the event around it")
        open_ends.append(end)


def check_dispatches(step, dispatches, profile, slack):
    number, begin, end, submit, wait = step
    inside = [d for d in dispatches if begin - slack <= ns(d["ts"]) <= end + slack]
    if [d["args"]["label"] for d in inside] != [d["label"] for d in profile]:
        bad(f"{number}: its {len(inside)} dispatches are not the profile's {len(profile)}")
        return
    for event, want in zip(inside, profile):
        if any(event["args"][key] != want[key] for key in ("layer", "phase", "shapes", "flops", "bytes")):
            bad(f"{number}: {event['args']} is {want} in the profile")
    at = submit - slack
    for event in inside:
        if ns(event["ts"]) < at:
            bad(f"{number}: {event['name']} begins before the one before has ended, or before it was submitted")
        at = ns(event["ts"]) + ns(event["dur"])
    if at > wait + slack:
        bad(f"{number}: the host had stopped waiting when the last dispatch ended")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        trace = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        profile = json.load(file)
    names = {e["tid"]: e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "thread_name"}
    tracks = {}
    for event in trace["traceEvents"]:
        if event["ph"] == "X":
            tracks.setdefault(names[event["tid"]].split(",")[0], []).append(event)
    # Clocks are only as good as their comparison.
    said = re.search(r"within ([\d.]+) us", trace["otherData"]["clock"])
    slack = ns(float(said.group(1))) + 1000 if said else 0
    for name, events in tracks.items():
        key = {"phase": 0, "layer": 1}
        order = sorted(events, key=lambda e: (ns(e["ts"]), -ns(e["dur"]), key.get(e["cat"], 2)))
        check_nesting(name, [(ns(e["ts"]), ns(e["ts"]) + ns(e["dur"]), e["name"]) for e in order])
    if {e["name"] for e in tracks["device"] if e["cat"] == "phase"} != {"forward", "backward", "update"}:
        bad("not each phase is on the device's track")
    steps = []
    for event in tracks["host"]:
        begin, end = ns(event["ts"]), ns(event["ts"]) + ns(event["dur"])
        if event["cat"] == "step":
            steps.append([event["name"], begin, end, None, None])
        elif event["name"] == "submit":
            steps[-1][3] = begin
        elif event["name"] in ("submit", "wait"):
            steps[-1][4] = end
    if len(steps) != profile["steps"] or any(None in step for step in steps):
        bad(f"{len(steps)} steps with submit and wait instead of {profile['steps']}")
    dispatches = [e for e in tracks["device"] if e["cat"] == "dispatch"]
    if len(dispatches) != len(steps) * len(profile["dispatches"]):
        bad(f"{len(dispatches)} dispatches in {len(steps)} steps of {len(profile['dispatches'])}")
    for step in steps:
        if None not in step:
            check_dispatches(step, dispatches, profile["dispatches"], slack)
    print(f"{len(steps)} steps, {len(dispatches)} dispatches; {trace['otherData']['clock']}")
    sys.exit(1 if failures else 0)


main()
