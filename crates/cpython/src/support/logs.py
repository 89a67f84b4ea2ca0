"""What scripts log with Python's logging."""


def text_of_record(record):
    """What a logging.LogRecord says, with its traceback if it has one."""
    return loaded("logging").Formatter().format(record)


# Functions of logging as Python has them, where tell_loggers_apart has replaced them.
AS_BEFORE = {}


def tell_loggers_apart():
    """In the main interpreter, whose scripts share all loggers: notes what each of them puts there."""
    logging = standard_module("logging")
    add_filter, add_handler = logging.Filterer.addFilter, logging.Logger.addHandler
    set_level, configure = logging.Logger.setLevel, logging.basicConfig

    def addFilter(self, filter):
        add_filter(self, filter)
        mark(filter, scope_behind(sys._getframe(1)))

    def addHandler(self, hdlr):
        add_handler(self, hdlr)
        mark(hdlr, scope_behind(sys._getframe(1)))

    def setLevel(self, level):
        before = self.level
        set_level(self, level)
        scope = scope_behind(sys._getframe(1))
        if scope is not None:
            before, _ = scope.levels.get(self, (before, None))
            scope.levels[self] = (before, self.level)

    def basicConfig(**settings):
        scope = scope_behind(sys._getframe(1))
        if scope is not None:
            scope.log_settings = settings
        configure(**settings)

    logging.Filterer.addFilter, logging.Logger.addHandler = addFilter, addHandler
    logging.Logger.setLevel, logging.basicConfig = setLevel, basicConfig
    AS_BEFORE.update(setLevel=set_level, basicConfig=configure)


def configure_next():
    """Does for another script what it asked logging.basicConfig for: nothing, as long as a script
    that is gone had done so.
    """
    root = loaded("logging").root
    scopes = [s for s in list(SCOPES.values()) if s.log_settings is not None and not s.closed]
    if scopes and not root.handlers:
        before = root.level
        AS_BEFORE["basicConfig"](**scopes[0].log_settings)
        scopes[0].levels[root] = (before, root.level)
        for handler in root.handlers:
            mark(handler, scopes[0])


def mark(object, scope):
    """Notes whose a handler or filter is: the first script's that puts it somewhere."""
    if scope is not None and getattr(object, "_vh_script", None) not in SCOPES:
        try:
            object._vh_script = scope.script
        except AttributeError:
            pass  # It has no room for that; its class may tell.


def all_loggers():
    logging = loaded("logging")
    known = list(logging.root.manager.loggerDict.values())
    return [logging.root, *(logger for logger in known if isinstance(logger, logging.Filterer))]


def new_handler_class():
    import logging

    class LogHandler(logging.Handler):
        """Writes to the hub's log, under the script that logs. `owner` made it; None is for a module
        that scripts share.
        """

        def __init__(self, level, owner):
            super().__init__(level)
            self.owner = owner

        def emit(self, record):
            owner = self.owner
            if owner is not None and SCOPES.get(owner.script) is not owner:
                return  # The script is gone.
            scope = owner
            if owner is None or owner.shared:
                scope = current_scope() or owner
            if scope is None or (scope is not owner and scope.hears(record, self)):
                return
            try:
                scope.vh.log(self.format(record), record.levelno)
            except Exception:
                self.handleError(record)
            except SystemExit:
                if scope is current_scope():
                    raise  # A thread of the script that is to end.

    return LogHandler


class Logging(Part):
    # What the script asked logging.basicConfig for.
    log_settings = None

    def new_log_handler(self, level):
        __import__("logging")
        # Called by a module that other scripts import too, the handler is nobody's.
        is_own = not self.shared or sys._getframe(2).f_globals is self.namespace
        return new_handler_class()(level, self if is_own else None)

    def hears(self, record, handler):
        """Whether another handler writes a record of this script to the hub's log."""
        logger = loaded("logging").getLogger(record.name)
        while logger is not None:
            for other in list(logger.handlers):
                if other is not handler and getattr(other, "owner", None) is self:
                    return True
            logger = logger.parent if logger.propagate else None
        return False

    def leave_loggers(self):
        """Takes away what the script put on loggers."""
        run_file_with("belonging")
        own = belonging(self.namespace, vh=self.vh)
        for logger in all_loggers():
            if own.has_class(type(logger)):
                logger.__class__ = loaded("logging").Logger
            for filter in [filter for filter in logger.filters if self.has_put(filter, own)]:
                logger.removeFilter(filter)
            for handler in [handler for handler in logger.handlers if self.has_put(handler, own)]:
                logger.removeHandler(handler)
                self.close_handler(handler)
        if self.shared:
            self.leave_levels()
            configure_next()

    def has_put(self, object, own):
        if self.shared:
            return getattr(object, "_vh_script", None) == self.script or own.has(object)
        # Libraries put handlers that do nothing on their loggers.
        return type(object) is not loaded("logging").NullHandler

    def close_handler(self, handler):
        try:
            handler.flush()
            handler.close()
        except BaseException as exception:
            self.failures.append(("closing a log handler", exception))

    def leave_levels(self):
        for logger, (before, after) in self.levels.items():
            if logger.level == after:
                AS_BEFORE["setLevel"](logger, before)
            for scope in SCOPES.values():
                if scope.levels.get(logger, (None,))[0] == after:
                    scope.levels[logger] = (before, scope.levels[logger][1])
