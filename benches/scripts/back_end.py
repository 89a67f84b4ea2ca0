"""A back end that gives back what it gets."""

import os

from bridge_runtime import PythonBridge


class Echo(PythonBridge):
    def echo(self, data):
        return data

    def pid(self):
        return os.getpid()


if __name__ == "__main__":
    Echo().run()
