from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('posts', '0003_proof'),
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
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('status__in', ['failed', 'uncertain', 'missed', 'handed_over'])), fields=['status'], name='delivery_needs_a_person'),
        ),
    ]
