"""The three usual ways of publishing on time with Celery alone, written as one would write them.

* one task per post: a periodic task looks every second for what is due, and queues one task for each;
* ETA: the task is queued when the post is scheduled, with the time as its `eta`;
* one beat row per post: a `ClockedSchedule` and a one-off `PeriodicTask` for each, as django-celery-beat offers it.

All three share the model, the task and the calls. They get every trick that makes them quicker: a pool of 64 threads, a
session per thread, the connections to the database kept, no results. None of them looks after a crash, keeps the order
of an account or knows a lease: what they do not do costs them nothing here.
"""
