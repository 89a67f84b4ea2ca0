# A loop, tasks and futures that nobody closes. Python tells of the task when it goes.
# field: may-print = ^Task was destroyed but it is pending!$
# field: may-print = ^task: <Task pending
import asyncio

loop = asyncio.new_event_loop()
task = loop.create_task(asyncio.sleep(3600))
loop.run_until_complete(asyncio.sleep(0))


def check():
    async def ends():
        return await asyncio.shield(asyncio.sleep(0, "ok"))

    return loop.run_until_complete(ends())
