"""What a service of Type=notify reports to its service manager, systemd (sd_notify)."""
