"""What a client asked for and cannot have."""


class RefusalError(Exception):
    """Ends a request with a status and one line; not a fault of the server.

    Args:
        status: Of HTTP.
        detail: What is wrong, and the way out.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
