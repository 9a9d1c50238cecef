"""The addresses of the product's own pages. ``page`` is read, ``form`` is filled in, ``action`` is a button."""

from __future__ import annotations

from django.urls import path

from posts.views import (
    beginning,
    calendar,
    changes,
    channels,
    deciding,
    deliveries,
    diary,
    feed,
    planning,
    queue,
    scheduling,
    series,
    writing,
    zonelaws,
)
from posts.views.scope import action, form, page

urlpatterns = [
    path("", page(writing.home), name="home"),
    # the first minutes
    path("first-steps/", action(beginning.first_steps), name="first_steps"),
    path("first-steps/try/", action(beginning.try_demo), name="try_demo"),
    path("first-steps/demo-channel/", action(beginning.connect_demo), name="connect_demo"),
    # the desk
    path("posts/", page(writing.posts), name="posts"),
    path("posts/new/", form(writing.post_new), name="post_new"),
    path("posts/new/autosave/", action(writing.autosave_new), name="post_autosave_new"),
    path("posts/preview/", action(writing.preview), name="post_preview"),
    path("posts/<int:pk>/", page(deliveries.post), name="post"),
    path("posts/<int:pk>/edit/", form(writing.post_edit), name="post_edit"),
    path("posts/<int:pk>/autosave/", action(writing.autosave), name="post_autosave"),
    path("posts/<int:pk>/front-matter/", action(writing.take_front_matter), name="post_front_matter"),
    path("posts/<int:pk>/delete/", form(writing.post_delete), name="post_delete"),
    # the diary
    path("posts/<int:pk>/schedule/", page(scheduling.schedule), name="schedule"),
    path("posts/<int:pk>/review/", form(scheduling.review), name="review"),
    path("schedule/", page(diary.schedule_list), name="schedule_list"),
    path("schedule/missed/", action(diary.decide_missed), name="decide_missed"),
    path("schedule/changes/", page(changes.changes), name="changes"),
    path("schedule/changes/<int:pk>/undo/", action(changes.undo), name="change_undo"),
    path("calendar/move/", action(calendar.drop), name="calendar_move"),
    path("calendar/", page(calendar.calendar), name="calendar"),
    path("calendar/<str:token>.ics", feed.feed, name="feed"),
    # the queue
    path("queue/", page(queue.queue), name="queue"),
    path("deliveries/<int:pk>/move-in-queue/", action(queue.move), name="queue_move"),
    path("deliveries/<int:pk>/take-out/", action(queue.take_out), name="queue_take_out"),
    path("channels/<int:pk>/slots/", form(queue.slots_of), name="slots"),
    path("channels/<int:pk>/fill/", page(queue.fill), name="queue_fill"),
    path("channels/<int:pk>/realign/", form(queue.realign), name="queue_realign"),
    # canonical first
    path("plans/", page(planning.plans), name="plans"),
    path("plans/new/", form(planning.plan_new), name="plan_new"),
    path("plans/<int:pk>/", form(planning.plan), name="plan"),
    path("plans/<int:pk>/delete/", action(planning.plan_delete), name="plan_delete"),
    path("deliveries/<int:pk>/release/", action(planning.release), name="delivery_release"),
    path("deliveries/<int:pk>/delay/", form(planning.delay), name="delivery_delay"),
    path("deliveries/<int:pk>/wait-on/", action(planning.wait_on), name="delivery_wait_on"),
    # the window
    path("posts/<int:pk>/deliveries/", page(deliveries.deliveries), name="deliveries"),
    path("deliveries/<int:pk>/", page(deliveries.delivery), name="delivery"),
    path("deliveries/<int:pk>/story/", page(deliveries.told), name="delivery_story"),
    path("deliveries/<int:pk>/text/", page(deliveries.text), name="delivery_text"),
    path("deliveries/<int:pk>/public-page/", page(deliveries.public_page), name="delivery_public_page"),
    path("deliveries/<int:pk>/check-page/", action(deciding.check_page), name="delivery_check_page"),
    path("deliveries/<int:pk>/file/", page(deliveries.file), name="delivery_file"),
    path("deliveries/<int:pk>/page/", page(deliveries.as_page), name="delivery_page"),
    path("deliveries/<int:pk>/cancel/", action(deciding.cancel), name="delivery_cancel"),
    path("deliveries/<int:pk>/publish-now/", action(deciding.publish_now), name="delivery_publish_now"),
    path("deliveries/<int:pk>/reschedule/", form(deciding.reschedule), name="delivery_reschedule"),
    path("deliveries/<int:pk>/send-again/", action(deciding.send_again), name="delivery_send_again"),
    path("deliveries/<int:pk>/confirm/", action(deciding.confirm), name="delivery_confirm"),
    path("schedule/clocks/", form(zonelaws.zone_laws), name="zone_laws"),
    # what repeats
    path("series/", page(series.series_list), name="series_list"),
    path("series/new/", form(series.series_new), name="series_new"),
    path("series/preview/", action(series.series_preview), name="series_preview"),
    path("series/<int:pk>/", page(series.series), name="series"),
    path("series/<int:pk>/edit/", form(series.series_edit), name="series_edit"),
    path("series/<int:pk>/pause/", action(series.pause), name="series_pause"),
    path("series/<int:pk>/resume/", action(series.resume), name="series_resume"),
    path("series/<int:pk>/end/", form(series.end), name="series_end"),
    path("series/<int:pk>/dates/<int:date>/skip/", action(series.date_skip), name="date_skip"),
    path("series/<int:pk>/dates/<int:date>/take-back/", action(series.date_take_back), name="date_take_back"),
    path("series/<int:pk>/dates/<int:date>/move/", form(series.date_move), name="date_move"),
    # the doors
    path("channels/", page(channels.channels), name="channels"),
    path("channels/connect/", page(channels.pick), name="channel_pick"),
    path("channels/connect/<slug:platform>/", form(channels.connect), name="channel_connect"),
    path("channels/<int:pk>/", form(channels.channel), name="channel"),
    path("channels/<int:pk>/status/", page(channels.status), name="channel_status"),
    path("channels/<int:pk>/check/", action(channels.check_again), name="channel_check"),
    path("channels/<int:pk>/pause/", action(channels.pause), name="channel_pause"),
    path("channels/<int:pk>/resume/", action(channels.resume), name="channel_resume"),
    path("channels/<int:pk>/remove/", form(channels.remove), name="channel_remove"),
]
