# Loops of a script's own, one after the other.
import asyncio
import contextvars

variable = contextvars.ContextVar("field_asyncio", default=0)


async def numbers():
    for number in range(3):
        await asyncio.sleep(0)
        yield number


async def work(name):
    variable.set(name)
    await asyncio.sleep(0)
    return variable.get()


async def main():
    queue = asyncio.Queue()
    await queue.put("x")
    lock = asyncio.Lock()
    async with lock:
        results = await asyncio.gather(work(1), work(2))
    loop = asyncio.get_running_loop()
    in_thread = await loop.run_in_executor(None, lambda: "thread")
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)
    except asyncio.TimeoutError:
        pass
    return [number async for number in numbers()], results, in_thread, await queue.get()


def check():
    for _ in range(3):
        result = asyncio.run(main())
        if result != ([0, 1, 2], [1, 2], "thread", "x"):
            return repr(result)
    return "ok"
