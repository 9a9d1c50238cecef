"""gunicorn's configuration: ``gunicorn --config blogscheduler/up/webserver.py blogscheduler.wsgi``."""

import os

from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from blogscheduler import logs
from blogscheduler.up.diewithparent import die_with_parent

worker_class = "gthread"
threads = 8
timeout = 60
graceful_timeout = 6  # seconds: `up` ends everything within ten
accesslog = None
loglevel = "warning"
control_socket_disable = True


class Log(Logger):
    """gunicorn's own lines as all others are: its master reads no settings."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.Json() if os.environ.get("LOG_FORMAT") == "json" else logs.Plain())


logger_class = Log


def post_fork(server: Arbiter, worker: Worker) -> None:
    """Workers do not outlive their master, even when it is killed: they would keep the port and the old code."""
    die_with_parent(server.pid)
