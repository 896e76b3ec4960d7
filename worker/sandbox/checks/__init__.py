"""What a process that reads untrusted files may say of them."""
