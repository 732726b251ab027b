"""HTTP requests whose total time and size are bounded, with Python's own library alone.

The timeout of a socket bounds each wait for bytes, so that a server which sends one byte now and
then would keep a client forever. Here the remaining time bounds each wait.
"""

import functools
import http.client
import io
import socket
import time
import urllib.error
import urllib.request


class TooLarge(ValueError):
    """An answer has more bytes than can be right."""


def ask(request: urllib.request.Request, timeout: float, most_bytes: int) -> bytes:
    """Returns the body of the answer to a request. Redirections are not followed.

    Args:
        request: The request.
        timeout: Seconds from the first attempt to connect to the last byte.
        most_bytes: Largest size of the body.

    Raises:
        urllib.error.HTTPError: If the status is not 2xx. Its `read` gives the start of the body.
        http.client.HTTPException: If the answer is not HTTP, or ends too early.
        TooLarge: If the body is larger.
        OSError: If there is no answer. It is a `TimeoutError`, or has one as its `reason`, if the
            time is over.
    """
    deadline = time.monotonic() + timeout
    opener = urllib.request.build_opener(
        _Handler(deadline), _SecureHandler(deadline), _NoRedirections
    )
    try:
        with opener.open(request, timeout=timeout) as answer:
            body = answer.read(most_bytes + 1)
            if len(body) > most_bytes:
                raise TooLarge(f"more than {most_bytes:,} bytes")
            # With a limit, `read` does not notice that bytes of the given length are missing.
            if answer.length:
                raise http.client.IncompleteRead(body, answer.length)
            return body
    except urllib.error.HTTPError as error:
        with error:
            start = io.BytesIO(error.read(most_bytes))
        raise urllib.error.HTTPError(
            error.url, error.code, error.reason, error.headers, start
        ) from None


class _NoRedirections(urllib.request.HTTPRedirectHandler):
    """TF Serving never redirects: what does would send requests to other places."""

    def redirect_request(self, *arguments):
        return None


class _Connection(http.client.HTTPConnection):
    """A connection that ends at a deadline."""

    def __init__(self, *arguments, deadline, **options):
        super().__init__(*arguments, **options)
        _bound(self, deadline)


class _SecureConnection(http.client.HTTPSConnection):
    """An encrypted connection that ends at a deadline."""

    def __init__(self, *arguments, deadline, **options):
        super().__init__(*arguments, **options)
        _bound(self, deadline)


class _Handler(urllib.request.HTTPHandler):
    def __init__(self, deadline):
        super().__init__()
        self._deadline = deadline

    def http_open(self, request):
        return self.do_open(_Connection, request, deadline=self._deadline)


class _SecureHandler(urllib.request.HTTPSHandler):
    def __init__(self, deadline):
        super().__init__()
        self._deadline = deadline

    def https_open(self, request):
        return self.do_open(_SecureConnection, request, deadline=self._deadline)


def _bound(connection, deadline):
    # A host may have several addresses: `create_connection` gives each of them the whole time.
    connection._create_connection = functools.partial(_connected, deadline)
    connection.response_class = functools.partial(_response, deadline)


def _connected(deadline, address, timeout, source_address=None):
    """Returns a socket that is connected to the first address of a host that answers."""
    host, port = address
    failure = OSError(f"{host} has no address")
    for *kind, _, found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(*kind)
        try:
            sock.settimeout(_left(deadline))
            sock.connect(found)
            return sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


def _response(deadline, sock, *arguments, **options):
    return http.client.HTTPResponse(_BoundedSocket(sock, deadline), *arguments, **options)


class _BoundedSocket:
    """The one method of a socket that `HTTPResponse` calls."""

    def __init__(self, sock, deadline):
        self._sock, self._deadline = sock, deadline

    def makefile(self, mode):
        return io.BufferedReader(_BoundedReader(self._sock, self._deadline))


class _BoundedReader(io.RawIOBase):
    """Reads from a socket until a deadline."""

    def __init__(self, sock, deadline):
        super().__init__()
        self._sock, self._deadline = sock, deadline
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self):
        return True

    def readinto(self, buffer):
        self._sock.settimeout(_left(self._deadline))
        return self._raw.readinto(buffer)

    def close(self):
        self._raw.close()
        super().close()


def _left(deadline):
    """Returns the seconds that are left, or raises `TimeoutError`."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
