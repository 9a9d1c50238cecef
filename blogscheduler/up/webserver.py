"""gunicorn's configuration: ``gunicorn --config blogscheduler/up/webserver.py blogscheduler.wsgi``."""

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from blogscheduler.up.diewithparent import die_with_parent

worker_class = "gthread"
threads = 8
timeout = 60
graceful_timeout = 6  # seconds: `up` ends everything within ten
accesslog = None
loglevel = "warning"
control_socket_disable = True


def post_fork(server: Arbiter, worker: Worker) -> None:
    """Workers do not outlive their master, even when it is killed: they would keep the port and the old code."""
    die_with_parent(server.pid)
