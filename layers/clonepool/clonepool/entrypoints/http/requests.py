"""What callers send, checked for shape. What the words mean, the domain checks."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from clonepool.domain.lease import CloneRequest
from clonepool.domain.names import check_ttl
from clonepool.errors import BodyTooLarge, InvalidRequest, UnsupportedMediaType

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_BYTES = 16 * 1024
MAX_PAGE, DEFAULT_PAGE = 100, 50
MAX_PAGE_DIGITS = 3


class Body(BaseModel):
    """A JSON object with exactly these fields."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Read the body of an HTTP API event (payload 2.0).

        Raises:
            UnsupportedMediaType, BodyTooLarge, InvalidRequest.
        """
        _check_type(event)
        try:
            return cls.model_validate_json(_content(event))
        except ValidationError as error:
            raise _explained(error, cls) from error


class SourceBody(Body):
    """PUT /customers/{customer_id}/source."""

    url: str
    key: SecretStr


class CloneBody(Body):
    """POST /clones. `ttl_minutes` is checked by the domain, whatever its type."""

    customer_id: str
    ttl_minutes: Any = 30
    name: str | None = None
    on_empty: Literal["provision", "reject"] = "provision"
    access: Literal["private", "public"] = "private"
    allow_hosts: list[str] = []

    def request(self) -> CloneRequest:
        """Raises InvalidName, InvalidTtl, InvalidHosts."""
        return CloneRequest.of(
            self.customer_id,
            ttl_minutes=check_ttl(self.ttl_minutes),
            name=self.name,
            on_empty=self.on_empty,
            access=self.access,
            allow_hosts=self.allow_hosts,
        )


class ExtendBody(Body):
    """POST /clones/{clone_id}/extend."""

    ttl_minutes: Any

    def minutes(self) -> int:
        """Raises InvalidTtl."""
        return check_ttl(self.ttl_minutes)


def page_size(text: str | None) -> int:
    """The `limit` of a list. Raises InvalidRequest."""
    if text is None:
        return DEFAULT_PAGE
    if not (
        len(text) <= MAX_PAGE_DIGITS and text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_PAGE
    ):
        raise InvalidRequest(f"limit must be a whole number between 1 and {MAX_PAGE}.")
    return int(text)


def _check_type(event: Mapping[str, Any]) -> None:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    media_type = headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType("Send the body as JSON, with the header Content-Type: application/json.")


def _content(event: Mapping[str, Any]) -> bytes:
    text: str = event.get("body") or ""
    if len(text) > 2 * MAX_BODY_BYTES:
        raise _too_large()
    try:
        content = b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except ValueError as error:
        raise InvalidRequest("The body is not valid base64; send plain JSON.") from error
    if len(content) > MAX_BODY_BYTES:
        raise _too_large()
    return content


def _too_large() -> BodyTooLarge:
    return BodyTooLarge(f"The body must be at most {MAX_BODY_BYTES} bytes; no valid request is larger.")


def _explained(error: ValidationError, model: type[Body]) -> InvalidRequest:
    """Which fields are wrong and how, without repeating any value."""
    found = [(".".join(str(step) for step in one["loc"]), one["msg"]) for one in error.errors()]
    fields = ", ".join(
        name if field.is_required() else f"{name} (optional)" for name, field in model.model_fields.items()
    )
    return InvalidRequest(f"Send a JSON object with the fields {fields}.", found)
