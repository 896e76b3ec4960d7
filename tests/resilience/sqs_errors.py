"""Errors of SQS as the JSON protocol spells them."""

from __future__ import annotations


class SqsError(Exception):
    """An answer other than 200; `query_code` is the code of the older protocol, which botocore reports."""

    def __init__(self, code: str, message: str, *, query_code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.query_code = query_code or code
        self.status = status


def invalid(reason: str, *, name: str = "", value: object = None) -> SqsError:
    """InvalidParameterValue, with the words of SQS."""
    about = (
        f"Value {value} for parameter {name} is invalid. " if name else "One or more parameters are invalid. "
    )
    return SqsError(
        "InvalidParameterValueException", f"{about}Reason: {reason}", query_code="InvalidParameterValue"
    )


def no_queue(url: str) -> SqsError:
    """The queue does not exist."""
    return SqsError(
        "QueueDoesNotExist",
        f"The specified queue does not exist: {url}.",
        query_code="AWS.SimpleQueueService.NonExistentQueue",
    )


def invalid_handle(handle: str) -> SqsError:
    """The handle was never given out for this queue."""
    return SqsError(
        "ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.'
    )
