"""Images: decoded, preprocessed for OCR, scaled to thumbnails."""
