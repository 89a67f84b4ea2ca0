# A package beside the script is the script's: what was changed in it is read at the next load.
# field: runtimes = sub own-gil
# field: files = helper
import os

import field_helper
from field_helper import part

FOLDER = os.path.dirname(os.path.abspath(field_helper.__file__))
with open(os.path.join(FOLDER, "part.py")) as file:
    written = file.read().strip()
loads = field_helper.count()


def before_unload():
    # Longer each time: two changes within a second differ in length.
    with open(os.path.join(FOLDER, "part.py"), "w") as file:
        file.write(written[:-1] + 'x"\n')


def check():
    told = f'value = "{part.value}"'
    if told != written:
        return f"{told} instead of {written}"
    return "ok" if loads == 1 else f"counted {loads}: the module of the load before"
