"""What scripts log with Python's logging."""


def text_of_record(record):
    """What a logging.LogRecord says, with its traceback if it has one."""
    return loaded("logging").Formatter().format(record)


class Logging(Part):
    def new_log_handler(self, level):
        import logging

        log = self.vh.log

        class LogHandler(logging.Handler):
            def emit(self, record):
                try:
                    log(self.format(record), record.levelno)
                except Exception:
                    self.handleError(record)

        return LogHandler(level)
