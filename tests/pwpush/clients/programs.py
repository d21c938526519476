"""How the clients are spoken to: a command line in a home of its own, and JSON-RPC over standard input and output."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 120


def _environment(**more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PWPUSH_", "XDG_", "PYTHON")) and not name.lower().endswith("_proxy")
    }
    # Tables are as wide as the terminal, and cut what doesn't fit.
    return kept | {"COLUMNS": "400"} | more


class Cli:
    """The command `pwpush`."""

    def __init__(self, program: Path, home: Path) -> None:
        self.program = program
        self.home = home
        (home / "config").mkdir()
        self.env = _environment(HOME=str(home), XDG_CONFIG_HOME=str(home / "config"))

    def try_(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.home,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        """What it prints when it succeeds."""
        done = self.try_(*arguments, stdin=stdin)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def json(self, *arguments: str, stdin: str = "") -> Any:
        return json.loads(self("--json", *arguments, stdin=stdin).splitlines()[0])

    def printed(self, *arguments: str) -> Any:
        """What the old one prints with `--json yes`: a value as Python writes it."""
        return ast.literal_eval(self("--json", "yes", *arguments).strip())


def token_in(url: str) -> str:
    found = re.search(r"/p/([a-z0-9_-]+)", url)
    assert found, url
    return found[1]


class Mcp:
    """A server of the Model Context Protocol (modelcontextprotocol.io, transport stdio), started with the object."""

    def __init__(self, program: Path, **env: str) -> None:
        self.process = subprocess.Popen(
            [program], env=_environment(**env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._asked = 0
        client = {"name": "tests", "version": "1"}
        self.ask("initialize", protocolVersion="2024-11-05", capabilities={}, clientInfo=client)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def ask(self, method: str, **params: Any) -> Any:
        self._asked += 1
        self._send({"jsonrpc": "2.0", "id": self._asked, "method": method, "params": params})
        assert self.process.stdout is not None
        for line in self.process.stdout:
            answer = json.loads(line)
            if answer.get("id") == self._asked:
                assert "error" not in answer, answer
                return answer["result"]
        raise AssertionError("it ended without an answer")

    def call(self, tool: str, **arguments: Any) -> Any:
        """What a tool answers: JSON in one text."""
        result = self.ask("tools/call", name=tool, arguments=arguments)
        (content,) = result["content"]
        assert not result.get("isError"), content
        return json.loads(content["text"])

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
