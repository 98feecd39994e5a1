"""Free ports of loopback, the same again where that is still possible, so that bookmarks and hubs find us."""

import socket

LOOPBACK = "127.0.0.1"


def free_port(preferred: int = 0) -> int:
    """Return `preferred` where nobody listens on it, else a port that is free at this moment."""
    for candidate in (preferred, 0):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((LOOPBACK, candidate))
            except OSError:
                continue
            port: int = tried.getsockname()[1]
            return port
    raise OSError(f"no port of {LOOPBACK} is free")
