import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F


def compare_what_was_edited(apps, schema_editor):
    """What was published before this was kept is known by its text alone."""
    Delivery = apps.get_model("posts", "Delivery")
    published = Delivery.objects.filter(status="published", sent_version__isnull=False)
    edited = published.exclude(sent_version=F("post__version"))
    Delivery.objects.filter(pk__in=edited.values("pk")).update(differs=None)


class Migration(migrations.Migration):
    dependencies = [
        ("posts", "0008_series"),
    ]

    operations = [
        migrations.AddField("channel", "defaults", models.JSONField(blank=True, editable=False, null=True)),
        migrations.AddField(
            "delivery", "differs", models.BooleanField(db_default=False, default=False, editable=False, null=True)
        ),
        migrations.AddField("delivery", "gone_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddField(
            "delivery",
            "place",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=32),
        ),
        migrations.AddField(
            "delivery",
            "revises",
            models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="revisions",
                to="posts.delivery",
            ),
        ),
        migrations.AddField(
            "delivery",
            "sent_as",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
        ),
        migrations.AddField("delivery", "sent_fields", models.JSONField(editable=False, null=True)),
        migrations.AddField("post", "compare_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddField("post", "versions", models.JSONField(blank=True, editable=False, null=True)),
        migrations.AddField("proof", "gone", models.BooleanField(db_default=False, default=False)),
        migrations.AlterField(
            "attempt",
            "step",
            models.CharField(
                choices=[
                    ("create", "Create the draft"),
                    ("flip", "Make it public"),
                    ("publish", "Publish"),
                    ("look", "Look whether it is there"),
                    ("update", "Bring it to the present text"),
                    ("unpublish", "Take it back"),
                    ("unknown", "Interrupted"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(condition=models.Q(("revises__isnull", False)), fields=["revises"], name="delivery_revises"),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(condition=models.Q(("differs__isnull", True)), fields=["post"], name="delivery_to_compare"),
        ),
        migrations.AddIndex(
            "post",
            models.Index(
                condition=models.Q(("compare_at__isnull", False)), fields=["compare_at"], name="post_to_compare"
            ),
        ),
        migrations.RunPython(compare_what_was_edited, migrations.RunPython.noop, elidable=True),
    ]
