"""A back end that gives back what it gets."""

from bridge_runtime import PythonBridge


class Echo(PythonBridge):
    def echo(self, data):
        return data


if __name__ == "__main__":
    Echo().run()
