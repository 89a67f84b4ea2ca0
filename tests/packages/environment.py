"""Virtual environments with packages from PyPI, for tests.

They are made once for each Python and list of requirements, and kept for the next run in the
folder VH_TEST_ENVIRONMENTS, else beside other temporary files.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# A numpy for each Python, as lines of a requirements.txt.
NUMPY = """\
numpy==2.0.2 ; python_version < "3.10"
numpy==2.2.6 ; python_version >= "3.10" and python_version < "3.14"
numpy==2.3.5 ; python_version == "3.14"
numpy==2.5.5 ; python_version >= "3.15"
"""


def environment(requirements):
    """The folder of an environment with what a requirements.txt, given as text, asks for."""
    base = os.environ.get("VH_TEST_ENVIRONMENTS") or Path(tempfile.gettempdir(), "vh-environments")
    key = f"{sys.executable} {platform.python_version()}\n{requirements}"
    folder = Path(base) / hashlib.sha256(key.encode()).hexdigest()[:16]
    if not folder.exists():
        make(folder, requirements)
    return folder


def make(folder, requirements):
    # Made under a name of its own and moved into place whole, so that two tests may want the same
    # at once. Its programs know the first path only; packages can be imported from the new one.
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=folder.parent))
    try:
        (unfinished / "requirements.txt").write_text(requirements)
        subprocess.run([sys.executable, "-m", "venv", unfinished], check=True)
        python = str(unfinished / "bin" / "python")
        pip = [python, "-m", "pip", "--disable-pip-version-check"]
        what = ["--only-binary", ":all:", "-r", str(unfinished / "requirements.txt")]
        subprocess.run([*pip, "install", "--quiet", *what], check=True)
        if not folder.exists():
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
