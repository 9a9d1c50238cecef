"""What is asked of Hashnode, word for word. Names and types are those of its API in July 2026.

Whether they still fit is tested: each document is validated against the schema, and its variables are coerced.
"""

from __future__ import annotations

from typing import Final

_POST: Final = """
fragment Found on Post { id slug url canonicalUrl content { markdown } }
"""

# --- Reading -----------------------------------------------------------------------------------------------------

ME: Final = """
query Me($after: String) {
  me {
    id username name
    publications(first: 50, after: $after) {
      edges { node { id title url } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

# Whatever is read of a publication needs its Pro plan, so that this is how to find out about it.
PLAN: Final = """
query Plan($publication: ObjectId!) { publication(id: $publication) { id } }
"""

SERIES: Final = """
query Series($publication: ObjectId!, $slug: String!) {
  publication(id: $publication) { id series(slug: $slug) { id } }
}
"""

# Under our slug, and under what it may have become when it was taken.
BY_SLUG: Final = (
    """
query BySlug($publication: ObjectId!, $slug: String!, $next: String!, $second: String!) {
  publication(id: $publication) {
    id
    own: post(slug: $slug) { ...Found }
    next: post(slug: $next) { ...Found }
    second: post(slug: $second) { ...Found }
    moved: redirectedPost(slug: $slug) { id }
  }
}
"""
    + _POST
)

POST: Final = "query Post($id: ID!) { post(id: $id) { ...Found } }" + _POST

DRAFT: Final = """
query Draft($id: ObjectId!) { draft(id: $id) { id canonicalUrl content { markdown } } }
"""

POSTS: Final = (
    """
query Posts($publication: ObjectId!, $after: String) {
  publication(id: $publication) {
    id
    posts(first: 50, after: $after) { edges { node { ...Found } } pageInfo { hasNextPage endCursor } }
  }
}
"""
    + _POST
)

DRAFTS: Final = """
query Drafts($publication: ObjectId!, $after: String) {
  publication(id: $publication) {
    id
    drafts(first: 50, after: $after) {
      edges { node { id canonicalUrl content { markdown } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

# --- Writing -----------------------------------------------------------------------------------------------------

CREATE_DRAFT: Final = """
mutation CreateDraft($input: CreateDraftInput!) { createDraft(input: $input) { draft { id } } }
"""

UPDATE_DRAFT: Final = """
mutation UpdateDraft($input: UpdateDraftInput!) { updateDraft(input: $input) { draft { id } } }
"""

PUBLISH_DRAFT: Final = """
mutation PublishDraft($input: PublishDraftInput!) { publishDraft(input: $input) { post { id url } } }
"""

UPDATE_POST: Final = """
mutation UpdatePost($input: UpdatePostInput!) { updatePost(input: $input) { post { id url } } }
"""

# The answer's fields are a form for the storage, which takes it and the file for some minutes.
CREATE_IMAGE_UPLOAD: Final = """
mutation CreateImageUpload($input: CreateImageUploadInput!) {
  createImageUploadURL(input: $input) { presignedPost { url fields } }
}
"""
