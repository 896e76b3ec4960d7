"""Groups of settings that `config.Settings` is made of."""
