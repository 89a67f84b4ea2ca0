# vh: reload = fresh
"""A script that asks for a new interpreter at each load, and imports what many scripts do."""

import asyncio
import datetime
import json
import logging
import re
