"""How the threads of a script are asked to stop."""


def has_ended(thread):
    """Whether a thread is over, though it is listed: an exception that is sent late may keep it from leaving."""
    return thread._started.is_set() and not thread.is_alive()


class Threads(Part):
    def threads(self):
        """Thread objects that belong to the script and run, but for this one."""
        threading = loaded("threading")
        if threading is None:
            return []
        others = [threading.current_thread(), threading.main_thread()]
        return [
            thread
            for thread in threading.enumerate()
            if thread not in others
            and not isinstance(thread, threading._DummyThread)
            and not has_ended(thread)
            and self.owns(thread)
        ]

    def patient(self):
        """Whether a thread runs that Python itself would wait for at exit."""
        return any(not thread.daemon for thread in self.threads())

    def stacks(self):
        """The stacks of the script's threads: (its Thread object or None, frames from inside)."""
        found = []
        for frame in thread_frames():
            frames = []
            while frame is not None:
                frames.append(frame)
                frame = frame.f_back
            outermost = frames[-1]
            thread = None
            if outermost.f_code.co_name == "_bootstrap":
                thread = outermost.f_locals.get("self")
            if not self.shared or (thread is not None and self.owns(thread)):
                found.append((thread, frames))
        return found

    def describe_threads(self):
        """Name and stack of each thread, for the log."""
        traceback = standard_module("traceback")
        return [
            "thread {}\n{}".format(
                "(without a name)" if thread is None else thread.name,
                "".join(traceback.format_stack(frames[0])).rstrip(),
            )
            for thread, frames in self.stacks()
        ]

    def ask_to_stop(self, hurry):
        """Asks timers, executors and event loops of the script to finish. Never waits.

        Returns whether one of them had not been asked before: a thread may come to it at any time.
        With `hurry` what waits in the queues of executors is cancelled.
        """
        threading = loaded("threading")
        if threading is not None:
            for thread in self.threads():
                if isinstance(thread, threading.Timer):
                    thread.cancel()
            self.expect_cancellation(threading)
        before, self.asked = self.asked, []
        has_asked = False
        for _, frames in self.stacks():
            for frame in frames:
                is_known = any(frame is other for other in before)
                if is_known or self.ask_frame(frame):
                    self.asked.append(frame)
                    has_asked = has_asked or not is_known
                if hurry:
                    self.cancel_pending(frame)
        self.close_loop()
        return has_asked

    def expect_cancellation(self, threading):
        """Threads whose event loop is stopped end with an exception nobody need hear of."""
        if self.quiet_hook is not None:
            return
        self.loud_hook = report = threading.excepthook

        def excepthook(args):
            asyncio = loaded("asyncio")
            quiet = asyncio is not None and (
                issubclass(args.exc_type, asyncio.CancelledError)
                or str(args.exc_value).startswith("Event loop stopped before Future completed")
            )
            if not (quiet and args.thread is not None and self.owns(args.thread)):
                report(args)

        self.quiet_hook = threading.excepthook = excepthook

    def ask_frame(self, frame):
        """Asks the executor or event loop whose thread has this frame; whether there is one."""
        name = frame.f_code.co_name
        if name in ("_worker", "run"):
            executor = self.executor_of(frame)
            if executor is not None:
                executor.shutdown(wait=False)
            return executor is not None
        if name == "run_forever":
            loop = frame.f_locals.get("self")
            kind = getattr(loaded("asyncio"), "AbstractEventLoop", None)
            if kind is not None and isinstance(loop, kind) and not loop.is_closed():
                try:
                    loop.call_soon_threadsafe(self.stop_loop, loop)
                except RuntimeError:
                    return False  # It was closed this moment.
                return True
        return False

    @staticmethod
    def executor_of(frame):
        """The executor of concurrent.futures that a worker, or what manages workers, belongs to."""
        variables = frame.f_locals
        reference = variables.get("executor_reference")
        if reference is None:
            reference = getattr(variables.get("self"), "executor_reference", None)
        return None if reference is None else reference()

    @staticmethod
    def cancel_pending(frame):
        """Cancels what an executor has not begun; the executor itself may be gone."""
        name, variables = frame.f_code.co_name, frame.f_locals
        if name == "_worker" and "executor_reference" in variables:
            queue = variables["work_queue"]
            while not queue.empty():
                try:
                    item = queue.get_nowait()
                except frame.f_globals["queue"].Empty:
                    break
                if item is not None:
                    item.future.cancel()
            # Nobody else would tell its workers.
            queue.put(None)
        elif name == "run" and hasattr(variables.get("self"), "pending_work_items"):
            for item in list(variables["self"].pending_work_items.values()):
                item.future.cancel()

    @staticmethod
    def stop_loop(loop):
        for task in loaded("asyncio").all_tasks(loop):
            task.cancel()
        # The tasks have a moment to clean up.
        loop.call_later(0.05, loop.stop)

    def close_loop(self):
        """Cancels what still runs on the script's loops and closes them."""
        loop, self.loop = self.loop, None
        for loop in (loop, *self.take_current_loops()):
            if loop is not None and not loop.is_running() and not loop.is_closed():
                self.close_one(loop)

    @staticmethod
    def close_one(loop):
        asyncio = loaded("asyncio")
        try:
            # So that calls from other threads become tasks, whose coroutines are told that they end.
            loop.run_until_complete(asyncio.sleep(0))
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks, timeout=1))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    def wake_waiters(self):
        """Wakes threads that wait for a condition, so that they see the exception sent to them."""
        threading = loaded("threading")
        if threading is None:
            return
        wait = threading.Condition.wait.__code__
        for _, frames in self.stacks():
            for frame in frames:
                if frame.f_code is wait and "waiter" in frame.f_locals:
                    try:
                        frame.f_locals["waiter"].release()
                    except RuntimeError:
                        pass  # It was released this moment.
