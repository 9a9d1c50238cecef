"""The desk: the list of posts and the editor, which saves by itself and never over what somebody else saved."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Case, Exists, OuterRef, Prefetch, Q, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from posts import texts
from posts.beginning import FirstSteps, first_steps
from posts.forms.writing import PostForm, plain_lines
from posts.models import Channel, Delivery, Image, Post, Proof, Series
from posts.planning import changing
from posts.views.bells import ring_for_cover
from posts.views.changes import say
from posts.views.images import ACCEPTED
from posts.views.looks import PREVIEWED, sight_of
from posts.views.reading import as_read
from posts.views.scope import MemberRequest
from posts.views.standing import Standing, differing, page_of, with_standing

SHOWN_AT_ONCE = 20_000  # characters: what is rendered with the editor itself; more is fetched when the page is there
WORDS_A_MINUTE = 220
OFFERED = 12  # pictures of one's own for a cover
NEW = timedelta(days=7)  # so long the first steps stay in view when all are taken

DIFFERS = "differs"  # beside the standings: a published post may differ from what is out there
STANDINGS = [*Standing.choices, (DIFFERS, "Differs")]

Status = Delivery.Status


def home(request: MemberRequest) -> HttpResponse:
    return redirect("posts")


def posts(request: MemberRequest) -> HttpResponse:
    query, status = request.GET.get("q", "").strip(), request.GET.get("status", "")
    rows = with_standing(Post.objects.of(request.workspace)).defer("markdown")
    if query:
        rows = rows.filter(Q(title__icontains=query) | Q(summary__icontains=query) | Q(markdown__icontains=query))
    if status in Standing:
        rows = rows.filter(standing=status)
    elif status == DIFFERS:
        rows = rows.filter(Exists(differing().filter(post=OuterRef("pk"))))
    # What readers do not find comes first: the list shows a few deliveries only.
    alarms_first = Case(When(proof__outcome__in=Proof.Outcome.alarming(), then=0), default=1)
    over = Q(status=Status.CANCELLED) | ~Q(action=Delivery.Action.PUBLISH) & Q(status=Status.PUBLISHED)
    live = Delivery.objects.exclude(over).defer("sent_markdown").select_related("channel", "proof")
    live = live.order_by(alarms_first, "due_at", "pk")
    page = page_of(rows.prefetch_related(Prefetch("deliveries", live, "shown")), request.GET.get("page", ""))
    context: dict[str, Any] = {"page": page, "query": query, "status": status, "standings": STANDINGS}
    return render(request, "posts/posts.html", {**context, "steps": _steps(request)})


def _steps(request: MemberRequest) -> FirstSteps | None:
    """The first steps, unless they are hidden, or all taken by somebody who is no longer new."""
    if request.user.first_steps_hidden:
        return None
    steps = first_steps(request.workspace, request.user)
    is_new = timezone.now() - request.workspace.created_at < NEW
    return steps if is_new or not steps.is_complete else None


# --- the editor ------------------------------------------------------------------------------------------------------


def post_new(request: MemberRequest) -> HttpResponse:
    if request.method != "POST":
        return _editor(request, PostForm())
    form = PostForm(request.POST)
    if form.is_valid() and form.is_empty():
        form.add_error("title", "Write a title or some text first.")
    if not form.is_valid():
        return _editor(request, form)
    post = form.insert(request.workspace, request.user)
    _look_at_cover(post, post.cover_url)
    return _saved(request, post)


def post_edit(request: MemberRequest, pk: int) -> HttpResponse:
    post = _own(request, pk)
    if request.method != "POST":
        return _editor(request, PostForm(instance=post), post)
    form = _form_over(request, post)
    if not form.is_valid():
        return _editor(request, form, post)
    if not form.write_over(post, timezone.now()):
        return _conflict(request, pk)
    _look_at_cover(post, form.cleaned_data["cover_url"], before=post.cover_url)
    post.refresh_from_db()
    return _saved(request, post)


def autosave_new(request: MemberRequest) -> HttpResponse:
    """The first save of a post that did not exist: from here on the page is the post's own."""
    form = PostForm(request.POST)
    if not form.is_valid():
        return _not_saved(request, form)
    if form.is_empty():
        return HttpResponse(status=204)
    post = form.insert(request.workspace, request.user)
    _look_at_cover(post, post.cover_url)
    response = _autosaved(request, post, form, is_new=True)
    response["HX-Replace-Url"] = _with_time(reverse("post_edit", args=[post.pk]), request)
    return response


