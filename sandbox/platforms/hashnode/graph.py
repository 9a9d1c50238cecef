"""GraphQL over HTTP: reads what was sent, refuses what the schema does not know, executes the rest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLScalarType,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from sandbox.messages import Request, Response, json_response

MAX_DEPTH = 10

OBJECT_ID_DIGITS = 24


def is_object_id(text: str) -> bool:
    """Whether a text is 24 hexadecimal digits."""
    return len(text) == OBJECT_ID_DIGITS and all(digit in "0123456789abcdef" for digit in text)


def _object_id(value: Any) -> str:
    if not isinstance(value, str) or not is_object_id(value):
        raise GraphQLError(f"Not an ObjectId: {value!r}")
    return value


SCHEMA = build_schema(Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8"))
_scalar = SCHEMA.type_map["ObjectId"]
assert isinstance(_scalar, GraphQLScalarType)
_scalar.coerce_input_value = _object_id


class Refused(GraphQLError):
    """A refusal that travels with status 200, its code inside."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, extensions={"code": code})


def refuse(code: str, message: str) -> NoReturn:
    """Refuse what is asked."""
    raise Refused(code, message)


@dataclass(frozen=True)
class Asked:
    """What a request asks for. With `problem` it is not even begun."""

    variables: dict[str, Any] = field(default_factory=dict)
    document: DocumentNode | None = None
    operation: OperationDefinitionNode | None = None
    problem: Response | None = None

    @property
    def writes(self) -> bool:
        """Whether it is a mutation."""
        return self.operation is not None and self.operation.operation is OperationType.MUTATION

    @property
    def field(self) -> FieldNode | None:
        """The first field at the root, which says what it is about."""
        fields = self.operation.selection_set.selections if self.operation else ()
        return next((one for one in fields if isinstance(one, FieldNode)), None)

    @property
    def inner(self) -> set[str]:
        """The names of the fields right below it."""
        below = self.field.selection_set if self.field else None
        return {one.name.value for one in below.selections if isinstance(one, FieldNode)} if below else set()


def read(request: Request) -> Asked:
    """Read a request. Looks, does nothing."""
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        return Asked(problem=errors(400, "BAD_REQUEST", "The request has to be application/json."))
    try:
        sent = json.loads(request.body)
        query, variables = sent["query"], sent.get("variables") or {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return Asked(problem=errors(400, "BAD_REQUEST", "The request has to be a JSON object with a query."))
    if not isinstance(query, str) or not isinstance(variables, dict):
        return Asked(problem=errors(400, "BAD_REQUEST", "The query has to be a text, its variables an object."))
    try:
        document = parse(query)
    except GraphQLError as wrong:
        return Asked(problem=errors(400, "GRAPHQL_PARSE_FAILED", wrong.message))
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    if len(operations) != 1:
        return Asked(problem=errors(400, "GRAPHQL_VALIDATION_FAILED", "The query has to be one operation."))
    return Asked(variables, document, operations[0], _mistake(document))


def _mistake(document: DocumentNode) -> Response | None:
    if mistakes := validate(SCHEMA, document):
        return _answer(400, None, [_shown(one, "GRAPHQL_VALIDATION_FAILED") for one in mistakes])
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    deepest = max(_depth(one.selection_set, fragments) for one in operations)
    if deepest > MAX_DEPTH:
        return errors(400, "BAD_USER_INPUT", f"The query is {deepest} levels deep; {MAX_DEPTH} are allowed.")
    return None


def _depth(selected: SelectionSetNode | None, fragments: Mapping[str, Any]) -> int:
    """Levels of fields. A document that passed validation has no fragment within itself."""
    if selected is None:
        return 0
    depths = [0]
    for one in selected.selections:
        if isinstance(one, FragmentSpreadNode):
            depths.append(_depth(fragments[one.name.value].selection_set, fragments))
        elif isinstance(one, FieldNode):
            depths.append(1 + _depth(one.selection_set, fragments))
        else:
            depths.append(_depth(getattr(one, "selection_set", None), fragments))
    return max(depths)


def run(asked: Asked, root: Mapping[str, Any]) -> tuple[Response, bool]:
    """Execute what is asked over `root`, which has a function for each field; answers whether it went well, too."""
    assert asked.document
    result = execute_sync(SCHEMA, asked.document, root_value=root, variable_values=asked.variables)
    for error in result.errors or ():
        if error.original_error and not isinstance(error.original_error, GraphQLError):
            raise error.original_error  # a mistake of the sandbox itself
    if not result.errors:
        return _answer(200, result.data, []), True
    if result.data is None and not any(error.path for error in result.errors):  # variables that are not what they say
        return _answer(400, None, [_shown(error, "BAD_USER_INPUT") for error in result.errors]), False
    return _answer(200, result.data, [_shown(error, "INTERNAL_SERVER_ERROR") for error in result.errors]), False


def errors(status: int, code: str, message: str) -> Response:
    """An answer with one error and nothing else."""
    return json_response(status, {"errors": [{"message": message, "extensions": {"code": code}}]})


def _shown(error: GraphQLError, code: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"message": error.message, "extensions": {"code": code} | (error.extensions or {})}
    return shown | ({"path": error.path} if error.path else {})


def _answer(status: int, data: Any, mistakes: list[dict[str, Any]]) -> Response:
    body = {"errors": mistakes} if mistakes else {}
    return json_response(status, body | ({"data": data} if status == 200 else {}))
