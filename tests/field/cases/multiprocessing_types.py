# Locks and pools of `multiprocessing`: up to 3.11 the type of its locks is one for the process, and
# each import puts new values into it.
import multiprocessing.dummy
import multiprocessing.synchronize


def check():
    with multiprocessing.dummy.Pool(2) as pool:
        if pool.map(abs, [-1, 2]) != [1, 2]:
            return "pool"
    if multiprocessing.synchronize.SemLock.__init__.__module__ != "multiprocessing.synchronize":
        return "another class"
    largest = multiprocessing.synchronize._multiprocessing.SemLock.SEM_VALUE_MAX
    return "ok" if largest == multiprocessing.synchronize.SEM_VALUE_MAX else repr(largest)
