"""Shows that the stack works: builds nothing, starts it, uses it, breaks it, ends it.

    python -m tests.stack --image parallax

Prints a line for each thing shown, and ends with 1 at the first that is not so.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.stack import faults, image, use
from tests.stack.compose import DOCKER, Stack, StackError, command
from tests.stack.streams import streams_check

ROOT = Path(__file__).parents[2]
PROJECT = "parallax-check"


def say(text: str) -> None:
    """Print a landmark."""
    print(f"   {text}", flush=True)


def env_file(folder: Path, tag: str, https_port: int, http_port: int) -> Path:
    """Return a `.env` as the image itself writes it, with ports of our own."""
    entry = ("--rm", "--read-only", "--tmpfs", "/tmp", "--network", "none")  # noqa: S108
    text = command(
        DOCKER, "run", *entry, "--entrypoint", "/app/.venv/bin/python", tag,
        "manage.py", "make_env", "--stdout",
    )  # fmt: skip
    path = folder / "env"
    path.touch(mode=0o600)
    ours = {
        "LISTEN_ADDRESS": "127.0.0.1",
        "HTTP_PORT": str(http_port),
        "HTTPS_PORT": str(https_port),
        "PARALLAX_IMAGE": tag,
        "ENV_FILE": str(path),
        "JOB_LEASE_SECONDS": str(use.LEASE_SECONDS),
        # What is shown here is not the limits of one caller.
        "THROTTLE_USER": "10000000/hour",
        "THROTTLE_ANON": "10000000/hour",
    }
    path.write_text(text + "\n" + "".join(f"{n}={v}\n" for n, v in ours.items()))
    return path


def main() -> int:
    """Run everything in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", default="parallax", help="the image's tag")
    parser.add_argument("--http-port", type=int, default=18080)
    parser.add_argument("--https-port", type=int, default=18443)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parallax-check-") as name:
        env = env_file(Path(name), options.image, options.https_port, options.http_port)
        # Compose reads them from there; its own variables win over the file.
        for variable in [v for v in os.environ if v.startswith("COMPOSE_")]:
            del os.environ[variable]
        stack = Stack(ROOT, PROJECT, env)
        base = f"https://127.0.0.1:{options.https_port}"
        try:
            image.check(options.image, env, say)
            faults.refusals_check(stack, say)
            use.start(stack, say)
            image.containers_check(stack, say)
            caller = use.administer(stack, base, say)
            use.trade(stack, caller, say)
            streams_check(stack, base, caller, say)
            use.edge_check(base, options.http_port, say)
            use.large_body_check(stack, base, say)
            faults.worker_kill(stack, caller, say)
            faults.restarts(stack, base, caller, say)
            use.preflight(stack, say)
        except StackError as error:
            print(f"\nNOT SO: {error}", file=sys.stderr)
            print(stack.compose("ps"), file=sys.stderr)
            return 1
        finally:
            stack.down()
    left = command(DOCKER, "ps", "-aq", "--filter", f"name={PROJECT}").split()
    if left:
        print(f"\nNOT SO: containers are left: {left}", file=sys.stderr)
        return 1
    say("down: no container is left")
    return 0


if __name__ == "__main__":
    sys.exit(main())
