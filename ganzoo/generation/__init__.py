"""What a trained generator does: samples, interpolations, and latents of given images."""
