"""The values that pass through the worker, one module for each part of the flow.

    form of an event -> FileMessage -> Job -> LocalFile -> FileType -> Page, Page, ...
        -> Extraction -> Document -> State

All but the forms, which pydantic checks, are frozen, keyword-only and slotted; units are in the names.
"""
