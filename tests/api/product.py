"""Starts the real executable with its simulated phones, and speaks to both as a program would."""

import os
import re
import subprocess

import requests

PASSWORD = "difference engine"
# How often something is looked at that will change by itself.
ENOUGH = 2000


class Product:
    """`countersign demo` in a folder of its own, on free ports. Ends with its `with`."""

    def __init__(self, folder):
        command, env = [os.environ["COUNTERSIGN_BIN"], "demo"], {"PORT": "0", "SIMULATOR_PORT": "0", "LOG": "error", "SIGN_UPS_PER_ADDRESS": "100000"}
        self.process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)
        self.people = 0
        said = "".join(self.process.stdout.readline() for _ in range(4))
        self.url, self.phones = re.findall(r"http://127\.0\.0\.1:\d+", said)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def post(self, path, body=None, cookies=None):
        answer = requests.post(self.url + path, json=body, cookies=cookies, timeout=20)
        answer.raise_for_status()
        return answer

    def person(self):
        """Somebody with an account who is in: what signs in, and the cookie."""
        self.people += 1
        # The first one is the person of the examples in the OpenAPI document, so that they work.
        name = "ada" if self.people == 1 else f"ada{self.people}"
        who = {"email": f"{name}@example.com", "password": PASSWORD}
        phone = {"country_code": "1", "phone": f"202555{self.people:04}"}
        made = self.post("/api/users", {"full_name": "Ada Lovelace", **who, **phone})
        approval = self.decide(made.json()["approval"], made.cookies, "approve")
        return who, self.post(f"/api/approvals/{approval['id']}/complete", cookies=made.cookies).cookies

    def pending(self, tap=None):
        """The cookie of a session that waits, and its approval, decided by a tap if there is one."""
        begun = self.post("/api/session", self.person()[0])
        approval = begun.json()["approval"]
        return begun.cookies, self.decide(approval, begun.cookies, tap) if tap else approval

    def confirmed(self, tap=None):
        """The cookie of somebody who is in, and a transaction, decided by a tap if there is one."""
        cookies = self.person()[1]
        approval = self.post("/api/approvals", {"message": "Send money?"}, cookies).json()
        return cookies, self.decide(approval, cookies, tap) if tap else approval

    def elsewhere(self):
        """The cookie of somebody who is in, and another session of theirs, which waits."""
        who, cookies = self.person()
        self.post("/api/session", who)
        listed = requests.get(f"{self.url}/api/sessions", cookies=cookies, timeout=20).json()["sessions"]
        return cookies, next(one for one in listed if not one["current"])

    def decide(self, approval, cookies, tap):
        """Taps, and waits until that has decided."""
        self.tap(approval, tap)
        for _ in range(ENOUGH):
            if approval["status"] != "pending":
                return approval
            news = f"{self.url}/api/approvals/{approval['id']}?wait=20&since={approval['version']}"
            approval = requests.get(news, cookies=cookies, timeout=30).json()
        raise SystemExit(f"never decided: {approval}")

    def tap(self, approval, tap):
        """Taps `approve` or `deny` once the request is on its phone."""
        for _ in range(ENOUGH):
            for phone in requests.get(f"{self.phones}/phones", timeout=20).json():
                for request in phone["requests"]:
                    if request["hidden_details"]["approval"] == approval["id"]:
                        at = f"{self.phones}/phones/{phone['authy_id']}/requests/{request['uuid']}/{tap}"
                        return requests.post(at, timeout=20).raise_for_status()
        raise SystemExit(f"never on the phone: {approval}")
