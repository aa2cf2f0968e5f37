"""Images to features: our own small networks for few pixels, and any of timm's by name."""
