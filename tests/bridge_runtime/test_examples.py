"""The example back ends do what they say."""

import importlib.util
import unittest

from support import EXAMPLES, BridgeTest

MODEL = """
class Model:
    '''Knows two classes by the sign of the sum.'''
    def __init__(self, names):
        self.names = names
    def predict(self, rows):
        import numpy
        return numpy.array([self.names[int(row.sum() > 0)] for row in rows])
    def predict_proba(self, rows):
        import numpy
        return numpy.array([[0.25, 0.75] for row in rows])
"""
# For a Python without them: as much as the example asks for.
JOBLIB = """
import pickle
def load(path):
    with open(path, "rb") as file:
        return pickle.load(file)
def dump(value, path):
    with open(path, "wb") as file:
        pickle.dump(value, file)
"""
NUMPY = """
class scalar:
    def __init__(self, value): self.value = value
    def item(self): return self.value
class array:
    def __init__(self, values): self.values = values
    def reshape(self, rows, columns): return array([array(self.values)])
    def __iter__(self): return iter(self.values)
    def __len__(self): return len(self.values)
    def __getitem__(self, n): return scalar(self.values[n])
    def sum(self): return sum(self.values)
    def max(self): return scalar(max(max(row) for row in self.values))
"""


class Examples(BridgeTest):
    def example(self, name, *arguments):
        host = self.start("-c", "import bridge_runtime as b; b.main()", "serve", EXAMPLES / name)
        self.facts = host.ready()
        return host

    def test_echo(self):
        host = self.example("echo_backend.py")
        self.assertEqual(host.call("echo", data=["ä", None])["echo"], ["ä", None])
        self.assertEqual(host.call("get_count"), {"count": 0})
        self.assertEqual(host.call("increment"), {"count": 1})
        self.assertEqual(host.call("get_count"), {"count": 1})
        self.assertEqual(host.call("greet", name="Alice"), {"greeting": "Hello, Alice!"})
        self.assertEqual(host.call("divide", a=1, b=2), {"result": 0.5})
        frame = host.call("divide", a=1, b=0)
        self.assert_error(frame, "python", "division by zero")
        self.assertIn("a / b", frame["traceback"])
        self.assertEqual(host.call("wait", seconds=0.01), {"waited": 0.01})
        frames, errors = host.end()
        self.assertEqual((frames, errors), ([], "the echo back end starts\n"))

    def test_streaming(self):
        host = self.example("streaming_backend.py")
        result = host.call("start_streaming", interval=0.001)
        self.assertEqual(result, {"status": "streaming_started", "stream": 1})
        self.assertEqual([host.event("data")["count"] for _ in range(5)], [1, 2, 3, 4, 5])
        self.assertEqual(host.call("stop_streaming"), {"status": "streaming_stopped"})
        self.assertLessEqual({frame["status"] for frame in host.rest()}, {"event"})
        self.assertEqual((host.wait(), host.errors()), (0, ""))

    def test_machine_learning(self):
        for name, text in (("numpy", NUMPY), ("joblib", JOBLIB)):
            if importlib.util.find_spec(name) is None:
                self.write_script(text, f"{name}.py")
        self.write_script(MODEL, "model.py")
        path = str(self.folder / "saved")
        code = f"import joblib, model; joblib.dump(model.Model(['no', 'yes']), {path!r})"
        self.assertEqual(self.start("-c", code).wait(), 0)
        host = self.start(EXAMPLES / "ml_backend.py", paths=[self.folder])
        host.ready()
        self.assert_error(host.call("predict", features=[1]), "python", "load_model")
        self.assertEqual(host.call("load_model", path=path), {"status": "loaded", "path": path})
        for features, name in (([1.5, 2], "yes"), ([-1, 0.5], "no")):
            result = host.call("predict", features=features)
            self.assertEqual(result, {"prediction": name, "confidence": 0.75})
        self.assert_error(host.call("load_model", path=path + ".not"), "python", "No such file")


if __name__ == "__main__":
    unittest.main()
