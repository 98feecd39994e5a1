"""Free ports of loopback, the same again where that is still possible, so that bookmarks and hubs find us."""

import socket

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Tell whether nobody listens on the port at this moment."""
    return _bound(port) != 0


def free_port(preferred: int = 0) -> int:
    """Return `preferred` where it is free, else any port that is."""
    return _bound(preferred) or _bound(0)


def _bound(port: int) -> int:
    """Return the port one gets by asking for this one (0: any), or 0 where it is taken."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as a server will
        try:
            tried.bind((LOOPBACK, port))
        except OSError:
            return 0
        got: int = tried.getsockname()[1]
        return got
