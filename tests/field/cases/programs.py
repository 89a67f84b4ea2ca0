# Other programs, and their output.
import os
import subprocess


def check():
    done = subprocess.run(
        ["sh", "-c", "echo out; echo err >&2; exit 3"], capture_output=True, text=True
    )
    if (done.returncode, done.stdout, done.stderr) != (3, "out\n", "err\n"):
        return repr(done)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        answer, _ = process.communicate(b"x", timeout=30)
    return "ok" if answer == b"x" and os.popen("echo y").read() == "y\n" else repr(answer)
