# Threads, locals and pools, one of which is left to itself.
import concurrent.futures
import threading

local = threading.local()
local.value = "main"
left = concurrent.futures.ThreadPoolExecutor(2)


def check():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(hasattr(local, "value")))
    thread.start()
    thread.join()
    if seen != [False] or local.value != "main":
        return f"local {seen}"
    if list(left.map(abs, [-1, -2])) != [1, 2]:
        return "pool"
    timer = threading.Timer(3600, print)
    timer.start()
    timer.cancel()
    done, _ = concurrent.futures.wait([left.submit(threading.get_ident)], timeout=30)
    return "ok" if len(done) == 1 else "not done"
