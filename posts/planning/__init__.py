"""What people plan: when and where to, one by one, by weekly slots, one after another, or again and again."""
