"""A script that imports much of the standard library and uses none of it."""

import asyncio
import datetime
import decimal
import json
import re
import sqlite3
import ssl
import threading

try:
    import ctypes
except ImportError:  # Python 3.12 refuses it in an interpreter with a lock of its own.
    ctypes = None
