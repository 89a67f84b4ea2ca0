# Fails while it loads, after it has begun to do something.
import vh

vh.mc("loading")
raise ValueError("on purpose")
