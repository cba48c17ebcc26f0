"""POST /build by hand, and the JSON lines it answers with."""

import json

from corpus import Image


class Events:
    def __init__(self, status, body):
        self.status, self.body = status, body
        text = body.decode(errors="replace") if isinstance(body, bytes) else json.dumps(body)
        self.lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        self.text = "".join(line.get("stream", "") for line in self.lines)

    def __str__(self):
        return f"{self.status}: {self.lines}"

    @property
    def failure(self):
        """The message, wherever it stands."""
        return "".join(line.get("error", "") or line.get("message", "") for line in self.lines)

    @property
    def id(self):
        return next((line["aux"]["ID"] for line in self.lines if "aux" in line), None)

    def image(self, engine):
        assert self.id, str(self)
        status, saved = engine.api("GET", f"/images/{self.id}/get")
        assert status == 200, saved
        return Image(saved)


def post_build(engine, body=b"", headers=None, **query):
    headers = {"Content-Type": "application/x-tar", **(headers or {})}
    return Events(*engine.api("POST", "/build", body, headers, **query))
