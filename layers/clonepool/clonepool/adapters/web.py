"""The clone as a visitor reaches it, by urllib3."""

from __future__ import annotations

import urllib3

CONNECT_SECONDS = 2.0
READ_SECONDS = 10.0


class IngressWeb:
    """Asks for pages under the clone's public host.

    With an `ingress_address` (`host:port`) the request goes there in plain HTTP and says by header what the
    TLS balancer in front of an ingress would say; without one it takes the public way, DNS and HTTPS.
    """

    def __init__(self, domain: str, ingress_address: str = "", *, read_seconds: float = READ_SECONDS) -> None:
        self._domain = domain
        self._ingress_address = ingress_address
        self._http = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds)
        )

    def status(self, clone_id: str, path: str = "/", access_token: str | None = None) -> int:
        """HTTP status of one GET, redirects not followed; 0 when nothing answered in time."""
        host = f"{clone_id}.{self._domain}"
        headers = {"User-Agent": "clonepool"}
        if access_token:
            headers["X-Clone-Access"] = access_token
        url = f"https://{host}{path}"
        if self._ingress_address:
            headers |= {"Host": host, "X-Forwarded-Proto": "https"}
            url = f"http://{self._ingress_address}{path}"
        try:
            answer = self._http.request("GET", url, headers=headers, redirect=False, preload_content=False)
        except urllib3.exceptions.HTTPError:
            return 0
        answer.close()  # the body is a customer's page and may have no end: it is not read
        return answer.status
