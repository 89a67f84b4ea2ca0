"""Scripts with packages and Pythons of their own, in processes, beside scripts in the hub's interpreters."""

import subprocess
import sys
import unittest
from pathlib import Path

from hub_test import HubTest

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests" / "packages"), str(ROOT / "tools")]
from environment import NUMPY, environment  # noqa: E402
from test_versions import ask, candidates  # noqa: E402

REQUIREMENTS = f"""\
{NUMPY}joblib==1.5.2
pydantic==2.12.4
"""
RELOADS = 20

# What saves the model, as another program would.
TRAINING = """
import sys
sys.path.insert(0, sys.argv[1])
import joblib, model
joblib.dump(model.Model([-1.0, 0.5, 2.0], ["short", "long"]), sys.argv[1] + "/model.joblib")
"""
MODEL = """
import numpy

class Model:
    def __init__(self, weights, names):
        self.weights, self.names = numpy.array(weights), numpy.array(names)
    def predict(self, rows):
        return self.names[(rows @ self.weights > 0).astype(int)]
"""
# Each answers "NAME" with what its packages say and a number that counts over reloads.
ANSWERING = """
import sys
import vh

{packages}
vh.state["loads"] = vh.state.get("loads", 0) + 1


def OnParsedMsgChat(nick, message):
    if message != "{name}":
        return 1
    vh.usermc(f"{name} says {{answer()}} on {{sys.version_info[1]}} load {{vh.state['loads']}}", nick)
    return 0
"""
MACHINE = """
from pathlib import Path
import joblib, numpy
folder = Path(__file__).parents[1] / "model"
sys.path.insert(0, str(folder))
classifier = joblib.load(folder / "model.joblib")

def answer():
    features = numpy.array([[1.0, 2.0, 3.0], [9.0, 0.0, 0.0]])
    return "/".join(classifier.predict(features).tolist())
"""
CHECKED = """
import pydantic

class User(pydantic.BaseModel):
    nick: str
    shared: int

def answer():
    try:
        User(nick="a", shared="much")
    except pydantic.ValidationError as error:
        return f"{error.error_count()} wrong, {User(nick='a', shared='7').shared} right"
"""
PLAIN = """
def answer():
    return "nothing else"
"""


def other_python():
    """A Python of this machine of another version than this one, from 3.8 on; else this one."""
    for program in candidates():
        told = ask(program)
        if told and (3, 8) <= tuple(told["version"]) != sys.version_info[:2]:
            return program, told["version"][1]
    return sys.executable, sys.version_info[1]


class Environments(HubTest):
    @staticmethod
    def own_environment(folder, program):
        """A new virtual environment of a Python, with a module that only it has."""
        subprocess.run([program, "-m", "venv", "--without-pip", folder], check=True)
        packages = next(folder.glob("lib/python3*/site-packages"))
        (packages / "only_here.py").write_text("TEXT = 'only here'\n")

    @staticmethod
    def save_model(folder, venv):
        folder.mkdir()
        (folder / "model.py").write_text(MODEL)
        subprocess.run([venv / "bin" / "python", "-c", TRAINING, folder], check=True)

    @staticmethod
    def scripts(venv, own):
        texts = {
            "machine": (f"# vh: runtime = worker\n# vh: venv = {venv}", MACHINE),
            "checked": (f"# vh: runtime = worker\n# vh: venv = {venv}", CHECKED),
            "elsewhere": (
                f"# vh: runtime = worker\n# vh: venv = {own}",
                "import only_here\n\ndef answer():\n    return only_here.TEXT\n",
            ),
            "plain": ("# vh: runtime = sub", PLAIN),
            "second": ("# vh: runtime = sub", PLAIN),
        }
        return [
            (f"{name}.py", header + ANSWERING.format(name=name, packages=packages))
            for name, (header, packages) in texts.items()
        ]

    def test_beside_each_other_over_reloads(self):
        folder, venv, mine = self.new_folder(), environment(REQUIREMENTS), sys.version_info[1]
        program, other = other_python()
        own = folder / "own"
        self.own_environment(own, program)
        self.save_model(folder / "model", venv)
        self.hub = self.start(*self.scripts(venv, own), folder=folder)
        admin = self.admin(self.hub)
        expected = {
            "machine": f"long/short on {mine}",
            "checked": f"1 wrong, 7 right on {mine}",
            "elsewhere": f"only here on {other}",
            "plain": f"nothing else on {mine}",
            "second": f"nothing else on {mine}",
        }
        for load in range(1, RELOADS + 2):
            for name, says in expected.items():
                admin.chat(name)
                admin.wait_for(f"{name} says {says} load {load}")
            for name in expected if load <= RELOADS else ():
                admin.chat(f"!pyreload {name}.py")
                admin.wait_for(rf"Reloaded .*{name}\.py")
        self.assertEqual(self.hub.stop(), 0)


if __name__ == "__main__":
    unittest.main()
