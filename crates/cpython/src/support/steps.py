"""Looking at each step of the interpreter's Python code, from 3.12 on; see force_stop.rs.

step(code, ...) is a builtin of the library: it raises TimeoutError where a call is to end.
"""

MONITORING = getattr(sys, "monitoring", None)
# Ids that are meant for no special kind of tool come first.
STEP_TOOLS = (4, 3, 2, 1, 0, 5)
STEP_TOOL = None


def standard_folder():
    """Where the standard library is, with a slash at its end; "" when that is not known."""
    return STANDARD_FOLDER and STANDARD_FOLDER + "/"


def step_events():
    events = MONITORING.events
    return (
        events.LINE,
        events.JUMP,
        events.PY_START,
        events.PY_RESUME,
        events.PY_THROW,
        events.EXCEPTION_HANDLED,
    )


def watch_steps():
    """From now on step() is called at each step of all threads of the interpreter."""
    global STEP_TOOL
    if STEP_TOOL is not None:
        return
    tool = next((tool for tool in STEP_TOOLS if MONITORING.get_tool(tool) is None), None)
    if tool is None:
        return
    MONITORING.use_tool_id(tool, "deadline")
    STEP_TOOL = tool
    for event in step_events():
        MONITORING.register_callback(tool, event, step)
    MONITORING.set_events(tool, sum(step_events()))


def unwatch_steps():
    """It is not called any more."""
    global STEP_TOOL
    tool, STEP_TOOL = STEP_TOOL, None
    if tool is None:
        return
    MONITORING.set_events(tool, 0)
    for event in step_events():
        MONITORING.register_callback(tool, event, None)
    MONITORING.free_tool_id(tool)
