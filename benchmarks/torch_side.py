"""The PyTorch side of the benchmark: the same networks and algorithm in idiomatic PyTorch."""

import dataclasses
from collections.abc import Callable

import torch
from torch.nn import functional

from clock import now
from torch_networks import dcgan, r3gan, sngan

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def configure(threads, inter_threads):
    """Limits the number of threads. Call it before the first operation."""
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(inter_threads)
    torch.backends.cuda.matmul.allow_tf32 = True
    # TensorFlow does this too. The discriminator wins on constant images and has tiny gradients.
    torch.set_flush_denormal(True)
    torch.manual_seed(0)


def describe():
    """Returns the versions and the name of the device."""
    gpu = torch.cuda.get_device_name() if DEVICE == "cuda" else None
    return {"name": "PyTorch", "versions": f"PyTorch {torch.__version__}", "gpu": gpu}


@dataclasses.dataclass(frozen=True)
class Model:
    """Networks and their objective.

    Attributes:
        networks: Function of the width and the memory layout, from `torch_networks`.
        d_loss: Function of the logits of real and of generated images.
        g_loss: The same for the generator. `real_logits` is `None` unless `pairs`.
        pairs: Whether the generator's loss compares with the logits of real images.
        gamma: Strength of R1 and of R2, or `None` for no penalty.
    """

    networks: Callable
    d_loss: Callable
    g_loss: Callable
    pairs: bool = False
    gamma: float | None = None


def _softplus(logits):
    return functional.softplus(logits).mean()


MODELS = {
    "dcgan": Model(
        dcgan,
        d_loss=lambda real, fake: _softplus(-real) + _softplus(fake),
        g_loss=lambda real, fake: _softplus(-fake),
    ),
    "sngan": Model(
        sngan,
        d_loss=lambda real, fake: (
            functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()
        ),
        g_loss=lambda real, fake: -fake.mean(),
    ),
    "r3gan": Model(
        r3gan,
        d_loss=lambda real, fake: _softplus(fake - real),
        g_loss=lambda real, fake: _softplus(real - fake),
        pairs=True,
        gamma=0.05,
    ),
}


class Case:
    """Training of a GAN on images in memory.

    Args:
        model: `"dcgan"`, `"sngan"` or `"r3gan"`.
        precision: `"float32"`, or `"bfloat16"` for autocast.
        width: Width of both networks.
        batch_size: Images in each update.
        layout: `"contiguous"` or `"channels_last"`.
        mode: Mode of `torch.compile`, which compiles both networks; `None` does not compile.
    """

    def __init__(self, model, precision, width, batch_size, layout, mode):
        self._model = MODELS[model]
        layout = LAYOUTS[layout]
        generator, discriminator, self._latent_dim = self._model.networks(width, layout)
        average, _, _ = self._model.networks(width, layout)
        average.load_state_dict(generator.state_dict())
        for network in (generator, discriminator, average):
            network.to(DEVICE, memory_format=layout)
        self._average, self._generator = _floating_state(average), _floating_state(generator)
        self._d_parameters = list(discriminator.parameters())
        self._g_optimizer = _adam(generator)
        self._d_optimizer = _adam(discriminator)
        self._networks = (generator, discriminator)
        if mode is not None:
            self._networks = tuple(torch.compile(each, mode=mode) for each in self._networks)
        self._images = torch.randint(0, 256, (batch_size, 3, 32, 32), dtype=torch.uint8)
        self._images = self._images.to(DEVICE, memory_format=layout)
        self._precision = torch.autocast(
            DEVICE, dtype=torch.bfloat16, enabled=precision == "bfloat16"
        )
        self.shapes = [
            [tuple(parameter.shape) for parameter in network.parameters()]
            for network in (generator, discriminator)
        ]

    def run(self, steps):
        """Returns the seconds that `steps` steps take."""
        start = now()
        for _ in range(steps):
            loss = self._step()
        loss.item()
        return now() - start

    def _step(self):
        generator, discriminator = self._networks
        real = self._images.float().div_(127.5).sub_(1)
        with torch.no_grad(), self._precision:
            fake = generator(self._latents())
        self._train_discriminator(True)
        penalized = self._model.gamma is not None
        real.requires_grad_(penalized)
        fake.requires_grad_(penalized)
        with self._precision:
            real_logits, fake_logits = discriminator(real), discriminator(fake)
        d_loss = self._model.d_loss(real_logits.float(), fake_logits.float())
        if penalized:
            penalty = _gradient_norm(real_logits, real) + _gradient_norm(fake_logits, fake)
            d_loss = d_loss + self._model.gamma / 2 * penalty
        _minimize(d_loss, self._d_optimizer)

        # Otherwise `backward` would also compute the gradients of the discriminator's weights.
        self._train_discriminator(False)
        real_logits = None
        with self._precision:
            if self._model.pairs:
                with torch.no_grad():
                    real_logits = discriminator(real).float()
            fake_logits = discriminator(generator(self._latents()))
        _minimize(self._model.g_loss(real_logits, fake_logits.float()), self._g_optimizer)
        torch._foreach_lerp_(self._average, self._generator, 1 - 0.999)
        return d_loss

    def _latents(self):
        return torch.randn(len(self._images), self._latent_dim, device=DEVICE)

    def _train_discriminator(self, trainable):
        for parameter in self._d_parameters:
            parameter.requires_grad_(trainable)


def _adam(network):
    return torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999), fused=True)


def _gradient_norm(logits, images):
    """Returns the mean squared norm of the gradient with respect to each image."""
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.float().square().sum(dim=(1, 2, 3)).mean()


def _minimize(loss, optimizer):
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _floating_state(network):
    """Returns the weights and the moving statistics as plain tensors."""
    return [value.detach() for value in network.state_dict().values() if value.is_floating_point()]


def product(precision, size):
    """Returns a function that runs a matrix product and returns how many seconds it took."""
    a, b = torch.randn(2, size, size, device=DEVICE).to(getattr(torch, precision))

    def run(_):
        start = now()
        # Reading one element waits for the whole product.
        (a @ b)[0, 0].item()
        return now() - start

    return run
