"""A customer names the site that its clones are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clonepool.domain.clones import Source
from clonepool.domain.jobkey import parse_export_key
from clonepool.domain.names import check_customer
from clonepool.domain.urls import check_source_url

if TYPE_CHECKING:
    from clonepool.ports import Clock, Secrets, Sources


@dataclass(frozen=True, slots=True)
class RegisterSource:
    """Store where the source is, and its export key where only workers can read it."""

    sources: Sources
    secrets: Secrets
    clock: Clock

    def __call__(self, customer_id: str, url: str, key: str) -> Source:
        """Register or replace. Raises InvalidName, InvalidUrl, InvalidKey; then nothing is stored."""
        check_customer(customer_id)
        url = check_source_url(url)
        parse_export_key(key)
        key_arn, now = self.secrets.put_source_key(customer_id, key), self.clock.now()
        known = self.sources.get(customer_id)
        source = (
            replace(known, key_arn=key_arn, registered_at=now)  # the same site: what is known of it stays
            if known and known.url == url
            else Source(customer_id, url, key_arn, registered_at=now)
        )
        self.sources.put(source)
        return source
