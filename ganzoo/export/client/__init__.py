"""The client of an exported GAN behind TF Serving, by REST or gRPC."""

from ganzoo.export.client.client import Client
from ganzoo.export.client.signatures import ServingError, Signature, Tensor

__all__ = ["Client", "ServingError", "Signature", "Tensor"]
