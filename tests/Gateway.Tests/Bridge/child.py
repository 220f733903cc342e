# An MCP server over stdio from the standard library alone, which behaves as badly as a test asks it to. Its arguments say
# how it ends; the method of a request says what it does.
import base64, json, os, signal, sys, time


def write(text):
    sys.stdout.buffer.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    sys.stdout.buffer.flush()


def send(**message):
    write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")


def note(text):
    os.write(2, (text + "\n").encode())


if "ignore-term" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: note("SIGTERM seen"))
if "fork" in sys.argv and os.fork() == 0:
    # A grandchild of the same group that ignores all but SIGKILL, and whose parent may be gone.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() != 0:
        os._exit(0)
    while True:
        time.sleep(60)

# What the system says of this process before it opens anything itself.
descriptors = sorted(int(name) for name in os.listdir("/proc/self/fd"))[:-1]
status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines())
pending = {}
number = 0

for line in sys.stdin.buffer:
    message = json.loads(line)
    method, id, params = message.get("method"), message.get("id"), message.get("params") or {}
    meta = params.get("_meta") or {}
    if method is None:
        send(id=pending.pop(id), result={"heard": message})
    elif method == "initialize":
        if "refuse" in sys.argv:
            send(id=id, error={"code": -32602, "message": "Not you."})
        else:
            send(id=id, result={"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "child", "version": "1"}})
    elif method == "line":
        send(id=id, result={"line": base64.b64encode(line).decode()})
    elif method == "self":
        send(id=id, result={
            "pid": os.getpid(), "group": os.getpgrp(), "session": os.getsid(0), "environment": dict(os.environ),
            "descriptors": descriptors, "ignored": status["SigIgn"].strip(), "blocked": status["SigBlk"].strip(), "arguments": sys.argv})
    elif method == "raw":
        # Exactly these bytes, then the answer.
        write(base64.b64decode(params["bytes"]))
        send(id=id, result={})
    elif method == "answer":
        # Exactly these bytes are the answer, but for the id and what fills it up.
        write(base64.b64decode(params["bytes"]).replace(b"ID", json.dumps(id).encode()).replace(b"FILL", b"x" * params.get("fill", 0)) + b"\n")
    elif method == "progress":
        send(method="notifications/progress", params={"progressToken": meta["progressToken"], "progress": 1, "total": 2})
        send(id=id, result={"done": True})
    elif method == "ask":
        number += 1
        pending[f"child-{number}"] = id
        send(id=f"child-{number}", method="sampling/createMessage", params={"messages": []})
    elif method == "subscriptions/listen":
        named = {"_meta": {"io.modelcontextprotocol/subscriptionId": id}}
        send(method="notifications/subscriptions/acknowledged", params={**named, "notifications": {}})
        send(method="notifications/tools/list_changed", params=named)
    elif method == "hold":
        pending["held"] = id
        note("holding")
    elif method == "release":
        send(id=pending.pop("held"), result={"held": True})
        send(id=id, result={"released": True})
    elif method == "notifications/cancelled":
        note("cancelled " + json.dumps(params.get("requestId")))
        if id is not None:
            send(id=id, result={})
    elif method == "crash":
        os._exit(3)
    elif method == "stop-reading":
        send(id=id, result={})
        while True:
            time.sleep(60)
    elif method == "close-output":
        os.close(1)
    elif method == "flood":
        note("flooding")
        while True:
            os.write({"stdout": 1, "stderr": 2}[params["to"]], params["text"].encode() * 1000)
    elif method == "large":
        send(id=id, result={"text": "x" * params["length"]})
    elif method == "fail":
        send(id=id, error={"code": params["code"], "message": "As asked."})
    elif id is not None:
        send(id=id, result={"echo": params})

note("end of input seen")
while "ignore-end" in sys.argv:
    time.sleep(60)
