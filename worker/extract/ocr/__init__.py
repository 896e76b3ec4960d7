"""OCR: Tesseract, the choice of its model, and the second pass over unsure lines."""
