import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_when_late'),
        ('posts', '0004_watch'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='PlanStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('after', models.DurationField()),
            ],
            options={
                'ordering': ['after', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Slot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')])),
                ('at', models.TimeField()),
                ('zone', models.CharField(max_length=60)),
            ],
            options={
                'ordering': ['weekday', 'at', 'zone'],
            },
        ),
        migrations.AddField(
            model_name='delivery',
            name='canonical_url',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=1000),
        ),
        migrations.AddField(
            model_name='delivery',
            name='follow_after',
            field=models.DurationField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='delivery',
            name='follows',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='followers', to='posts.delivery'),
        ),
        migrations.AddField(
            model_name='delivery',
            name='obstacle',
            field=models.CharField(blank=True, choices=[('gone', 'It was deleted'), ('failed', 'It failed'), ('uncertain', 'Nobody knows whether it arrived'), ('missed', 'It missed its time'), ('cancelled', 'It was cancelled'), ('late', 'It is late'), ('no_page', 'It has no public page'), ('missing', 'Its page is missing'), ('different', 'Its page is not as it should be'), ('not_reached', 'Its page could not be looked at')], db_default='', default='', editable=False, max_length=12),
        ),
        migrations.AddField(
            model_name='delivery',
            name='slot_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='delivery',
            name='waits_on',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('status', 'waiting')), fields=['follows'], name='delivery_waiting'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('follows__isnull', False)), fields=['follows'], name='delivery_follows'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(condition=models.Q(('slot_at__isnull', False), models.Q(('status__in', ['cancelled', 'failed']), _negated=True)), fields=('channel', 'slot_at'), name='delivery_slot_once'),
        ),
        migrations.AddField(
            model_name='plan',
            name='origin',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='posts.channel'),
        ),
        migrations.AddField(
            model_name='plan',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='plans', to='accounts.workspace'),
        ),
        migrations.AddField(
            model_name='planstep',
            name='channel',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='posts.channel'),
        ),
        migrations.AddField(
            model_name='planstep',
            name='plan',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='posts.plan'),
        ),
        migrations.AddField(
            model_name='slot',
            name='channel',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='slots', to='posts.channel'),
        ),
        migrations.AddConstraint(
            model_name='plan',
            constraint=models.UniqueConstraint(fields=('workspace', 'name'), name='plan_name_once_per_workspace', violation_error_message='There is a plan of this name already.'),
        ),
        migrations.AddConstraint(
            model_name='planstep',
            constraint=models.UniqueConstraint(fields=('plan', 'channel'), name='plan_step_once_per_channel'),
        ),
        migrations.AddConstraint(
            model_name='slot',
            constraint=models.UniqueConstraint(fields=('channel', 'weekday', 'at', 'zone'), name='slot_once'),
        ),
    ]
