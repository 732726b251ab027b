// The latents of seeds, as ganzoo.random.latents_from_seeds draws them: Threefry-2x32 with 20
// rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

const PARITY = 0x1bd11bda;
const ROTATIONS = [[13, 15, 26, 6], [17, 29, 16, 24]];
const LATENTS = 1853112950; // zlib.crc32(b"sample/latents")

const rotated = (word, bits) => (word << bits) | (word >>> (32 - bits));

/** Encrypts a counter of two 32-bit words under a key of two words; returns two words. */
export function threefry2x32([key0, key1], [counter0, counter1]) {
  const schedule = [key0, key1, key0 ^ key1 ^ PARITY];
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  for (let group = 0; group < 5; group++) {
    for (const bits of ROTATIONS[group % 2]) {
      x0 = (x0 + x1) | 0;
      x1 = rotated(x1, bits) ^ x0;
    }
    x0 = (x0 + schedule[(group + 1) % 3]) | 0;
    x1 = (x1 + schedule[(group + 2) % 3] + group + 1) | 0;
  }
  return [x0 >>> 0, x1 >>> 0];
}

// A number in the open interval (0, 1) from the upper 23 bits of a word.
const fraction = (word) => ((word >>> 9) + 0.5) * 2 ** -23;

/** Returns the latents of a seed, a BigInt in [0, 2**64), as a Float32Array. */
export function latentsOf(seed, dimensions, distribution) {
  const words = [Number(seed & 0xffffffffn), Number(seed >> 32n)];
  const key = threefry2x32(words, [0, LATENTS]);
  const half = Math.ceil(dimensions / 2);
  const latents = new Float32Array(2 * half);
  for (let column = 0; column < half; column++) {
    const [first, second] = threefry2x32(key, [0, column]).map(fraction);
    if (distribution === "uniform") {
      latents[column] = 2 * first - 1;
      latents[half + column] = 2 * second - 1;
    } else {
      const radius = Math.sqrt(-2 * Math.log(first));
      latents[column] = radius * Math.cos(2 * Math.PI * second);
      latents[half + column] = radius * Math.sin(2 * Math.PI * second);
    }
  }
  return latents.subarray(0, dimensions);
}
