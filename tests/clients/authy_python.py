"""PyPI authy: sends JSON, and looks at the raw bytes of a verification."""

import json
import pathlib
import sys
import urllib.error
import urllib.request

from authy.api import AuthyApiClient

BASE, KEY = sys.argv[1:3]
WANTED = json.loads(pathlib.Path(__file__).with_name("wanted.json").read_text(encoding="utf-8"))


def expect(got, wanted, what):
    """Ends the run with the reason when `got` is not `wanted`."""
    if got != wanted:
        sys.exit(f"PyPI authy: {what}: wanted {wanted!r}, got {got!r}")


def phone(user_id):
    """What the simulator shows of the user's phone; None when there is none."""
    try:
        with urllib.request.urlopen(f"{BASE}/phones/{user_id}", timeout=5) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        expect(error.code, 404, "status of a phone that is gone")
        return None


def deny(user_id, uuid):
    """Taps Deny."""
    request = urllib.request.Request(f"{BASE}/phones/{user_id}/requests/{uuid}/deny", method="POST")
    with urllib.request.urlopen(request, timeout=5) as response:
        expect(response.status, 204, "status of the tap")


def codes(client, user_id):
    """Sends a code by SMS and by call, and types them."""
    expect(client.users.request_sms(user_id).ignored(), True, "SMS to a phone with the app")
    expect(client.users.request_sms(user_id, {"force": True}).ignored(), False, "forced SMS")
    expect(client.users.request_call(user_id, {"force": "true"}).ok(), True, "forced call")
    shown = phone(user_id)
    for code in (shown["sms"][-1]["code"], shown["calls"][-1]["code"], shown["authenticator"]["code"]):
        expect(client.tokens.verify(user_id, code, {}).ok(), True, "a genuine code")
    expect(client.tokens.verify(user_id, "0000000", {}).errors(), {"message": "Token is invalid"}, "a wrong code")


def approval(client, user_id):
    """Asks for an approval and reads the answer."""
    created = client.one_touch.send_request(user_id, **WANTED)
    expect(created.ok(), True, "creating an approval request")
    uuid = created.get_uuid()
    shown = phone(user_id)["requests"][-1]
    for name in ("message", "details", "hidden_details", "logos"):
        expect(shown[name], WANTED[name], f"{name} on the phone")
    deny(user_id, uuid)
    read = client.one_touch.get_approval_status(uuid)
    expect(read["approval_request"]["status"], "denied", "status of the approval request")
    without = client.one_touch.send_request(user_id, "No details, no logos, no end given")
    read = client.one_touch.get_approval_status(without.get_uuid())
    expect(read["approval_request"]["seconds_to_expire"], 86400, "the default time")


def verification(client):
    """Verifies a number that is nobody's, and asks what is known of it."""
    number = ("775-461-5611", "1")
    expect(client.phones.info(*number)["type"], "cellphone", "kind of the number")
    expect(client.phones.verification_start(*number, via="sms", code_length=5).ok(), True, "starting a verification")
    expect(
        client.phones.verification_check(*number, "0000").errors(),
        {"message": "Verification code is incorrect"},
        "a wrong verification code",
    )
    with urllib.request.urlopen(f"{BASE}/phones", timeout=5) as response:
        (shown,) = [one for one in json.load(response) if one["cellphone"] == "+17754615611"]
    expect(client.phones.verification_check(*number, shown["sms"][-1]["code"]).ok(), True, "the right one")


def main():
    client = AuthyApiClient(KEY, BASE)
    user = client.users.create("eve@example.com", "300.123.4503", 57)
    expect(user.ok(), True, "registering a user")
    expect(client.users.status(user.id)["status"]["authy_id"], user.id, "status of the user")
    codes(client, user.id)
    approval(client, user.id)
    verification(client)
    told = client.users.generate_qr(user.id, size=300, label="Eve")
    expect((told.ok(), told["label"], told["qr_code"][:19]), (True, "Eve", "otpauth://totp/Eve?"), "the secret")
    expect(client.users.registration_status("eve")["registration"]["status"], "pending", "a registration")
    expect(client.apps.fetch().ok(), True, "details of the application")
    expect(client.stats.fetch()["total_users"] > 0, True, "statistics")
    expect(client.users.delete(user.id).ok(), True, "deleting the user")
    expect(phone(user.id), None, "the phone after deleting")
    expect(client.users.status(user.id).errors(), {"message": "User not found."}, "status of nobody")
    print("PyPI authy: passed")


main()
