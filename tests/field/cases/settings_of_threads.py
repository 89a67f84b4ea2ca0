# Functions that trace the threads of one script do not trace those of the next.
# field: second = bystander.py
import threading

traced = []
found = []


def run():
    thread = threading.Thread(target=found.append, args=(threading.current_thread().name,))
    thread.start()
    thread.join()


def trace(frame, event, argument):
    traced.append(event)


marks = threading.__dict__.setdefault("_field_marks", [])
before = len(marks)
run()
told_by_others = len(marks) - before


def mark(frame, event, argument):
    marks.append(event)


threading.settrace(mark)
threading.setprofile(mark)
hook = threading.excepthook
threading.excepthook = lambda arguments: marks.append(arguments.exc_type)


def check():
    before = len(marks)
    run()
    if len(marks) == before:
        return "not traced"
    if told_by_others:
        return "traced by the load before"
    return "ok" if "<lambda>" not in repr(hook) else "the excepthook of the load before"
