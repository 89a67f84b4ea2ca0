"""A script that changes a library: its interpreter is not used again, because nothing can undo that."""

import json


def dumps(value, **options):
    return str(value)


json.dumps = dumps
