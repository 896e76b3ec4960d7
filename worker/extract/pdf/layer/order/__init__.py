"""The order of reading: from what pdfium reports of a page to its text."""
