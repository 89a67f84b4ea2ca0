# The recipe of the guide, in two scripts; one goes and the other logs on.
import logging

import vh

logging.basicConfig(
    handlers=[vh.log_handler()], level=logging.DEBUG, format="%(name)s: %(message)s"
)


def check():
    # Below the level that the log shows.
    logging.getLogger("shop").debug("stock")
    logging.debug("more")
    return "ok"
