"""A hub of one repository on 127.0.0.1: what huggingface_hub asks for, and what goes wrong."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """The repository ``tiny/seer`` at one commit.

    Attributes:
        files: Name → content.
        lies: Name → what is sent instead of it.
        large: Names that are listed with a sha256, as files outside git are.
        fails: Every request is answered by (status, error code).
        breaks: Name → bytes after which the connection ends, once.
        asked: Paths of all GET requests for files.
        ranges: Their ``Range`` headers, where there was one.
        stalls: Answers wait for this, where it is set.
        url: Its address, once it serves.
        sha: The commit that it says it gives.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    lies: dict[str, bytes] = field(default_factory=dict)
    large: set[str] = field(default_factory=set)
    fails: tuple[int, str] | None = None
    breaks: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    stalls: threading.Event | None = None
    url: str = ""
    sha: str = COMMIT

    def listing(self) -> list[dict[str, Any]]:
        """What ``/api/models/…/tree/…`` answers."""
        rows = []
        for name, content in self.files.items():
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            row: dict[str, Any] = {"type": "file", "path": name, "size": len(content), "oid": blob}
            if name in self.large:
                digest = hashlib.sha256(content).hexdigest()
                row["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 130}
            rows.append(row)
        return rows

    def info(self) -> dict[str, Any]:
        """What ``/api/models/…/revision/…`` answers."""
        siblings = []
        for row in self.listing():
            about = {"rfilename": row["path"], "size": row["size"], "blobId": row["oid"]}
            if "lfs" in row:
                lfs = row["lfs"]
                about["lfs"] = {"sha256": lfs["oid"], "size": lfs["size"], "pointerSize": 130}
            siblings.append(about)
        return {"id": "tiny/seer", "sha": self.sha, "siblings": siblings}

    def etag(self, name: str) -> str:
        """sha256 of a large file, the blob id of a small one."""
        row = next(row for row in self.listing() if row["path"] == name)
        return str(row["lfs"]["oid"] if "lfs" in row else row["oid"])


class Handler(BaseHTTPRequestHandler):
    """Answers for the hub that its server holds."""

    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> Hub:
        return self.server.hub  # type: ignore[attr-defined,no-any-return]

    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        if self.hub.stalls is not None:
            self.hub.stalls.wait(30)
        if self.hub.fails is not None:
            status, code = self.hub.fails
            self.send(b"{}", {"X-Error-Code": code}, status=status, body=body)
        elif COMMIT not in path:
            self.send(b"{}", {"X-Error-Code": "RevisionNotFound"}, status=404, body=body)
        elif path.startswith("/api/models/tiny/seer/revision/"):
            self.send(json.dumps(self.hub.info()).encode(), {}, body=body)
        elif path.startswith("/api/models/tiny/seer/tree/"):
            self.send(json.dumps(self.hub.listing()).encode(), {}, body=body)
        else:
            self.send_file(path.rpartition("/")[2], body=body)

    def send_file(self, name: str, *, body: bool) -> None:
        content = self.hub.lies.get(name, self.hub.files[name])
        headers = {
            "ETag": f'"{self.hub.etag(name)}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
        }
        status = 200
        if body:
            self.hub.asked.append(name)
            wanted = self.headers.get("Range")
            if wanted:
                self.hub.ranges.append(wanted)
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
                content, status = content[start:], 206
        cut = self.hub.breaks.pop(name, None) if body else None
        self.send(content, headers, status=status, body=body, cut=cut)

    def send(
        self,
        content: bytes,
        headers: dict[str, str],
        *,
        body: bool,
        status: int = 200,
        cut: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content if cut is None else content[:cut])
        if cut is not None:
            self.close_connection = True


def serve(hub: Hub) -> ThreadingHTTPServer:
    """Start answering; the caller shuts the server down."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.hub = hub  # type: ignore[attr-defined]
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
