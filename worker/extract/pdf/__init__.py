"""PDF pages: text layer, annotations, and what is drawn for OCR."""
