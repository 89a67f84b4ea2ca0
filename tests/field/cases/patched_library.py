# A function of a library that a script has replaced is itself again after the script went.
# field: second = bystander.py
import json
import socket
import ssl
import unittest.mock
import urllib.request

found = []
if json.dumps.__module__ != "json":
    found.append("json.dumps")
if json.JSONEncoder.default.__module__ != "json.encoder":
    found.append("json.JSONEncoder.default")
if getattr(socket.getaddrinfo, "__module__", None) != "socket":
    found.append("socket.getaddrinfo")
if ssl._create_default_https_context is not ssl.create_default_context:
    found.append("ssl._create_default_https_context")
if urllib.request._opener is not None:
    found.append("urllib.request.install_opener")


def getaddrinfo(*arguments, **options):
    return []


class Opener(urllib.request.OpenerDirector):
    pass


unittest.mock.patch("json.dumps", lambda value: "patched").start()
json.JSONEncoder.default = lambda self, value: "default"
socket.getaddrinfo = getaddrinfo
ssl._create_default_https_context = ssl._create_unverified_context
urllib.request.install_opener(Opener())


def check():
    return ", ".join(found) or ("ok" if json.dumps(1) == "patched" else "not patched")
