import django.db.models.deletion
import posts.models.image
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_calendar'),
        ('posts', '0011_by_hand_and_health'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Image',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=posts.models.image.new_token, editable=False, max_length=22, unique=True)),
                ('digest', models.CharField(editable=False, max_length=64, verbose_name='SHA-256')),
                ('name', models.CharField(editable=False, max_length=100)),
                ('media_type', models.CharField(editable=False, max_length=20)),
                ('size', models.PositiveIntegerField(editable=False)),
                ('width', models.PositiveIntegerField(editable=False)),
                ('height', models.PositiveIntegerField(editable=False)),
                ('is_animated', models.BooleanField(default=False, editable=False)),
                ('alt', models.CharField(blank=True, max_length=500, verbose_name='alt text')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('variants', models.JSONField(default=list, editable=False)),
                ('status', models.CharField(choices=[('waiting', 'Being prepared'), ('ready', 'Ready'), ('broken', 'Damaged'), ('stopped', 'Stopped')], default='waiting', editable=False, max_length=10)),
                ('problem', models.TextField(blank=True, editable=False)),
                ('batch', models.UUIDField(editable=False, null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('lease_until', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='OutsideImage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('address', models.CharField(max_length=1000)),
                ('asked_at', models.DateTimeField()),
                ('checked_at', models.DateTimeField(null=True)),
                ('problem', models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name='RemoteImage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('revision', models.PositiveIntegerField()),
                ('remote_id', models.CharField(blank=True, max_length=300)),
                ('url', models.CharField(blank=True, max_length=1000)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='attempt',
            name='attempt_once_per_step',
        ),
        migrations.AddField(
            model_name='channel',
            name='images_since',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='step',
            field=models.CharField(choices=[('image', 'Upload a picture'), ('create', 'Create the draft'), ('flip', 'Make it public'), ('publish', 'Publish'), ('look', 'Look whether it is there'), ('update', 'Bring it to the present text'), ('unpublish', 'Take it back'), ('hand_over', 'Hand it to its author'), ('unknown', 'Interrupted')], max_length=10),
        ),
        migrations.AddConstraint(
            model_name='attempt',
            constraint=models.UniqueConstraint(condition=models.Q(('step', 'image'), _negated=True), fields=('delivery', 'number', 'step'), name='attempt_once_per_step'),
        ),
        migrations.AddField(
            model_name='image',
            name='uploaded_by',
            field=models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='image',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='images', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='outsideimage',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='outside_images', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='remoteimage',
            name='channel',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='remote_images', to='posts.channel'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(fields=['workspace', '-id'], name='posts_image_workspa_325604_idx'),
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(condition=models.Q(('status', 'waiting')), fields=['id'], name='image_to_prepare'),
        ),
        migrations.AddConstraint(
            model_name='image',
            constraint=models.UniqueConstraint(fields=('workspace', 'digest'), name='image_once_per_workspace'),
        ),
        migrations.AddIndex(
            model_name='outsideimage',
            index=models.Index(condition=models.Q(('checked_at', None)), fields=['asked_at'], name='outside_image_to_check'),
        ),
        migrations.AddConstraint(
            model_name='outsideimage',
            constraint=models.UniqueConstraint(fields=('workspace', 'digest'), name='outside_image_once'),
        ),
        migrations.AddConstraint(
            model_name='remoteimage',
            constraint=models.UniqueConstraint(fields=('channel', 'digest', 'revision'), name='remote_image_once'),
        ),
    ]
