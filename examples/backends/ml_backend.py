"""A back end around a model that was saved with joblib, such as one of scikit-learn."""

from bridge_runtime import PythonBridge


class MLBackend(PythonBridge):
    def __init__(self):
        super().__init__()
        self.model = None

    def load_model(self, path: str):
        # Imported here, so that the back end is ready at once.
        import joblib

        self.model = joblib.load(path)
        return {"status": "loaded", "path": path}

    def predict(self, features: list):
        """The class of one row of features, and how sure the model is."""
        if self.model is None:
            raise RuntimeError("no model is loaded: call load_model first")
        import numpy

        rows = numpy.array(features).reshape(1, -1)
        # A number or text of numpy may be returned as it is; an array needs tolist().
        return {
            "prediction": self.model.predict(rows)[0],
            "confidence": self.model.predict_proba(rows).max(),
        }


if __name__ == "__main__":
    MLBackend().run()
