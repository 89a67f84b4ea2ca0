"""The hub under load: runs it in one process and over TCP, checks all counts, prints the table.

It is printed in the style of vh_bench's, which `make bench` prints before. In the environment
VH_LOAD_MESSAGES says how many messages are sent when it is not 200,000.

Every callback is counted where it is sent and where it arrives; counts that differ, or a hub that
closes a connection too early, end this program with an error.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COUNTING = ROOT / "tests" / "stress" / "counting.py"
sys.path.insert(0, str(ROOT / "tests" / "clients"))

import hub as hubs  # noqa: E402

SCRIPTS = (1, 4, 16)
PUBLISHED = "published for the library before: 351,494 messages/s, of which 4,279 reached Python"
GOAL_CALLBACKS = 1_500_000
GOAL_SHARE = 25
# Come by the clock, or after the last count.
NOT_COUNTED = ("OnTimer", "OnUnLoad")
OURS = re.compile(r"/lib(vh_)?python[^/]*\.so")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("hub", "library", "plugin-load", "tcp-load"):
        parser.add_argument(f"--{name}", required=True)
    messages = int(os.environ.get("VH_LOAD_MESSAGES", "200000"))
    parser.add_argument("--messages", type=int, default=messages)
    return parser.parse_args()


def copies(count):
    """The counting script so many times, as (file name, text) pairs."""
    text = COUNTING.read_text(encoding="utf-8")
    return [(f"counting_{i:02}.py", text) for i in range(1, count + 1)]


def run_json(command):
    """Runs a program and returns the JSON object that it prints on a line of its own."""
    done = subprocess.run(command, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        if done.returncode == 0 and line.startswith("{"):
            return json.loads(line)
    sys.exit(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def in_process(options, scripts):
    """Messages and callbacks a second through the plugin class, and what three named calls took."""
    folder = Path(tempfile.mkdtemp(prefix="vh-load-"))
    try:
        for name, text in copies(scripts):
            (folder / name).write_text(text, encoding="utf-8")
        result = run_json([options.plugin_load, options.library, folder, str(options.messages)])
    finally:
        shutil.rmtree(folder)
    return result


def check_counts(log, scripts, expected):
    """Fails unless each script counted what the clients' messages were to reach."""
    line = (
        r"^(?:PY: \[\d+:\S+\] )?(counting_\d+\.py) counted (\{.*\})$"  # older libraries label none
    )
    counted = dict(re.findall(line, log, re.M))
    if len(counted) != scripts:
        sys.exit(f"{len(counted)} of {scripts} scripts told what they counted:\n{log}")
    for script, counts in counted.items():
        for hook, count in json.loads(counts).items():
            if hook not in NOT_COUNTED and count != expected[hook]:
                sys.exit(f"{script} counted {count} × {hook}, but {expected[hook]} were sent")


def over_tcp(options, scripts, meanwhile=None):
    """The clients' figures. `meanwhile` starts a process that watches the hub's."""
    files = [("00_setup.py", (HERE / "setup.py").read_text(encoding="utf-8")), *copies(scripts)]
    # Every hook is counted, also the one that real hubs never call.
    choices = ["--without-habit", "any-ex"]
    accounts = [("operator", 10, "secret")]
    with hubs.Hub(options.hub, options.library, files, options=choices, accounts=accounts) as hub:
        watcher = meanwhile(hub.pid) if meanwhile else None
        result = run_json([options.tcp_load, str(hub.address[1]), str(options.messages)])
        if watcher:
            watcher.send_signal(signal.SIGINT)
            watcher.wait()
        hub.stop()
        check_counts(hub.log(), scripts, result["hooks"])
    sent = sum(count for hook, count in result["hooks"].items() if hook not in NOT_COUNTED)
    return {**result, "scripts": scripts, "callbacks": sent * scripts}


def profile(options):
    """Where the hub's process spends its time with one script, over TCP, in per cent; None where
    perf cannot be used, or began when a short load was over. A sample is ours when the library or its
    Python is on the stack."""
    perf = shutil.which("perf")
    if not perf or subprocess.run([perf, "stat", "true"], capture_output=True).returncode:
        return None
    with tempfile.TemporaryDirectory(prefix="vh-load-") as folder:
        data = f"{folder}/perf.data"

        def record(pid):
            command = [perf, "record", "--quiet", "--freq", "997", "--call-graph", "dwarf"]
            return subprocess.Popen([*command, "--output", data, "--pid", str(pid)])

        over_tcp(options, 1, meanwhile=record)
        command = [perf, "script", "--no-inline", "--fields", "ip,sym,dso", "--input", data]
        samples = subprocess.run(command, capture_output=True, text=True).stdout
    stacks = [sample.splitlines() for sample in re.split(r"\n\s*\n", samples.strip("\n"))]
    return shares(stacks) if samples.strip() else None


def shares(stacks):
    """Per cent of the stacks by whose they are; the first line of each is where it was sampled."""
    parts = dict.fromkeys(("library + Python", "kernel (sockets)", "hub"), 0)
    for stack in stacks:
        if any(OURS.search(frame) for frame in stack):
            parts["library + Python"] += 1
        elif "[kernel" in stack[0]:
            parts["kernel (sockets)"] += 1
        else:
            parts["hub"] += 1
    return {name: 100 * count / len(stacks) for name, count in parts.items()}


def print_line(row, messages="-", callbacks="-", goal="-", verdict=""):
    print(
        f"| {row:<38} | {messages:>10} | {callbacks:>11} | {goal:>22} | {verdict:<6} |", flush=True
    )


def print_speed(row, result, goal=None):
    """A line of messages and callbacks a second; the goal is one of callbacks."""
    messages, callbacks = (result[key] / result["seconds"] for key in ("messages", "callbacks"))
    scripts = result["scripts"]
    row = f"{row}, {scripts} script{'s' if scripts > 1 else ''}"
    verdict = ("met" if callbacks >= goal else "missed") if goal else ""
    goal = f">= {goal:,} callbacks" if goal else "-"
    print_line(row, f"{messages:,.0f}", f"{callbacks:,.0f}", goal, verdict)


def print_profile(parts):
    if parts is None:
        row = "library's share of the hub's time"
        return print_line(row, "no samples", goal=f"< {GOAL_SHARE} %")
    for name, part in parts.items():
        ours = name.startswith("library")
        verdict = ("met" if part < GOAL_SHARE else "missed") if ours else ""
        goal = f"< {GOAL_SHARE} % of the hub" if ours else "-"
        print_line(f"TCP, 1 script: {name}", f"{part:.1f} %", goal=goal, verdict=verdict)
    return None


def main():
    options = arguments()
    print(f"The hub under load: {options.messages:,} messages of all kinds, every callback counted")
    print("at both ends; per second of the clock\n")
    print_line("row", "messages/s", "callbacks/s", "goal")
    print("| --- | --: | --: | --: | --- |")
    plugin = [in_process(options, scripts) for scripts in SCRIPTS]
    best = max(plugin, key=lambda result: result["callbacks"] / result["seconds"])
    for result in plugin:
        print_speed("in-process", result, GOAL_CALLBACKS if result is best else None)
    by_cpu = {**best, "seconds": best["cpu_seconds"]}
    print_speed("in-process, processor time", by_cpu)
    for scripts in SCRIPTS:
        print_speed("over TCP", over_tcp(options, scripts))
    print_profile(profile(options))
    print(f"\nthree calls by id, path and file name: {plugin[0]['by_name_us']:.0f} us together")
    print(PUBLISHED)


if __name__ == "__main__":
    main()
