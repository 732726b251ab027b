// Latents conditioned on a bound, as ganzoo.random.truncate_latents makes them: the number at the
// same quantile of the conditioned distribution.

const ROOT = Math.sqrt(Math.PI);

// The complementary error function of x >= 0: a series of erf, and from 3 on a continued fraction.
export function erfc(x) {
  if (x < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 / ROOT) * sum;
  }
  let fraction = x;
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (ROOT * fraction);
}

// Solves erfc(x) = q in (0, 1], by Newton's method for log(erfc(x)) = log(q).
function inverseErfc(q) {
  let x = Math.sqrt(-Math.log(q));
  for (let step = 0; step < 6; step++) {
    const value = erfc(x);
    x += (Math.log(value / q) * value * ROOT) / (2 * Math.exp(-x * x));
  }
  return x;
}

/** Returns a latent that is conditioned on being within a bound. */
export function truncated(z, bound, distribution) {
  if (distribution === "uniform") return Math.min(bound, 1) * z;
  const [tail, cut] = [Math.abs(z), bound].map((x) => erfc(x / Math.SQRT2));
  if (cut === 0) return z;
  const size = Math.SQRT2 * inverseErfc(Math.min(tail + cut - tail * cut, 1));
  return Math.sign(z) * Math.min(size, bound);
}
