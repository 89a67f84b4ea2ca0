"""The packages that are measured: module, distribution on PyPI, and a line or two that use it.

The lines see the module as `module`. Packages that fall back to Python code without a word are
used as scripts use them, and work then; COMPILED_PARTS asks for what they fall back from.
"""

import compiled

PACKAGES = (
    ("Levenshtein", "Levenshtein", "assert module.distance('ab', 'ac') == 1"),
    ("PIL", "pillow", "from PIL import Image; assert Image.new('RGB', (4, 4)).tobytes()"),
    (
        "aiohttp",
        "aiohttp",
        "import asyncio\n"
        "async def work():\n"
        "    async with module.ClientSession() as session: assert not session.closed\n"
        "asyncio.run(work()); module.FormData({'a': '1'})()",
    ),
    (
        "aiosqlite",
        "aiosqlite",
        "import asyncio\n"
        "async def work():\n"
        "    async with module.connect(':memory:') as db:\n"
        "        async with db.execute('select 5') as rows: assert await rows.fetchone() == (5,)\n"
        "asyncio.run(work())",
    ),
    (
        "apscheduler",
        "APScheduler",
        "from apscheduler.schedulers.background import BackgroundScheduler\n"
        "import datetime, threading\n"
        "s = BackgroundScheduler(timezone=datetime.timezone.utc); s.start()\n"
        "ran = threading.Event()\n"
        "s.add_job(ran.set, trigger='date'); assert ran.wait(5); s.shutdown()",
    ),
    ("asyncpg", "asyncpg", "import asyncpg.protocol; assert asyncpg.Range(1, 2).lower == 1"),
    ("bcrypt", "bcrypt", "assert module.hashpw(b'x', module.gensalt(4))"),
    (
        "bs4",
        "beautifulsoup4",
        "assert module.BeautifulSoup('<p>a</p>', 'html.parser').p.text == 'a'",
    ),
    ("cbor2", "cbor2", "assert module.loads(module.dumps({'a': [1]})) == {'a': [1]}"),
    ("cffi", "cffi", "ffi = module.FFI(); assert ffi.new('int *', 3)[0] == 3"),
    (
        "charset_normalizer",
        "charset-normalizer",
        "assert module.from_bytes('Привет, мир, это текст'.encode('cp1251') * 20).best()",
    ),
    (
        "cryptography",
        "cryptography",
        "from cryptography.fernet import Fernet; f = Fernet(Fernet.generate_key())\n"
        "assert f.decrypt(f.encrypt(b'x')) == b'x'",
    ),
    (
        "discord",
        "discord.py",
        "c = module.Client(intents=module.Intents.default()); assert c.user is None\n"
        "assert module.Embed(title='a').to_dict()['title'] == 'a'",
    ),
    (
        "django",
        "django",
        "from django.conf import settings; from django.template import Context, Engine\n"
        "import django; settings.configured or settings.configure(); django.setup()\n"
        "assert Engine().from_string('{{ a }}').render(Context({'a': 1})) == '1'",
    ),
    ("dns", "dnspython", "import dns.message; dns.message.make_query('a.invalid', 'A').to_wire()"),
    (
        "fastapi",
        "fastapi",
        "app = module.FastAPI()\n@app.get('/{n}')\ndef show(n: int): return n\nassert app.openapi()",
    ),
    (
        "feedparser",
        "feedparser",
        "text = '<rss version=\"2.0\"><channel><title>a</title></channel></rss>'\n"
        "assert module.parse(text).feed.title == 'a'",
    ),
    (
        "flask",
        "flask",
        "app = module.Flask('x'); assert app.test_client().get('/').status_code == 404",
    ),
    ("frozenlist", "frozenlist", "assert list(module.FrozenList([1])) == [1]"),
    ("geoip2", "geoip2", "import geoip2.database, geoip2.models"),
    ("gevent", "gevent", "assert module.spawn(lambda: 5).get(timeout=5) == 5"),
    (
        "google.protobuf",
        "protobuf",
        "from google.protobuf import struct_pb2; struct_pb2.Struct()['a'] = 1",
    ),
    ("greenlet", "greenlet", "assert module.greenlet(lambda: 5).switch() == 5"),
    ("grpc", "grpcio", "module.insecure_channel('127.0.0.1:9').close()"),
    ("httptools", "httptools", "assert module.parse_url(b'http://a/b').path == b'/b'"),
    ("httpx", "httpx", "module.Client(verify=False).close()"),
    ("jinja2", "jinja2", "assert module.Template('{{ a }}').render(a=1) == '1'"),
    ("jsonschema", "jsonschema", "module.validate({'a': 1}, {'type': 'object'})"),
    (
        "jwt",
        "PyJWT",
        "key = 'k' * 32; text = module.encode({'a': 1}, key, 'HS256')\n"
        "assert module.decode(text, key, ['HS256']) == {'a': 1}",
    ),
    (
        "lxml",
        "lxml",
        "from lxml import etree; assert etree.fromstring('<a><b/></a>')[0].tag == 'b'",
    ),
    ("markupsafe", "markupsafe", "assert module.escape('<') == '&lt;'"),
    (
        "matplotlib",
        "matplotlib",
        "import io; module.use('agg'); from matplotlib import pyplot\n"
        "figure, axes = pyplot.subplots(); axes.plot([1, 2]); figure.savefig(io.BytesIO())\n"
        "pyplot.close(figure)",
    ),
    ("maxminddb", "maxminddb", "import maxminddb.reader; maxminddb.reader.Reader"),
    (
        "msgpack",
        "msgpack",
        "assert module.unpackb(module.packb({'a': 1})) == {'a': 1}",
    ),
    ("msgspec", "msgspec", "assert module.json.decode(module.json.encode({'a': 1})) == {'a': 1}"),
    ("multidict", "multidict", "assert module.CIMultiDict(a=1)['A'] == 1"),
    ("nacl", "pynacl", "import nacl.utils; assert len(nacl.utils.random(8)) == 8"),
    (
        "numpy",
        "numpy",
        "assert module.arange(5).sum() == 10 and module.linalg.inv([[2.0]])[0][0] == 0.5",
    ),
    ("openai", "openai", "module.OpenAI(api_key='x').close()"),
    ("orjson", "orjson", "assert module.loads(module.dumps({'a': [1, 'b']})) == {'a': [1, 'b']}"),
    ("pandas", "pandas", "assert module.DataFrame({'a': [1, 2]}).a.sum() == 3"),
    (
        "paramiko",
        "paramiko",
        "import io; file = io.StringIO(); module.ECDSAKey.generate().write_private_key(file)\n"
        "assert 'PRIVATE' in file.getvalue()",
    ),
    ("propcache", "propcache", "module.cached_property(len)"),
    ("psutil", "psutil", "assert module.Process().memory_info().rss and module.cpu_count()"),
    (
        "psycopg2",
        "psycopg2-binary",
        "import psycopg2.extensions as e; assert e.adapt('a').getquoted()",
    ),
    (
        "pydantic",
        "pydantic",
        "M = type('M', (module.BaseModel,), {'__annotations__': {'a': int}, '__module__': 'm'})\n"
        "assert M(a='1').a == 1",
    ),
    ("pydantic_core", "pydantic-core", "assert module.to_json({'a': 1}) == b'{\"a\":1}'"),
    ("pymysql", "PyMySQL", 'assert module.converters.escape_string("\'")'),
    ("rapidfuzz", "rapidfuzz", "assert module.fuzz.ratio('ab', 'ab') == 100"),
    ("redis", "redis", "module.Redis(port=9).close()"),
    ("regex", "regex", r"assert module.findall(r'\p{L}+', 'ab ж') == ['ab', 'ж']"),
    (
        "requests",
        "requests",
        "module.Session().prepare_request(module.Request('GET', 'http://a/'))",
    ),
    ("rpds", "rpds-py", "assert module.HashTrieMap({'a': 1})['a'] == 1"),
    ("scipy", "scipy", "from scipy import special; assert special.gamma(5) == 24"),
    ("simplejson", "simplejson", "assert module.loads('[1]') == [1]"),
    (
        "sklearn",
        "scikit-learn",
        "from sklearn.linear_model import LinearRegression\n"
        "assert LinearRegression().fit([[1], [2]], [2, 4]).predict([[3]])[0] > 5.9",
    ),
    (
        "sqlalchemy",
        "sqlalchemy",
        "e = module.create_engine('sqlite://'); c = e.connect()\n"
        "assert c.execute(module.text('select 5')).scalar() == 5; c.close(); e.dispose()",
    ),
    ("starlette", "starlette", "from starlette.applications import Starlette; Starlette()"),
    (
        "tornado",
        "tornado",
        "import asyncio, tornado.gen, tornado.web\n"
        "async def work(): await tornado.gen.sleep(0.001)\nasyncio.run(work())",
    ),
    (
        "tzdata",
        "tzdata",
        "import zoneinfo; zoneinfo.reset_tzpath(()); zoneinfo.ZoneInfo.clear_cache()\n"
        "assert zoneinfo.ZoneInfo('Europe/Berlin').key",
    ),
    ("ujson", "ujson", "assert module.loads(module.dumps({'a': 1})) == {'a': 1}"),
    ("uvicorn", "uvicorn", "module.Server(module.Config(app=None))"),
    (
        "uvloop",
        "uvloop",
        "import asyncio\nasync def work(): await asyncio.sleep(0.001)\nmodule.run(work())",
    ),
    ("websockets", "websockets", "import websockets.sync.client; websockets.sync.client.connect"),
    ("yaml", "PyYAML", "assert module.safe_load('a: 1') == {'a': 1}"),
    ("yarl", "yarl", "assert str(module.URL('http://a/b') / 'c') == 'http://a/b/c'"),
    (
        "zope.interface",
        "zope.interface",
        "I = module.interface.InterfaceClass('I')\n"
        "assert I.providedBy(module.implementer(I)(type('C', (), {}))())",
    ),
    ("zstandard", "zstandard", "assert module.decompress(module.compress(b'x' * 99)) == b'x' * 99"),
)

# Imported only, so that the table can say where a package works without its compiled part.
COMPILED_PARTS = tuple(
    (module, distribution, "pass")
    for module, distribution in (
        ("frozenlist._frozenlist", "frozenlist"),
        ("markupsafe._speedups", "markupsafe"),
        ("maxminddb.extension", "maxminddb"),
        ("msgpack._cmsgpack", "msgpack"),
        ("multidict._multidict", "multidict"),
        ("propcache._helpers_c", "propcache"),
        ("simplejson._speedups", "simplejson"),
        ("tornado.speedups", "tornado"),
        ("websockets.speedups", "websockets"),
        ("yaml._yaml", "PyYAML"),
        ("yarl._quoting_c", "yarl"),
        ("zope.interface._zope_interface_coptimizations", "zope.interface"),
    )
)

# Compiled by tests/packages/compiled.py. Nobody put them into a table: general rules must do.
UNKNOWN = tuple((module, module, compiled.USE) for module in compiled.MODULES)

# What a package uses when it happens to be installed, but does not need: measured without it.
WITHOUT = {"httpx": ("zstandard",)}