def autosave(request: MemberRequest, pk: int) -> HttpResponse:
    post = _own(request, pk)
    form = _form_over(request, post)
    if not form.is_valid():
        return _not_saved(request, form)
    if not form.write_over(post, timezone.now()):
        return render(request, "posts/_autosave_conflict.html", {"post": post}, status=409)
    _look_at_cover(post, form.cleaned_data["cover_url"], before=post.cover_url)
    return _autosaved(request, post, form)


def preview(request: MemberRequest) -> HttpResponse:
    """The text as it is typed: by itself, or as one of the channels will show it."""
    title, text = request.POST.get("title", ""), plain_lines(request.POST.get("markdown", ""))
    channels, chosen = _channels(request), request.POST.get("look", request.POST.get("looked_at", ""))
    channel = next((one for one in channels if str(one.pk) == chosen), None)
    context: dict[str, Any] = {"title": title.strip(), "channels": channels, "looked_at": channel}
    if channel:
        post = _as_typed(request)
        context |= {"sight": sight_of(post, channel), "post": post, **_length(text)}
    else:
        context |= _previewed(text, title)
    if request.htmx:
        return render(request, "posts/_preview.html", context)
    carried = [(name, value) for name, value in request.POST.items() if name not in LOOKING]
    return render(request, "posts/preview.html", {**context, "carried": carried})


LOOKING = ("csrfmiddlewaretoken", "look", "looked_at", "save", "schedule")  # not of the post itself


def _channels(request: MemberRequest) -> list[Channel]:
    return list(Channel.objects.of(request.workspace).order_by("name", "pk"))


def _as_typed(request: MemberRequest) -> Post:
    """The post with what is in the form, as far as it can be used. Nothing of it is saved."""
    pk = request.POST.get("previewed", "")
    stored = Post.objects.of(request.workspace).filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 19 else None
    post = stored or Post(workspace=request.workspace, author=request.user)
    form = PostForm(request.POST, instance=post)
    form.is_valid()
    return form.instance


def _previewed(text: str, title: str) -> dict[str, Any]:
    return {
        "html": as_read(text[:PREVIEWED], title),
        "is_cut": len(text) > PREVIEWED,
        "previewed": PREVIEWED,
        **_length(text),
    }


def take_front_matter(request: MemberRequest, pk: int) -> HttpResponse:
    """Move what the text's front matter says into the post's own fields, and take it off the text."""
    post = _own(request, pk)
    try:
        found = {name: value for name, value in texts.post_fields(post.markdown).items() if value}
    except texts.NotReadable as error:
        messages.error(request, f"The front matter cannot be used: {error}.")
        return redirect("post_edit", pk)
    stored = {name: getattr(post, name) for name in PostForm.FIELDS}
    values: dict[str, Any] = {**stored, "markdown": "", **found, "version": request.POST.get("version", "")}
    form = PostForm({**values, "tags": ", ".join(values["tags"])}, instance=copy.copy(post))
    if not form.is_valid():
        return _editor(request, form, post)
    if not form.write_over(post, timezone.now()):
        messages.error(request, "The post was changed in another tab meanwhile: look at it and try again.")
        return redirect("post_edit", pk)
    _look_at_cover(post, form.cleaned_data["cover_url"], before=post.cover_url)
    messages.success(request, "The front matter's values are in the post's own fields now.")
    return redirect("post_edit", pk)


def _own(request: MemberRequest, pk: int) -> Post:
    return get_object_or_404(Post.objects.of(request.workspace), pk=pk)


def _form_over(request: MemberRequest, stored: Post) -> PostForm:
    """A form that fills a copy: ``stored`` has to stay what is in the database, to be compared."""
    return PostForm(request.POST, instance=copy.copy(stored))


