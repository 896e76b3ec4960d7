"""Pictures: opened, preprocessed for OCR, scaled for thumbnails."""
