"""The benchmark's networks in PyTorch, for images of 32 pixels and 3 channels.

Each function returns a generator, a discriminator, and the length of the latent vectors.
"""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

BASE = 4  # Side of the smallest feature map. Three doublings give 32 pixels.


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


class Resample(nn.Module):
    """Doubles or halves both sides of feature maps with the filter [1, 3, 3, 1]."""

    def __init__(self, channels, up):
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / (4 if up else 8)
        kernel = torch.outer(taps, taps).expand(channels, 1, 4, 4).contiguous()
        self.register_buffer("kernel", kernel, persistent=False)
        self.apply_kernel = functional.conv_transpose2d if up else functional.conv2d

    def forward(self, x):
        kernel = self.kernel.to(x.dtype)
        return self.apply_kernel(x, kernel, stride=2, padding=1, groups=len(kernel))


class ResidualBlock(nn.Module):
    """R3GAN's block: a 1x1 convolution to twice the channels, a grouped one, and a 1x1 one back."""

    def __init__(self, channels):
        super().__init__()
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        groups = 2 * channels // min(16, 2 * channels)
        self.grouped = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1, groups=groups)
        self.reduce = nn.Conv2d(2 * channels, channels, 1, bias=False)
        nn.init.zeros_(self.reduce.weight)

    def forward(self, x):
        y = functional.leaky_relu(self.expand(x), 0.2)
        return x + self.reduce(functional.leaky_relu(self.grouped(y), 0.2))


class Basis(nn.Module):
    """Multiplies a learned map with the channels of a vector."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, BASE, BASE))

    def forward(self, x):
        return self.weight * x[:, :, None, None]


def r3gan(width, layout):
    """Returns the networks of `ganzoo.architectures.r3gan` for 32 pixels, and the latent size."""

    def blocks():
        return [ResidualBlock(width), ResidualBlock(width)]

    ups, downs = [Basis(width), *blocks()], [nn.Conv2d(3, width, 1, bias=False)]
    for _ in range(3):
        ups += [Resample(width, up=True), *blocks()]
        downs += [*blocks(), Resample(width, up=False)]
    ups.append(nn.Conv2d(width, 3, 1, bias=False))
    pool = nn.Conv2d(width, width, BASE, groups=width, bias=False)
    generator = nn.Sequential(nn.Linear(64, width, bias=False), *ups)
    logits = nn.Linear(width, 1, bias=False)
    return generator, Discriminator([*downs, *blocks(), pool], logits), 64
