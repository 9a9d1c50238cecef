"""The admin of people: for superusers, behind the same log-in as every other page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from accounts.models import Feed, Mail, Membership, User, Workspace
from accounts.zones import ZoneField
from posts.engine import lateness

if TYPE_CHECKING:  # generic for the type checker only
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Membership, Workspace]
    BaseUserAdmin = DjangoUserAdmin[User]
    ChangeForm = UserChangeForm[User]
    CreationForm = BaseUserCreationForm[User]
else:
    ModelAdmin, TabularInline, BaseUserAdmin = admin.ModelAdmin, admin.TabularInline, DjangoUserAdmin
    ChangeForm, CreationForm = UserChangeForm, BaseUserCreationForm

# One log-in for everything: its throttling and its confirmed addresses count for the admin, too. Replacing the method
# is how allauth means it to be done, whatever the type checker thinks of it.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class ForSuperusers(ModelAdmin):
    """Who may edit people could make himself anything, so only those who may do everything can."""

    def _superuser(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._superuser(request)


class AddressInSmallLetters(forms.ModelForm[User]):
    """People log in with the address in small letters, however it was typed."""

    def clean_email(self) -> str:
        return User.objects.normalize_email(self.cleaned_data["email"]).lower()


class NewUserForm(AddressInSmallLetters, CreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


class UserForm(AddressInSmallLetters, ChangeForm):
    time_zone = ZoneField()

    class Meta:
        model = User
        fields = (
            "email", "password", "name", "time_zone", "is_active", "is_staff", "is_superuser", "groups",
            "user_permissions",
        )  # fmt: skip


@admin.register(User)
class UserAdmin(ForSuperusers, BaseUserAdmin):
    form = UserForm
    add_form = NewUserForm
    list_display = ("email", "name", "time_zone", "is_active", "is_staff", "is_owner", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "date_joined")
    search_fields = ("email", "name")
    date_hierarchy = "date_joined"
    ordering = ("email",)
    readonly_fields = ("is_owner", "date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "time_zone")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "is_owner", "groups", "user_permissions")}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )  # fmt: skip
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The owner stays: without one, nobody could become the owner again."""
        return super().has_delete_permission(request, obj) and not (obj and obj.is_owner)


class MembershipInline(TabularInline):
    model = Membership
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Workspace)
class WorkspaceAdmin(ForSuperusers):
    list_display = ("name", "people", "when_late", "grace", "created_at")
    search_fields = ("name", "memberships__user__email", "memberships__user__name")
    list_filter = ("created_at",)
    date_hierarchy = "created_at"
    inlines = (MembershipInline,)

    def save_model(self, request: HttpRequest, obj: Workspace, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and {"grace", "when_late"} & set(form.changed_data):
            lateness.wishes_changed(obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        workspaces: QuerySet[Workspace] = super().get_queryset(request)
        return workspaces.annotate(number_of_people=Count("memberships"))

    @admin.display(ordering="number_of_people")
    def people(self, workspace: Any) -> int:
        return int(workspace.number_of_people)


@admin.register(Mail)
class MailAdmin(ForSuperusers):
    """What went to whom, and when. Bodies hold one-time links and are never shown."""

    list_display = ("subject", "to", "status", "tries", "act_at", "sent_at", "problem", "created_at")
    list_filter = ("status", "repeatable", "created_at")
    search_fields = ("to", "subject", "event", "message_id")
    date_hierarchy = "created_at"
    fields = (
        "subject", "to", "user", "event", "status", "problem", "tries", "act_at", "sent_at", "repeatable",
        "message_id", "lease_until", "created_at",
    )  # fmt: skip
    ordering = ("-created_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Feed)
class FeedAdmin(ForSuperusers):
    """Who has a private calendar address. The address itself is kept nowhere; to delete one here is to revoke it."""

    list_display = ("user", "workspace", "created_at")
    search_fields = ("user__email", "workspace__name")
    date_hierarchy = "created_at"
    fields = ("user", "workspace", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
