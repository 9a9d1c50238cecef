"""List deliveries on the command line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from posts.commands import add_workspace, the_workspace
from posts.models import Delivery


class Command(BaseCommand):
    help = "List the deliveries of a workspace, the latest first: state, time, channel, where it is, what was said."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON list, for programs")
        parser.add_argument("--status", choices=Delivery.Status.values, help="only those in this state")
        parser.add_argument("--limit", type=int, default=50, metavar="N", help="how many at the most (50)")
        add_workspace(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        deliveries = Delivery.objects.of(the_workspace(options["workspace"])).select_related("post", "channel")
        if options["status"]:
            deliveries = deliveries.filter(status=options["status"])
        rows = [_row(delivery) for delivery in deliveries.order_by("-due_at", "-pk")[: max(options["limit"], 0)]]
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2))
            return
        for row in rows:
            told = f"  {row['message']}" if row["message"] else ""
            place = row["url"] or row["remote_id"]
            self.stdout.write(
                f"{row['id']:>6}  {row['status']:<11} {row['due']}  {row['channel']}: {row['post']}  {place}{told}"
            )


def _row(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.pk,
        "post": str(delivery.post),
        "channel": delivery.channel.name,
        "platform": delivery.channel.platform,
        "status": delivery.status,
        "due": delivery.due_at.isoformat(timespec="seconds"),
        "wall_time": delivery.wall_time,
        "zone": delivery.zone,
        "next_try": delivery.act_at.isoformat(timespec="seconds"),
        "tries": delivery.tries,
        "remote_id": delivery.remote_id,
        "url": delivery.remote_url,
        "message": delivery.message,
    }
