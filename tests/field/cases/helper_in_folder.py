# The same for modules in a folder of the hub that the script puts on its path.
# field: runtimes = sub own-gil
# field: files = library
import os
import sys

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib")
sys.path.append(folder)

import field_single  # noqa: E402
import field_space.inner  # noqa: E402

field_single.seen.append(1)
field_space.inner.seen.append(1)


def check():
    counts = len(field_single.seen), len(field_space.inner.seen)
    return "ok" if counts == (1, 1) else f"modules of the load before: {counts}"
