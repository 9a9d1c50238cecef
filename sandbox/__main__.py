"""`python -m sandbox`: serve until told to end."""

import argparse
import signal
import threading

from sandbox.server import serve


def main() -> None:
    """Read the command line, serve, and end at once on SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Stand-ins for blogging platforms.")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: only this machine)")
    parser.add_argument("--port", type=int, default=8801, help="the port (default 8801; 0 takes a free one)")
    parser.add_argument("--data", metavar="DIR", help="keep everything in DIR/sandbox.sqlite3 (default: in memory)")
    parser.add_argument("--public-url", metavar="URL", help="the address written into answers (default: as called)")
    asked = parser.parse_args()
    end = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: end.set())
    with serve(asked.port, asked.data, asked.host, public_url=asked.public_url) as serving:
        print(f"The sandbox serves at {serving.url}/", flush=True)
        end.wait()


if __name__ == "__main__":
    main()
