"""A D of one's own in Python, from the .proto alone: it asks A, B and C in parallel.

    pip install grpcio grpcio-tools grpcio-health-checking
    python -m grpc_tools.protoc -I ../../../fakesvc/fakesvcpb --python_out=. --grpc_python_out=. fakesvc.proto
    python own_service.py --listen=127.0.0.1:7400 \
        --need=A=127.0.0.1:7100 --need=B=127.0.0.1:7200 --need=C=127.0.0.1:7300
"""

import argparse
import asyncio
import signal
import time

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

import fakesvc_pb2
import fakesvc_pb2_grpc

TRACE_CONTEXT = ("traceparent", "tracestate")


class Composer(fakesvc_pb2_grpc.ServiceServicer):
    """Answers with one record of each need, in their order."""

    def __init__(self, needs, timeout):
        self.needs = [(name, fakesvc_pb2_grpc.ServiceStub(channel)) for name, channel in needs]
        self.timeout = timeout

    async def Query(self, request, context):
        begin = time.monotonic_ns()
        trace = [(k, v) for k, v in context.invocation_metadata() if k in TRACE_CONTEXT]
        try:
            async with asyncio.TaskGroup() as group:  # the first that fails cancels the others
                tasks = [group.create_task(self.fetch(name, stub, request, trace)) for name, stub in self.needs]
        except* grpc.aio.AioRpcError as failed:
            error = failed.exceptions[0]
            await context.abort(error.code(), error.details())
        records = [task.result() for task in tasks]
        return fakesvc_pb2.QueryResponse(records=records, took_nanos=time.monotonic_ns() - begin)

    async def fetch(self, name, stub, request, trace):
        asked = fakesvc_pb2.QueryRequest(
            service=name, key=request.key, request=request.request, **{"try": getattr(request, "try")}
        )
        answer = await stub.Query(asked, timeout=self.timeout, metadata=trace)
        return answer.records[0]


async def serve(args):
    needs = []
    for text in args.need:
        name, _, address = text.partition("=")
        options = [("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 250)]
        needs.append((name, grpc.aio.insecure_channel(address, options=options)))
    server = grpc.aio.server()
    fakesvc_pb2_grpc.add_ServiceServicer_to_server(Composer(needs, args.timeout), server)
    ready = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(ready, server)
    await ready.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    server.add_insecure_port(args.listen)
    await server.start()
    leaving = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leaving.set)

    async def become_ready():
        await asyncio.gather(*(channel.channel_ready() for _, channel in needs))
        await ready.set("", health_pb2.HealthCheckResponse.SERVING)

    becoming = asyncio.create_task(become_ready())
    await leaving.wait()
    becoming.cancel()
    await ready.enter_graceful_shutdown()
    await server.stop(args.grace)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", default="127.0.0.1:7400")
    parser.add_argument("--need", action="append", required=True, help="NAME=HOST:PORT; answers keep the order")
    parser.add_argument("--timeout", type=float, default=1.0, help="seconds that it waits for a need")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds that what is under way may go on after SIGTERM")
    asyncio.run(serve(parser.parse_args()))
