/** Reproducible pseudo-random numbers, one stream for each entity, so that an action on one shifts no other's draws. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, bound). */
  below(bound: number): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  /** Uniform signed 64-bit integer. */
  int64(): bigint;
  /** Exponentially distributed with this mean: the distance of two arrivals. */
  exponential(mean: number): number;
}

const TWO_32 = 4_294_967_296;

/** Spreads a 32-bit number over 32 bits: equal inputs, equal outputs (finaliser of MurmurHash3). */
export function mix32(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A stream of its own for a named entity of a seeded world (FNV-1a over the name, mixed with the seed). */
export function streamOf(seed: number, name: string): Random {
  let hash = 0x811c9dc5 ^ mix32(seed);
  for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  return createRandom(mix32(hash));
}

/** The generator known as mulberry32: 32 bits of state, enough for a demo. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next32 = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const next = (): number => next32() / TWO_32;
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
    int64: () => BigInt.asIntN(64, (BigInt(next32()) << 32n) | BigInt(next32())),
    exponential: (mean) => -mean * Math.log(1 - next()),
  };
}
