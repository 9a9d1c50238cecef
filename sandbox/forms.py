"""Files as browsers send them: multipart/form-data."""

from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP

from sandbox.messages import Request

Part = tuple[str, bytes, str]
"""Name, content and type of one part."""


def parts_of(request: Request) -> list[Part]:
    """The parts of a form in their order; none when it is no such form."""
    if request.content_type != "multipart/form-data":
        return []
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    return [_part(part) for part in message.iter_parts()]


def _part(part: Message) -> Part:
    content = part.get_payload(decode=True)
    name = part.get_param("name", header="content-disposition")
    return str(name), content if isinstance(content, bytes) else b"", part.get_content_type()
