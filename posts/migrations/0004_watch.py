from pathlib import Path

from django.db import migrations, models

# While others write theirs: the newest below this one. Becomes a plain name before it is committed.
_before = sorted(path.stem for path in Path(__file__).parent.glob("000[123]_*.py"))[-1]


class Migration(migrations.Migration):

    dependencies = [
        ('posts', _before),
    ]

    operations = [
        migrations.CreateModel(
            name='Outage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField()),
                ('is_over', models.BooleanField(default=False)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_over', False)), fields=('is_over',), name='outage_one_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('of', models.CharField(choices=[('attempts', 'Attempts'), ('lateness', 'Lateness'), ('calls', 'Seconds of calls')], max_length=20)),
                ('platform', models.CharField(max_length=30)),
                ('detail', models.CharField(max_length=40)),
                ('value', models.FloatField(default=0)),
            ],
            options={
                'verbose_name_plural': 'tallies',
                'constraints': [models.UniqueConstraint(fields=('of', 'platform', 'detail'), name='tally_once')],
            },
        ),
        migrations.CreateModel(
            name='Turn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, unique=True)),
                ('taken_at', models.DateTimeField()),
                ('reached', models.BigIntegerField(default=0)),
            ],
        ),
    ]
