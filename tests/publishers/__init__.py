import pytest

pytest.register_assert_rewrite(
    "publishers.testing"
)  # what every publisher promises: its failures are told like our own
