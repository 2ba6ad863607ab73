"""What a running server says by itself against docs/asyncapi.yaml: frames and how they end."""

import json
import re
import tempfile
from pathlib import Path

import jsonschema_rs
import requests
import yaml
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from product import Product

ROOT = Path(__file__).parents[2]
DOCUMENT = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text(encoding="utf-8"))


def is_a(name, text):
    """Reads a message, which must be as the document says."""
    message = json.loads(text)
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    jsonschema_rs.validate(schema, message, validate_formats=True)
    return message


def listen(product, cookies, approval):
    """The socket of an approval, as our own page opens it."""
    at = f"{product.url.replace('http', 'ws', 1)}/api/approvals/{approval['id']}/events"
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    protocol = DOCUMENT["channels"]["approval"]["bindings"]["ws"]["headers"]["properties"]["Sec-WebSocket-Protocol"]
    return connect(at, origin=product.url, additional_headers=cookie, subprotocols=protocol["enum"], proxy=None)


def closed(socket):
    """The code that the socket is closed with; the document must know it."""
    try:
        while True:
            socket.recv(timeout=30)
    except ConnectionClosed as end:
        assert f"| {end.rcvd.code} |" in DOCUMENT["channels"]["approval"]["description"], end
        return end.rcvd.code


def socket_to_the_outcome(product):
    cookies, approval = product.pending()
    with listen(product, cookies, approval) as socket:
        assert socket.subprotocol == "countersign.v1"
        assert is_a("state", socket.recv(timeout=30))["approval"]["id"] == approval["id"]
        socket.send(json.dumps(is_a("ping", '{"type":"ping"}')))
        is_a("state", socket.recv(timeout=30))
        product.tap(approval, "approve")
        while is_a("state", socket.recv(timeout=30))["approval"]["status"] == "pending":
            pass
        assert closed(socket) == 1000


def sockets_that_are_closed(product):
    cookies, approval = product.pending()
    for said, code in [(b"binary", 1003), ('{"type":"approve"}', 1008), ("x" * 5000, 1009)]:
        with listen(product, cookies, approval) as socket:
            socket.send(said)
            assert closed(socket) == code
    with listen(product, {}, approval) as socket:
        assert closed(socket) == 4401


def leaving(product):
    """Ends the product, which tells whoever listens."""
    cookies, approval = product.pending()
    with listen(product, cookies, approval) as socket:
        is_a("state", socket.recv(timeout=30))
        product.process.terminate()
        while (said := json.loads(socket.recv(timeout=30)))["type"] == "state":
            pass
        is_a("reconnect", json.dumps(said))
        assert closed(socket) == 1012


def same_approval_in_both(product):
    other = requests.get(f"{product.url}/api/openapi.json", timeout=20).json()
    schemas, own = other["components"]["schemas"], DOCUMENT["components"]["schemas"]["approval"]
    assert other["info"]["version"] == DOCUMENT["info"]["version"]
    assert set(own["required"]) == set(schemas["Approval"]["required"]) == set(own["properties"])
    for name, schema in schemas["Approval"]["properties"].items():
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
        for word in ("type", "enum", "format", "pattern", "minimum"):
            if (word, schema.get(word)) != ("format", "int64"):
                assert own["properties"][name].get(word) == schema.get(word), (name, word)


def examples(_):
    """Every example of the document is what it is an example of."""
    for message in DOCUMENT["components"]["messages"].values():
        for example in message["examples"]:
            schema = {"components": DOCUMENT["components"], **message["payload"]}
            jsonschema_rs.validate(schema, example["payload"], validate_formats=True)


def golden_event(_):
    """The text that `approval` writes and reads, held by a test of its own."""
    is_a("callback", (ROOT / "crates/approval/golden/callback.v1.json").read_text(encoding="utf-8"))
    words = re.findall(r'"(countersign\.[\w.]+)"', (ROOT / "crates/approval/src/subject.rs").read_text(encoding="utf-8"))
    addresses = {channel["address"] for channel in DOCUMENT["channels"].values()}
    assert words and set(words) == {address for address in addresses if not address.startswith("/")}


with tempfile.TemporaryDirectory() as folder, Product(folder) as product:
    for check in (examples, golden_event, same_approval_in_both, socket_to_the_outcome, sockets_that_are_closed, leaving):
        check(product)
        print(f"docs/asyncapi.yaml, {check.__name__.replace('_', ' ')}: passed")
