# Files that a script leaves open are closed when it goes, and what was written to them is there.
# field: second = bystander.py
import os

FILE = f"{__file__[:-3]}.txt"


def open_files():
    return sum(os.path.exists(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd"))


if os.path.exists(FILE):
    with open(FILE) as before:
        kept = before.read().splitlines()
else:
    kept = []
mine = [open(FILE, "a") for _ in range(20)]
for number, file in enumerate(mine):
    file.write(f"{number}\n")
count = open_files()
with open(f"{__file__[:-3]}.counts", "a") as counts:
    counts.write(f"{count}\n")


def check():
    with open(f"{__file__[:-3]}.counts") as counts:
        numbers = [int(line) for line in counts]
    # The second load may have some more: what the library itself opens when it unloads first.
    if max(numbers) - numbers[0] >= 20:
        return f"{numbers} open files"
    loads = len(numbers) - 1
    missing = loads * 20 - len(kept)
    return "ok" if not missing else f"{missing} lines are missing"
