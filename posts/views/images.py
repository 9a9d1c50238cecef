"""The pictures of a workspace: given, looked through, described, taken away."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from posts.forms.uploads import left_out
from posts.images import keeping, using, variants
from posts.images.progress import progress_of
from posts.images.reading import NotTaken, in_mb, too_large
from posts.models import Image
from posts.views.bells import ring_for_images
from posts.views.scope import MemberRequest
from posts.views.standing import page_of

SHOWN = 24  # pictures on a page
AT_ONCE = 20  # files in one form
ACCEPTED = "image/jpeg,image/png,image/gif,image/webp"


def images(request: MemberRequest) -> HttpResponse:
    if request.method == "POST":
        return _taken_in(request)
    query = request.GET.get("q", "").strip()
    rows = Image.objects.of(request.workspace)
    if query:
        rows = rows.filter(Q(name__icontains=query) | Q(alt__icontains=query))
    return render(request, "posts/images.html", {
        "page": page_of(rows, request.GET.get("page", ""), SHOWN), "query": query, "accepted": ACCEPTED,
        "progress": progress_of(request.workspace), "longest": in_mb(settings.IMAGE_BYTES), "at_once": AT_ONCE,
    })  # fmt: skip


def _taken_in(request: MemberRequest) -> HttpResponse:
    """What was given with the form, without JavaScript: each is taken or refused by itself."""
    files = request.FILES.getlist("pictures")
    refused = [f"{name}: {too_large()}" for name in left_out(request)]
    if not (files or refused):
        refused = ["Choose a picture first."]
    if len(files) > AT_ONCE:
        refused.append(f"These are {len(files)} files: the first {AT_ONCE} were taken.")
    batch, taken = uuid.uuid4(), []
    for file in files[:AT_ONCE]:
        try:
            taken.append(_take(request, file, batch=batch))
        except NotTaken as reason:
            refused.append(f"{file.name}: {reason}")
    for sentence in refused:
        messages.error(request, sentence)
    if taken:
        messages.success(request, f"{len(taken)} picture{'s are' if len(taken) > 1 else ' is'} in your library.")
    if len(taken) == 1 and len(files) == 1:
        return redirect(taken[0])
    return redirect("images")


def _take(request: MemberRequest, file: UploadedFile[bytes], **more: Any) -> Image:
    image = keeping.take_in(request.workspace, request.user, file.read(), file.name or "", **more)
    ring_for_images([image.pk])
    return image


def upload(request: MemberRequest) -> HttpResponse:
    """One picture, from the editor. JSON: the picture, or the sentence that says why not."""
    file = request.FILES.get("picture")
    if not isinstance(file, UploadedFile):
        names = left_out(request)
        message = f"{names[0]}: {too_large()}" if names else "Choose a picture first."
        return JsonResponse({"error": message}, status=422)
    try:
        image = _take(request, file)
    except NotTaken as reason:
        return JsonResponse({"error": f"{file.name}: {reason}"}, status=422)
    return JsonResponse(
        {"url": image.url, "name": image.name, "alt": image.alt, "alt_url": reverse("image_alt", args=[image.pk])}
    )


def image(request: MemberRequest, pk: int) -> HttpResponse:
    """One picture: what it shows, its addresses, where it is used."""
    found = _own(request, pk)
    if request.method == "POST":
        keeping.describe(found, request.POST.get("alt", ""))
        messages.success(request, "Saved.")
        return redirect(found)
    return render(request, "posts/image.html", {
        "image": found, "forms": found.forms(), "posts": using.posts_with(found).only("title")[:SHOWN],
        "is_public": using.house_is_public(),
    })  # fmt: skip


def alt(request: MemberRequest, pk: int) -> HttpResponse:
    """The same from the editor, in passing."""
    keeping.describe(_own(request, pk), request.POST.get("alt", ""))
    return HttpResponse(status=204)


def image_delete(request: MemberRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    if request.method == "POST":
        try:
            keeping.delete(found)
        except keeping.InUse as reason:
            messages.error(request, str(reason))
            return redirect(found)
        messages.success(request, f"{found.name} is deleted.")
        return redirect("images")
    return render(request, "posts/image_delete.html", {
        "image": found, "waiting": using.waits_for(found).select_related("post", "channel")[:SHOWN],
        "posts": using.posts_with(found).only("title")[:SHOWN],
    })  # fmt: skip


# --- while they are prepared -----------------------------------------------------------------------------------------


def progress(request: MemberRequest) -> HttpResponse:
    """How far it is: a part of the page that asks again by itself; without JavaScript, the page."""
    if not request.htmx:
        return redirect("images")
    return render(request, "posts/_images_progress.html", {"progress": progress_of(request.workspace)})


def stop(request: MemberRequest) -> HttpResponse:
    if left := variants.stop(request.workspace.pk):
        messages.success(request, f"Stopped: {left} picture{'s have' if left > 1 else ' has'} no smaller forms.")
    return redirect("images")


def go_on(request: MemberRequest) -> HttpResponse:
    ring_for_images(variants.go_on(request.workspace.pk))
    return redirect("images")


def _own(request: MemberRequest, pk: int) -> Image:
    return get_object_or_404(Image.objects.of(request.workspace), pk=pk)
