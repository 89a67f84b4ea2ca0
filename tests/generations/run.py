"""Differential runs: the same scenes in hubs of all generations; what differs in the transcripts.

    OLD=old.so NEW=new.so run.py --host generations_host    two libraries against each other
    NEW=new.so run.py --host generations_host               one against the transcripts in expected/

Without NEW it is the library that --library names. Ends with 1 when something differs that
../known_differences.toml does not accept.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import compare

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE / "scripts"
EXPECTED = HERE / "expected"
KNOWN = HERE.parent / "known_differences.toml"
GENERATIONS = ("classic", "bidirectional", "python3")
SCENES = sorted(folder.name for folder in SCRIPTS.iterdir())
TIME_LIMIT = 60  # seconds for one scene


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", required=True, help="the program generations_host")
    parser.add_argument("--library", help="the library to look at, if NEW does not name one")
    parser.add_argument("--write", action="store_true", help="write the expected transcripts anew")
    options = parser.parse_args()
    options.old = os.environ.get("OLD")
    options.new = os.environ.get("NEW") or options.library
    for library in filter(None, (options.old, options.new)):
        if not Path(library).is_file():
            parser.error(f"there is no library {library}")
    if not options.new:
        parser.error("name a library with NEW=... or --library")
    return options


def transcript(host, library, generation, scene):
    """The lines of a scene's canonical transcript: no paths of this machine, and how it ended."""
    scripts = SCRIPTS / scene
    with tempfile.TemporaryDirectory(prefix="vh-generations-") as folder:
        file = Path(folder) / "transcript"
        command = [host, os.path.abspath(library), generation, scene, scripts, folder, file]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT
        )
        text = file.read_text(encoding="ascii") if file.exists() else ""
    lines = text.replace(str(scripts), "<scripts>").splitlines()
    if done.returncode < 0:
        lines.append(f"the host was ended by {signal.Signals(-done.returncode).name}")
    elif done.returncode > 0:
        output = done.stderr.decode(errors="backslashreplace").strip().splitlines()
        lines.append(f"the host ended with {done.returncode}: {output[-1] if output else ''}")
    return lines


def expected_file(generation, scene):
    return EXPECTED / generation / f"{scene}.txt"


def write(options):
    for generation in GENERATIONS:
        for scene in SCENES:
            file = expected_file(generation, scene)
            file.parent.mkdir(parents=True, exist_ok=True)
            lines = transcript(options.host, options.new, generation, scene)
            file.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def show(title, found):
    """Prints differences; whether there were none."""
    print(f"{title}: {'no difference' if not found else f'{len(found)} lines differ'}")
    for line in found:
        print(f"  {line}")
    return not found


def against_expected(options):
    """Each transcript is, to the letter, what it was when it was checked in."""
    alike = True
    for generation in GENERATIONS:
        for scene in SCENES:
            old = expected_file(generation, scene).read_text(encoding="ascii").splitlines()
            new = transcript(options.host, options.new, generation, scene)
            alike &= show(f"{generation} {scene}", compare.differences(old, new, []))
    return alike


def between_generations(rows):
    """The expected transcripts of one generation against the next; every row is needed."""
    alike = True
    for old_generation, generation in zip(GENERATIONS, GENERATIONS[1:]):
        for scene in SCENES:
            old, new = (
                expected_file(each, scene).read_text(encoding="ascii").splitlines()
                for each in (old_generation, generation)
            )
            held = [row for row in rows if row.holds_in("generations", scene, generation)]
            found = compare.differences(old, new, held)
            alike &= show(f"{old_generation} to {generation}, {scene}", found)
    unused = [row for row in rows if row.fields["runs"] == "generations" and not row.used]
    for row in unused:
        print(f"{KNOWN.name} has a row that nothing needs: {row.fields}")
    return alike and not unused


def between_libraries(options, rows):
    alike = True
    for generation in GENERATIONS:
        for scene in SCENES:
            old, new = (
                transcript(options.host, library, generation, scene)
                for library in (options.old, options.new)
            )
            held = [row for row in rows if row.holds_in("libraries", scene, generation)]
            alike &= show(f"{generation} {scene}", compare.differences(old, new, held))
    return alike


def main():
    options = arguments()
    rows = compare.read_rows(KNOWN)
    if options.write:
        write(options)
        return
    if options.old:
        alike = between_libraries(options, rows)
    else:
        alike = against_expected(options)
        alike &= between_generations(rows)
    sys.exit(0 if alike else 1)


if __name__ == "__main__":
    main()
