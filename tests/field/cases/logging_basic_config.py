# `basicConfig` does something at each load, since the root logger has no handler of the load before.
# field: second = bystander.py
import logging

found = len(logging.getLogger().handlers)
stream_lines = []


class Stream:
    def write(self, text):
        stream_lines.append(text)

    def flush(self):
        pass


logging.basicConfig(stream=Stream(), level=logging.INFO, format="%(levelname)s %(message)s")


def check():
    stream_lines.clear()
    logging.info("hello")
    return (
        "ok"
        if "".join(stream_lines) == "INFO hello\n"
        else f"{found} handlers before: {stream_lines}"
    )
