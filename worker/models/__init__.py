"""The values that pass through the worker, one module for each part of the flow.

    FileMessage -> Job -> LocalFile -> FileType -> Page, Page, ... -> Extraction -> Document -> State

All are frozen, keyword-only and slotted; units are in the names.
"""
