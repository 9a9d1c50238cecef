from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_when_late")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="first_steps_hidden",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
