"""Small GANs for all tests: of few layers, with linear networks, and with dense ones."""
