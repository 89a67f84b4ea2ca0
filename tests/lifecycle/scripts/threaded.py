"""A script with a busy thread and an event loop in another one; both run until they are stopped."""

import asyncio
import threading
import time

stopping = threading.Event()
loop = asyncio.new_event_loop()
threads_are_up = threading.Barrier(3)


def work():
    threads_are_up.wait()
    while not stopping.is_set():
        time.sleep(0.001)


async def tick():
    while True:
        await asyncio.sleep(0.001)


def run_loop():
    asyncio.set_event_loop(loop)
    loop.create_task(tick())
    loop.call_soon(threads_are_up.wait)
    loop.run_forever()


threads = [threading.Thread(target=target, daemon=True) for target in (work, run_loop)]
for thread in threads:
    thread.start()
threads_are_up.wait()


def stop():
    """For bare.c, which has to leave no thread behind; the library stops threads itself."""
    stopping.set()
    loop.call_soon_threadsafe(stop_loop)
    for thread in threads:
        thread.join()
    loop.close()


def stop_loop():
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.call_soon(loop.stop)
