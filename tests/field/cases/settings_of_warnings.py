# Filters and the function that shows warnings are a script's own.
# field: second = bystander.py
import logging
import warnings

filters = len(warnings.filters)
shown = warnings.showwarning
strict = any(kind == "error" for kind, *_ in warnings.filters)
memory = warnings.__dict__.setdefault("_field_first", [filters])
warnings.simplefilter("error")
warnings.filterwarnings("ignore", module="field")
logging.captureWarnings(True)


def check():
    try:
        warnings.warn("of the script", UserWarning)
    except UserWarning:
        pass
    else:
        return "no error"
    if strict:
        return "the filters of the load before"
    return "ok" if "logging" not in shown.__module__ else "the load before still shows warnings"
