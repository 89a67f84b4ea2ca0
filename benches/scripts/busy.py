"""A script whose work needs the whole processor."""

import threading

stop = False


def spin(count):
    total = 0
    for number in range(count):
        total += number & 3
    return total


def keep_busy():
    while not stop:
        spin(100)


def start_thread():
    threading.Thread(target=keep_busy).start()


def stop_thread():
    global stop
    stop = True
