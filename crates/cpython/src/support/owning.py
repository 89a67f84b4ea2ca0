"""Which threads are a script's."""


class OwnThreads(Part):
    def owns(self, thread):
        return not self.shared or getattr(thread, "_vh_script", None) == self.script

    def thread_ids(self):
        """Ids of the script's threads; those started without threading are known by our hook."""
        ids = {thread.ident for thread in self.threads()}
        return list(ids if self.shared else ids | RAW_THREADS)
