import logging

loads = 1


class Nothing(logging.Handler):
    def emit(self, record):
        pass


logging.getLogger("field.helper").addHandler(Nothing())
