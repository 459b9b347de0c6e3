"""Every figure that the README quotes, measured against named peers in one run."""
