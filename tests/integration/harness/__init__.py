"""What the integration and model tests share: processes, raw protocols, tokens."""