def _editor(
    request: MemberRequest, form: PostForm, post: Post | None = None, *, theirs: Post | None = None, status: int = 200
) -> HttpResponse:
    text = str(form["markdown"].value() or "")
    form.offer_wishes(request.workspace)
    context = {
        "form": form,
        "post": post,
        "theirs": theirs,
        "differing": _differing(form, theirs) if theirs else [],
        "day": request.GET.get("day", ""),
        "slot": request.GET.get("slot", ""),
        "has_front_matter": bool(post) and not form.is_bound and texts.has_front_matter(text),
        "settings_open": any(name in form.errors for name in form.fields if name not in ("title", "markdown")),
        "is_shown": len(text) <= SHOWN_AT_ONCE,
        "accepted": ACCEPTED,
        "channels": _channels(request),
        "own_pictures": Image.objects.of(request.workspace)[:OFFERED],
        **(_previewed(text, str(form["title"].value() or "")) if len(text) <= SHOWN_AT_ONCE else {}),
    }
    return render(request, "posts/editor.html", context, status=status)


def _differing(form: PostForm, theirs: Post) -> list[tuple[str, str]]:
    """What else is not the same in the saved version: the name of each field and what was saved there."""
    saved = PostForm(instance=theirs)
    names = [name for name in PostForm.FIELDS if name not in ("title", "markdown")]
    values = [(name, str(saved[name].value() or "")) for name in names]
    labels = {name: dict(getattr(form.fields[name], "choices", [])) for name in names}
    return [
        (str(form[name].label), str(labels[name].get(value, value)))
        for name, value in values
        if value != str(form[name].value() or "")
    ]


def _conflict(request: MemberRequest, pk: int) -> HttpResponse:
    """Both texts on one page. Whoever saves from here has seen the other one."""
    theirs = _own(request, pk)
    mine = request.POST.copy()
    mine["version"] = str(theirs.version)
    return _editor(request, PostForm(mine, instance=copy.copy(theirs)), theirs, theirs=theirs, status=409)


def _saved(request: MemberRequest, post: Post) -> HttpResponse:
    if "schedule" in request.POST:
        return redirect(_with_time(reverse("schedule", args=[post.pk]), request))
    messages.success(request, "Saved.")
    return redirect("post_edit", post.pk) if texts.has_front_matter(post.markdown) else redirect(post)


def _autosaved(request: MemberRequest, post: Post, form: PostForm, *, is_new: bool = False) -> HttpResponse:
    text = form.cleaned_data["markdown"]
    context = {
        "post": post,
        "now": timezone.now(),
        "is_new": is_new,
        "has_front_matter": texts.has_front_matter(text),
        **_length(text),
    }
    return render(request, "posts/_autosaved.html", context)


def _not_saved(request: MemberRequest, form: PostForm) -> HttpResponse:
    return render(request, "posts/_not_saved.html", {"form": form}, status=422)


def _with_time(url: str, request: MemberRequest) -> str:
    """The day that was chosen in the calendar, or the slot of a queue, goes along until the post is scheduled."""
    given = {name: request.GET.get(name) or request.POST.get(name) for name in ("day", "slot")}
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{url}?{query}" if query else url


def _length(text: str) -> dict[str, int]:
    words = len(text.split())
    return {"words": words, "minutes": -(-words // WORDS_A_MINUTE)}


def _look_at_cover(post: Post, cover_url: str, before: str = "") -> None:
    """Have a new cover fetched in the background, so that the review knows of a broken one."""
    if cover_url and cover_url != before:
        ring_for_cover(post)


# --- away with it ----------------------------------------------------------------------------------------------------


def post_delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Only what is nowhere and not on its way: the history of what is published must not be lost."""
    post = _own(request, pk)
    done_since = Q(status=Status.PUBLISHED) & ~Q(action=Delivery.Action.PUBLISH)
    kept = post.deliveries.exclude(status__in=[Status.CANCELLED, Status.FAILED, Status.MISSED]).exclude(done_since)
    if request.method == "POST":
        if change := changing.delete(post, timezone.now(), request.user):
            say(request, f"“{post}” is deleted.", change)
            return redirect("posts")
        messages.error(request, "It was not deleted: it is scheduled, on its way or published.")
    context = {
        "post": post, "kept": kept.select_related("channel"), "lost": post.deliveries.count(),
        "days": changing.KEPT.days, "in_series": Series.objects.filter(turns__post=post).distinct(),
    }  # fmt: skip
    return render(request, "posts/post_delete.html", context)
