import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('posts', '0002_lateness'),
    ]

    operations = [
        migrations.CreateModel(
            name='Proof',
            fields=[
                ('delivery', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='proof', serialize=False, to='posts.delivery')),
                ('host', models.CharField(max_length=300)),
                ('canonical_url', models.CharField(max_length=1000, null=True)),
                ('began_at', models.DateTimeField()),
                ('due_at', models.DateTimeField(null=True, verbose_name='next look')),
                ('lease_until', models.DateTimeField(null=True)),
                ('looks', models.PositiveIntegerField(default=0)),
                ('doubts', models.PositiveSmallIntegerField(default=0)),
                ('outcome', models.CharField(choices=[('waiting', 'Not looked at yet'), ('there', 'There'), ('missing', 'Missing'), ('different', 'Not as it should be'), ('not_reached', 'Could not be looked at')], default='waiting', max_length=12)),
                ('looked_at', models.DateTimeField(null=True)),
                ('status', models.PositiveSmallIntegerField(null=True, verbose_name='answered')),
                ('message', models.TextField(blank=True)),
                ('history', models.JSONField(default=list)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='proof_due')],
            },
        ),
    ]
