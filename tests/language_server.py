"""A minimal client of a language server over standard input and output, for tests."""

import contextlib
import json
import os
import pathlib
import queue
import subprocess
import threading
import time

TIMEOUT = 300.0
"""Seconds after which an answer that does not come fails the test."""

ENDED = "the language server ended early; see language-server.log"


class LanguageServer:
    """yaml-language-server as a process, which ends with the ``with`` block, whatever happens in it.

    Example:
        >>> with LanguageServer(["node", "yaml-language-server", "--stdio"], folder) as server:  # doctest: +SKIP
        ...     server.open("a.yaml", "training:\\n")
    """

    def __init__(self, command, folder, schemas=(), timeout=TIMEOUT):
        self.folder = pathlib.Path(folder)
        self.timeout = timeout
        self.settings = {
            "yaml": {
                "schemas": dict(schemas),
                "schemaStore": {"enable": False},
                "kubernetesCRDStore": {"enable": False},
            },
            "http": {"proxy": "http://127.0.0.1:9"},  # whatever would reach out fails at once
        }
        self.diagnostics = {}
        self._answers = queue.Queue()
        self._next_id = 0
        self._errors = (self.folder / "language-server.log").open("wb")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, cwd=folder
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        try:
            self._handshake()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.request("shutdown", None)
            self._notify("exit", None)
            self._process.wait(self.timeout)
        finally:
            self._end()

    def open(self, name, text):
        """Write a file and open it in the server; return its URI."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self._notify("textDocument/didOpen", {"textDocument": document})
        return path.as_uri()

    def completions(self, name, text):
        """Return the completions at the mark ``|`` of a text, by label."""
        before, mark, after = text.partition("|")
        assert mark
        uri = self.open(name, before + after)
        line, character = before.count("\n"), len(before) - before.rfind("\n") - 1
        position = {"line": line, "character": character}
        answer = self.request("textDocument/completion", {"textDocument": {"uri": uri}, "position": position})
        items = answer["items"] if isinstance(answer, dict) else answer
        return {item["label"]: item for item in items or ()}

    def problems(self, name, text):
        """Return the first diagnostics that the server publishes for a text, each as (line from 1, words, message)."""
        uri = self.open(name, text)
        self._until(lambda: uri in self.diagnostics)
        lines = text.splitlines()
        found = []
        for problem in self.diagnostics[uri]:
            start, end = problem["range"]["start"], problem["range"]["end"]
            words = lines[start["line"]][
                start["character"] : end["character"] if end["line"] == start["line"] else None
            ]
            found.append((start["line"] + 1, words, problem["message"]))
        return found

    def request(self, method, params):
        """Return the answer to a request."""
        self._next_id += 1
        number = self._next_id
        self._send({"id": number, "method": method, "params": params})
        found = []

        def take(message):
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message["error"]
                found.append(message["result"])

        self._until(lambda: found, take)
        return found[0]

    def _handshake(self):
        folder = self.folder.as_uri()
        self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": folder,
                "workspaceFolders": [{"uri": folder, "name": "test"}],
                "capabilities": {"workspace": {"configuration": True, "workspaceFolders": True}},
            },
        )
        self._notify("initialized", {})
        self._notify("workspace/didChangeConfiguration", {"settings": None})
        # Answered when the server has taken over the settings: what is opened next is read by them.
        self.request("textDocument/codeLens", {"textDocument": {"uri": f"{folder}/none.yaml"}})

    def _until(self, done, take=None):
        end = time.monotonic() + self.timeout
        while not done():
            try:
                message = self._answers.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"the language server did not answer within {self.timeout} s") from None
            if message is None:
                raise EOFError(ENDED)
            self._handle(message)
            if take is not None:
                take(message)

    def _handle(self, message):
        method = message.get("method")
        if method == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif method == "workspace/configuration":
            sections = [item["section"] for item in message["params"]["items"]]
            self._send(
                {"id": message["id"], "result": [self.settings.get(section, {}) for section in sections]}
            )
        elif method and "id" in message:
            self._send({"id": message["id"], "result": None})

    def _notify(self, method, params):
        self._send({"method": method, "params": params})

    def _send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        try:
            self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise EOFError(ENDED) from None

    def _read(self):
        stream = self._process.stdout
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            body = stream.read(length) if line else b""
            self._answers.put(json.loads(body) if body else None)
            if not body:
                return

    def _end(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join(self.timeout)
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
