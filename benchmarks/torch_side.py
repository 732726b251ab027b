"""The PyTorch side of the benchmark: the same networks and algorithm in idiomatic PyTorch."""

import torch
from clock import now
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
BASE = 4  # Side of the smallest feature map. Three doublings give 32 pixels.


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


class Generator(nn.Module):
    """A dense layer, transposed convolutions with batch normalization, and tanh."""

    def __init__(self, project, channels, layout, stages):
        super().__init__()
        self.project, self.channels, self.layout = project, channels, layout
        self.stages = nn.Sequential(*stages, nn.Tanh())

    def forward(self, latents):
        x = self.project(latents).view(-1, self.channels, BASE, BASE)
        return self.stages(x.contiguous(memory_format=self.layout))


class Discriminator(nn.Module):
    """Convolutions and a dense layer."""

    def __init__(self, stages, features):
        super().__init__()
        self.stages, self.logits = nn.Sequential(*stages), features

    def forward(self, images):
        return self.logits(self.stages(images).flatten(1))


def dcgan(width, layout):
    """Returns the networks of `ganzoo.architectures.dcgan` for 32 pixels, and the latent size.

    TensorFlow pads with 1 before and 2 after. Here the padding is 2 on both sides, and the last row
    and column are not used. So the layers are mirror images of ganzoo's.
    """

    def up(inputs, outputs, normalized=True):
        return nn.ConvTranspose2d(
            inputs, outputs, 5, stride=2, padding=2, output_padding=1, bias=not normalized
        )

    def down(inputs, outputs, normalized=True):
        return nn.Conv2d(inputs, outputs, 5, stride=2, padding=2, bias=not normalized)

    generator = Generator(
        nn.Linear(100, BASE * BASE * 4 * width, bias=False),
        4 * width,
        layout,
        [
            nn.BatchNorm2d(4 * width),
            nn.ReLU(inplace=True),
            up(4 * width, 2 * width),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(inplace=True),
            up(2 * width, width),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            up(width, 3, normalized=False),
        ],
    )
    discriminator = Discriminator(
        [
            down(3, width, normalized=False),
            nn.LeakyReLU(0.2, inplace=True),
            down(width, 2 * width),
            nn.BatchNorm2d(2 * width),
            nn.LeakyReLU(0.2, inplace=True),
            down(2 * width, 4 * width),
            nn.BatchNorm2d(4 * width),
            nn.LeakyReLU(0.2, inplace=True),
        ],
        nn.Linear(BASE * BASE * 4 * width, 1),
    )
    return generator, discriminator, 100


def sngan(width, layout):
    """Returns the networks of `ganzoo.architectures.sngan` for 32 pixels, and the latent size."""
    ups, downs, inputs = [], [], 3
    for multiple in (4, 2, 1):
        ups += [
            nn.ConvTranspose2d(
                2 * multiple * width, multiple * width, 4, stride=2, padding=1, bias=False
            ),
            nn.BatchNorm2d(multiple * width, eps=2e-5),
            nn.ReLU(inplace=True),
        ]
    ups.append(nn.Conv2d(width, 3, 3, padding=1))
    for multiple in (1, 2, 4):
        channels = multiple * width
        downs += [
            spectral_norm(nn.Conv2d(inputs, channels, 3, padding=1)),
            nn.LeakyReLU(0.1, inplace=True),
            spectral_norm(nn.Conv2d(channels, channels, 4, stride=2, padding=1)),
            nn.LeakyReLU(0.1, inplace=True),
        ]
        inputs = channels
    downs += [
        spectral_norm(nn.Conv2d(inputs, 8 * width, 3, padding=1)),
        nn.LeakyReLU(0.1, inplace=True),
    ]
    project = nn.Linear(128, BASE * BASE * 8 * width)
    logits = spectral_norm(nn.Linear(BASE * BASE * 8 * width, 1))
    return Generator(project, 8 * width, layout, ups), Discriminator(downs, logits), 128


def non_saturating(real_logits, fake_logits):
    """Returns the loss of the discriminator."""
    return functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()


def hinge(real_logits, fake_logits):
    """Returns the loss of the discriminator."""
    return functional.relu(1 - real_logits).mean() + functional.relu(1 + fake_logits).mean()


# Model -> (networks, loss of the discriminator, loss of the generator).
MODELS = {
    "dcgan": (dcgan, non_saturating, lambda fake_logits: functional.softplus(-fake_logits).mean()),
    "sngan": (sngan, hinge, lambda fake_logits: -fake_logits.mean()),
}


class Case:
    """Training of a GAN on images in memory.

    Args:
        model: `"dcgan"` or `"sngan"`.
        precision: `"float32"`, or `"bfloat16"` for autocast.
        width: Width of both networks.
        batch_size: Images in each update.
        layout: `"contiguous"` or `"channels_last"`.
        mode: Mode of `torch.compile`, which compiles both networks; `None` does not compile.
    """

    def __init__(self, model, precision, width, batch_size, layout, mode):
        build, self._d_loss, self._g_loss = MODELS[model]
        layout = LAYOUTS[layout]
        generator, discriminator, self._latent_dim = build(width, layout)
        average, _, _ = build(width, layout)
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
        with self._precision:
            real_logits, fake_logits = discriminator(real), discriminator(fake)
        d_loss = self._d_loss(real_logits.float(), fake_logits.float())
        _minimize(d_loss, self._d_optimizer)

        # Otherwise `backward` would also compute the gradients of the discriminator's weights.
        self._train_discriminator(False)
        with self._precision:
            fake_logits = discriminator(generator(self._latents()))
        _minimize(self._g_loss(fake_logits.float()), self._g_optimizer)
        torch._foreach_lerp_(self._average, self._generator, 1 - 0.999)
        return d_loss

    def _latents(self):
        return torch.randn(len(self._images), self._latent_dim, device=DEVICE)

    def _train_discriminator(self, trainable):
        for parameter in self._d_parameters:
            parameter.requires_grad_(trainable)


def _adam(network):
    return torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999), fused=True)


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
