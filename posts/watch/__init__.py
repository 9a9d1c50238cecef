"""What is watched in operation: public pages, heartbeats, outages, numbers; and who is told."""
