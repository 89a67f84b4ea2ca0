"""The event loop of a script, for its `async def` hooks and functions."""


async def outcome(awaitable):
    try:
        return await awaitable, None
    except BaseException as exception:
        return None, exception


async def as_coroutine(awaitable):
    return await awaitable


def swap_task(loop, task):
    """Makes a task the one that runs on a loop, which runs in this thread, and returns that before.

    From 3.14 on a thread has one such task, not one for each loop, and cannot enter another.
    """
    swap = getattr(loaded("asyncio").tasks, "_swap_current_task", None)
    return None if loop is None or swap is None else swap(loop, task)


class Coroutines(Part):
    def own_loop(self):
        if self.loop is None or self.loop.is_closed():
            import asyncio

            self.loop = asyncio.new_event_loop()
        return self.loop

    def start(self, coroutine, place):
        """Starts an `async def` hook; it goes on at later calls."""
        self.own_loop().call_soon_threadsafe(self.adopt, coroutine, place)
        self.turn()

    def adopt(self, coroutine, place):
        task = self.loop.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(lambda task: self.finished(task, place))

    def finished(self, task, place):
        self.tasks.discard(task)
        if task.cancelled():
            return
        exception = task.exception()
        if exception is not None:
            self.failures.append((place, exception))

    def turn(self):
        """Runs what is ready on the script's loop, without waiting."""
        asyncio = loaded("asyncio")
        loop = self.loop
        if loop is None or loop.is_closed() or asyncio._get_running_loop() is not None:
            return
        if not self.loop_lock.acquire(False):
            return
        try:
            for _ in range(16):
                loop.call_soon(loop.stop)
                loop.run_forever()
                if not getattr(loop, "_ready", None):
                    break
        finally:
            self.loop_lock.release()

    def complete(self, coroutine):
        """Runs a coroutine to its end and returns its result."""
        import asyncio

        outer = asyncio._get_running_loop()
        is_free = outer is None and self.loop_lock.acquire(False)
        # While the script's loop waits further up on some stack, this call gets one of its own.
        loop = self.own_loop() if is_free else asyncio.new_event_loop()
        task = swap_task(outer, None)
        asyncio._set_running_loop(None)
        try:
            result, exception = loop.run_until_complete(self.serving(coroutine))
        finally:
            asyncio._set_running_loop(outer)
            swap_task(outer, task)
            if is_free:
                self.loop_lock.release()
            else:
                loop.close()
        if exception is not None:
            raise exception
        return result

    @staticmethod
    async def serving(coroutine):
        """Answers the vh calls of other threads while the coroutine waits, perhaps for them.

        Returns (result, None) or (None, exception): SystemExit would end the loop, not the task.
        """
        import asyncio

        task = asyncio.ensure_future(outcome(coroutine))
        while not task.done():
            serve()
            await asyncio.wait([task], timeout=0.01)
        return task.result()
