"""What can be asked about tags, categories and pictures."""

from html import escape

from sandbox.contract import Outcome
from sandbox.messages import Request, Response, json_response
from sandbox.platforms.wordpress import answers, display
from sandbox.platforms.wordpress.arguments import checked, json_of
from sandbox.platforms.wordpress.library import TYPES, Library, file_name
from sandbox.platforms.wordpress.posts import NAME, Person


class Counter:
    """Gives out what the library has, and takes in what is new."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def terms(self, request: Request, kind: str) -> Outcome:
        asked = checked("terms", dict(request.query))
        search = asked.get("search", "").casefold()
        found = [
            term.shown(request.origin)
            for term in self.library.terms
            if term.kind == kind and ("slug" not in asked or term.slug in map(display.slug_of, asked["slug"]))
            if search in escape(term.name, quote=False).casefold() or search in term.slug
        ]
        return Outcome(json_response(200, found[: asked.get("per_page", 10)]))

    def make_term(self, request: Request, kind: str, person: Person | None) -> Outcome:
        needs = {"tags": "edit_posts", "categories": "manage_categories"}[kind]
        if not person or not person.may(needs):
            message = "Sorry, you are not allowed to create terms in this taxonomy."
            return answers.not_allowed(person, "rest_cannot_create", message)
        name = checked("make_term", json_of(request) or {})["name"].strip()
        if there := self.library.named(kind, name):
            message = "A term with the name provided already exists in this taxonomy."
            return answers.refused(400, "term_exists", message, term_id=there.id)
        if not name:
            return answers.refused(500, "empty_term_name", "A name is required for this term.")
        if len(name) > 200:
            return answers.refused(500, "db_insert_error", "Could not insert term into the database.")
        return Outcome(json_response(201, self.library.make(kind, name).shown(request.origin)))

    def upload(self, request: Request, person: Person | None) -> Outcome:
        if not person or not person.may("upload_files"):
            message = "Sorry, you are not allowed to upload media on this site."
            return answers.not_allowed(person, "rest_cannot_create", message)
        if not request.body:
            return answers.refused(400, "rest_upload_no_data", "No data supplied.")
        if "content-type" not in request.headers or not request.content_type:
            return answers.refused(400, "rest_upload_no_content_type", "No Content-Type supplied.")
        disposition = request.headers.get("content-disposition", "")
        if not disposition:
            message = "No Content-Disposition supplied."
            return answers.refused(400, "rest_upload_no_content_disposition", message)
        name = file_name(disposition)
        if not name:
            return answers.refused(400, "rest_upload_invalid_disposition", "Invalid Content-Disposition supplied.")
        if not name.lower().endswith(TYPES.get(request.content_type, ())):
            message = "Sorry, you are not allowed to upload this file type."
            return answers.refused(500, "rest_upload_sideload_error", message)
        given = checked("upload", dict(request.query))
        who = person.account.username
        media = self.library.keep(name, request.content_type, request.body, given.get("alt_text", ""), who)
        return Outcome(json_response(201, {
            "id": media.id, "type": "attachment", "status": "inherit", "media_type": "image",
            "mime_type": media.media_type, "alt_text": media.alt_text,
            "source_url": f"{request.origin}/{NAME}{media.path}",
        }))  # fmt: skip

    def file(self, request: Request) -> Outcome:
        media = self.library.at(request.path)
        if not media:
            return Outcome(answers.web_page(404, "Page not found"))
        return Outcome(Response(200, media.body, {"Content-Type": media.media_type}))
