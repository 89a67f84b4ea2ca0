"""Work that a script gives to the host's thread with `vh.run_in_host`."""


class Jobs(Part):
    def give_to_host(self, work):
        from concurrent.futures import Future

        future = Future()
        if self.closed:
            future.set_exception(RuntimeError("the script is being unloaded"))
            return future
        self.jobs.append((work, future))
        if in_host_call():
            self.run_jobs()
        else:
            notify(self.script)
        return future

    def run_jobs(self):
        """Runs what `vh.run_in_host` was given, on the host's thread."""
        jobs, self.jobs = self.jobs, []
        for work, future in jobs:
            if future.set_running_or_notify_cancel():
                self.run_job(work, future)
        self.turn()

    def run_job(self, work, future):
        try:
            result = work() if callable(work) else work
            if not hasattr(result, "__await__"):
                future.set_result(result)
                return
            task = self.own_loop().create_task(as_coroutine(result))
            self.tasks.add(task)
            task.add_done_callback(lambda task: self.settle(task, future))
        except BaseException as exception:
            future.set_exception(exception)

    def settle(self, task, future):
        self.tasks.discard(task)
        if task.cancelled():
            future.cancel()
        elif task.exception() is not None:
            future.set_exception(task.exception())
        else:
            future.set_result(task.result())

    def has_jobs(self):
        return bool(self.jobs)

    def fail_jobs(self):
        self.closed = True
        jobs, self.jobs = self.jobs, []
        for _, future in jobs:
            if future.set_running_or_notify_cancel():
                future.set_exception(RuntimeError("the script is being unloaded"))
