"""Edits a graph over a WebSocket, together with everybody else.

usage: GRAPHY_TOKEN=<token> python client.py <url> <graph>

Each line of standard input is a command without its envelope, such as
    {"type": "CREATE_NODE", "payload": {"id": "a", "title": "A"}}
Each line of standard output says what happened. After the last line of input the client waits
until the server has everything, and ends.
"""

import asyncio
import json
import os
import random
import sys
import threading
import time
import uuid

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from graph import Graph

SILENCE_S = 20  # The server speaks at least every 10 s.
IN_FLIGHT_MAX = 100  # Commands that may be without an outcome.
RETRY_S = 0.5
PENDING_MAX = 1000  # Ids that a hello may name.
BROKEN_CODES = {1002, 1003, 1007, 1009}  # The client broke a rule, and would break it again.


class Refused(Exception):
    """The server does not want this client back."""


class Session:
    """One client of one graph: what it holds, and what it has not heard the outcome of."""

    def __init__(self, url, graph_id, token, say):
        self.url = f"{url.replace('http', 'ws', 1)}/api/v2/graphs/{graph_id}/subscribe"
        self.token = token
        self.say = say
        # A name of its own for each run, because the commands are counted from 1.
        self.client_id = f"python-{uuid.uuid4()}"
        self.seq = 0
        self.pending = {}  # id -> command, in the order of seq
        self.in_flight = set()
        self.graph = Graph()
        self.epoch = None
        self.version = None
        self.loading = None  # a full state of which chunks are missing
        self.synced = False
        self.socket = None
        self.retry_after_s = None
        self.retries = set()

    async def edit(self, kind, payload):
        """Asks for a change; it is kept until its outcome is known."""
        self.seq += 1
        operation_id = new_id()
        self.pending[operation_id] = {
            "operationId": operation_id,
            "clientId": self.client_id,
            "seq": self.seq,
            "type": kind,
            "payload": payload,
        }
        await self.send_pending()

    async def run(self):
        """Stays connected until it is cancelled or refused."""
        wait_s = 0.25
        while True:
            try:
                # The operating system's proxy settings are for other sites.
                async with connect(self.url, proxy=None, max_size=None) as socket:
                    self.socket = socket
                    await self.say_hello()
                    while True:
                        text = await asyncio.wait_for(socket.recv(), SILENCE_S)
                        await self.take(json.loads(text))
                        if self.synced:
                            wait_s = 0.25
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
                reason = closed.rcvd.reason if closed.rcvd else "the connection was lost"
                if 4500 <= code <= 4999 or code in BROKEN_CODES:
                    raise Refused(f"{code} {reason}") from closed
            except (OSError, TimeoutError, InvalidHandshake, EOFError) as error:
                reason = str(error) or type(error).__name__
            self.socket, self.synced = None, False
            pause_s = self.retry_after_s or wait_s * random.uniform(0.5, 1)
            self.retry_after_s, wait_s = None, min(2 * wait_s, 10)
            self.say("offline", reason=reason, pending=len(self.pending))
            await asyncio.sleep(pause_s)

    async def say_hello(self):
        hello = {
            "type": "hello",
            "token": self.token,
            "clientId": self.client_id,
            "pending": list(self.pending)[:PENDING_MAX],
        }
        if self.version is not None:
            hello |= {"epoch": self.epoch, "version": self.version}
        self.synced, self.loading = False, None
        self.in_flight.clear()
        await self.send(hello)

    async def take(self, frame):
        match frame["type"]:
            case "sync":
                await self.take_sync(frame)
            case "state_update" if self.synced:
                await self.take_operations(frame)
            case "command_result":
                self.settle(frame["operationId"], frame["outcome"])
            case "revert":
                refusal = {"status": "rejected", "code": frame["code"], "message": frame["message"]}
                self.settle(frame["operationId"], refusal)
            case "error" if "operationId" in frame and not frame["retryable"]:
                refusal = {"status": "rejected", "code": frame["code"], "message": frame["message"]}
                self.settle(frame["operationId"], refusal)
            case "error" if "operationId" in frame:
                task = asyncio.create_task(self.send_again(frame["operationId"]))
                self.retries.add(task)
                task.add_done_callback(self.retries.discard)
            case "error":
                self.say("error", code=frame["code"], message=frame["message"])
            case "going_away":
                self.retry_after_s = frame["retryAfterMs"] / 1000
        if self.synced:
            await self.send_pending()

    async def take_sync(self, frame):
        """Comes to the present: by nothing, by what was missed, or by the whole state."""
        if frame["mode"] == "full":
            if frame["chunk"] == 0:
                self.loading = Graph()
            self.loading.load(frame)
            if frame["chunk"] + 1 < frame["chunks"]:
                return
            if self.epoch not in (None, frame["epoch"]):
                self.count_anew()
            self.graph, self.loading = self.loading, None
            self.epoch, self.version = frame["epoch"], frame["version"]
        elif frame["mode"] == "behind":
            for operation in frame["operations"]:
                self.graph.apply(operation)
            self.version = frame["toVersion"]
            if not frame["last"]:
                return
        elif frame["mode"] != "in_sync":
            return  # Not one that this client asks for.
        for landed in frame["landed"]:
            self.settle(landed["operationId"], landed["outcome"])
        self.synced = True
        # Without an outcome means: not there. What is sent again keeps its id.
        self.in_flight.clear()
        await self.verify(frame)

    async def take_operations(self, frame):
        """Applies what was just changed, if it follows on what is held."""
        if (frame["epoch"], frame["fromVersion"]) != (self.epoch, self.version):
            self.synced = False
            request = {"type": "request_sync", "epoch": self.epoch, "version": self.version}
            await self.send(request)
            return
        for operation in frame["operations"]:
            self.graph.apply(operation)
        self.version = frame["toVersion"]
        await self.verify(frame)

    async def verify(self, frame):
        """Compares the sum of all hashes with the server's; heals a difference by a full sync."""
        checksum = self.graph.checksum()
        if checksum != frame["checksum"]:
            self.say("diverged", expected=frame["checksum"], checksum=checksum)
            self.synced = False
            await self.send({"type": "request_sync"})
            return
        self.say(
            "state",
            version=self.version,
            checksum=checksum,
            nodes=len(self.graph.nodes),
            edges=len(self.graph.edges),
        )

    def settle(self, operation_id, outcome):
        self.in_flight.discard(operation_id)
        if self.pending.pop(operation_id, None):
            self.say("outcome", operationId=operation_id, outcome=outcome)

    def count_anew(self):
        """The graph began a new life, in which no command of this client was counted."""
        for seq, command in enumerate(self.pending.values(), start=1):
            command["seq"] = seq
        self.seq = len(self.pending)

    async def send_pending(self):
        """Sends what is not under way, in order, and not too much at once."""
        if not self.synced:
            return
        for operation_id, command in list(self.pending.items()):
            if len(self.in_flight) >= IN_FLIGHT_MAX:
                break
            # While one is sent, others may be settled.
            if operation_id in self.pending and operation_id not in self.in_flight:
                self.in_flight.add(operation_id)
                await self.send({"type": "command", "command": command})

    async def send_again(self, operation_id):
        """The server could not take a command now; it may in a moment."""
        await asyncio.sleep(RETRY_S)
        self.in_flight.discard(operation_id)
        await self.send_pending()

    async def send(self, frame):
        try:
            await self.socket.send(json.dumps(frame))
        except ConnectionClosed:
            pass  # `run` notices when it reads.


