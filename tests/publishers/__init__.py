import pytest

# What every publisher promises: its failures are told like our own.
pytest.register_assert_rewrite("publishers.testing", "publishers.testing_announcements")
