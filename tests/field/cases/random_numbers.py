# Random numbers and identifiers.
import random
import secrets
import uuid

numbers = random.Random(7).sample(range(1000), 3)


def check():
    if random.Random(7).sample(range(1000), 3) != numbers:
        return "not repeatable"
    if uuid.uuid4() == uuid.uuid4() or uuid.uuid5(uuid.NAMESPACE_DNS, "a").version != 5:
        return "uuid"
    if uuid.uuid1() == uuid.uuid1():
        return "uuid1"
    return "ok" if len(secrets.token_hex(8)) == 16 and 0 <= random.random() < 1 else "secrets"