def new_id():
    """A UUIDv7: 48 bits of milliseconds, then random bits."""
    ms = time.time_ns() // 1_000_000
    bits = (ms << 80) | (7 << 76) | (random.getrandbits(12) << 64)
    return str(uuid.UUID(int=bits | (2 << 62) | random.getrandbits(62)))


def read_lines(loop, lines):
    """Reads standard input in a thread of its own, which does not keep the program alive."""

    def read():
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()


async def edit_lines(session):
    """Takes commands from standard input; returns when the server has all of them."""
    lines = asyncio.Queue()
    read_lines(asyncio.get_running_loop(), lines)
    while (line := await lines.get()) is not None:
        if line.strip():
            command = json.loads(line)
            await session.edit(command["type"], command["payload"])
    while session.pending or not session.synced:
        await asyncio.sleep(0.05)


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


async def main():
    if len(sys.argv) != 3 or "GRAPHY_TOKEN" not in os.environ:
        sys.exit(__doc__)
    session = Session(sys.argv[1], sys.argv[2], os.environ["GRAPHY_TOKEN"], say)
    tasks = [asyncio.create_task(session.run()), asyncio.create_task(edit_lines(session))]
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    for task in done:
        task.result()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except Refused as refused:
        sys.exit(f"the server ended the session: {refused}")
