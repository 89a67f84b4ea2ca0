# A server and a client in one loop.
import asyncio


async def serve(reader, writer):
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write("\u0436\n".encode("cp1251"))
        line = await reader.readline()
        writer.close()
    return line.decode("cp1251").strip()


def check():
    line = asyncio.run(main())
    return "ok" if line == "\u0436" else line
