# A policy of the script's own is not that of the next load.
# field: second = bystander.py
# field: pythons = 3.9-3.13
import asyncio

found = type(asyncio.get_event_loop_policy()).__name__


class Policy(asyncio.DefaultEventLoopPolicy):
    pass


asyncio.set_event_loop_policy(Policy())


def check():
    if type(asyncio.get_event_loop_policy()) is not Policy:
        return "not set"
    return "ok" if found != "Policy" else "the policy of the load before"
