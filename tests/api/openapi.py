"""The running server against the OpenAPI document that it serves: schemathesis asks as nobody and with sessions."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema_rs
import requests

from product import Product

SEED = "20261124"
SCHEMATHESIS = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
# Needs a WebSocket, a signature of the provider, or an operator's link: messages.py and the Rust tests have them.
ELSEWHERE = {("listen", "101"), ("take_callback", "200"), ("take_callback_by_query", "200"), ("reset_password", "200")}
# Ends the session of whoever asks, or what it can do: asked for last and alone.
ALONE = ["sign_out", "not_me", "change_password", "end_session"]


def runs(product):
    """Who asks, what for: a sentence, the cookie, what `{id}` names, and more for the command line."""
    only = "--include-operation-id"
    others = [word for name in ALONE for word in ("--exclude-operation-id", name)]
    yield "everything, as nobody", {}, None, []
    yield "everything, pending and denied", *product.pending("deny"), others
    yield "everything, confirmed and approved", *product.confirmed("approve"), others
    yield "complete, approved", *product.pending("approve"), [only, "complete_approval"]
    yield "cancel, undecided", *product.confirmed(), [only, "cancel_approval"]
    yield "send a code, undecided", *product.confirmed(), [only, "send_approval_code"]
    yield "end another session", *product.elsewhere(), [only, "end_session"]
    yield "not me", *product.confirmed(), [only, "not_me"]
    yield "change the password", *product.confirmed(), [only, "change_password"]
    yield "sign out", *product.pending(), [only, "sign_out"]


def ask(product, scratch, cookies, approval, more):
    """Runs schemathesis; what it said if it found something, and every request with its answer."""
    config = Path(__file__).with_name("schemathesis.toml").read_text(encoding="utf-8")
    if cookies:
        config += f'\n[auth.openapi.session]\napi_key = "{cookies["countersign"]}"\n'
    if approval:
        config += f'\n[parameters]\n"path.id" = "{approval["id"]}"\n'
    file, har = scratch / "schemathesis.toml", scratch / "asked.har"
    file.write_text(config, encoding="utf-8")
    report = ["--report", "har", "--report-har-path", har, "--no-color", "--warnings", "off"]
    document = f"{product.url}/api/openapi.json"
    command = [*SCHEMATHESIS, "--config-file", file, "run", document, "--seed", SEED, *report, *more]
    run = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=120, check=False)
    asked = json.loads(har.read_text(encoding="utf-8"))["log"]["entries"] if har.exists() else []
    return (run.stdout + run.stderr if run.returncode else ""), asked


def operations(document):
    """Method, pattern of the path, and the operation."""
    for path, item in document["paths"].items():
        pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
        for method, operation in item.items():
            yield method.upper(), pattern, operation


def answered(document, asked):
    """Which operation was answered which status."""
    for entry in asked:
        method, path = entry["request"]["method"], entry["request"]["url"].split("/", 3)[3].split("?")[0]
        for wanted, pattern, operation in operations(document):
            if method == wanted and pattern.fullmatch(f"/{path}"):
                yield operation["operationId"], str(entry["response"]["status"])


def examples(document):
    """Every example with the schema it is of."""
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            yield f"#/components/schemas/{name}", example
    for _, _, operation in operations(document):
        for answer in operation["responses"].values():
            for kind, media in answer.get("content", {}).items():
                if kind.endswith("json") and "$ref" in media["schema"]:
                    given = [one["value"] for one in media.get("examples", {}).values()]
                    for example in given or [media[key] for key in ["example"] if key in media]:
                        yield media["schema"]["$ref"], example


def main():
    with tempfile.TemporaryDirectory() as folder, Product(folder) as product:
        product.person()
        document = requests.get(f"{product.url}/api/openapi.json", timeout=20).json()
        for schema, example in examples(document):
            jsonschema_rs.validate({"$ref": schema, "components": document["components"]}, example)
        print("every example of the OpenAPI document is of its schema: passed")
        seen = set(ELSEWHERE)
        for sentence, cookies, approval, more in runs(product):
            found, asked = ask(product, Path(folder), cookies, approval, more)
            seen.update(answered(document, asked))
            print(f"{found}schemathesis, seed {SEED}, {len(asked)} requests, {sentence}: {'failed' if found else 'passed'}")
        wanted = {(one["operationId"], status) for *_, one in operations(document) for status in one["responses"]}
        missed = sorted(one for one in wanted - seen if one[1] < "300" and one[0] != "describe")
        missed = "".join(f"never answered: {operation} {status}\n" for operation, status in missed)
        print(f"{missed}every success of every operation was answered: {'failed' if missed else 'passed'}")


main()
