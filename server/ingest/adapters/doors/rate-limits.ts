import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { IngestLimits } from "#server/ingest/domain/settings.ts";

/** Failed logins a minute from one address: programs with a wrong password do not stop by themselves. */
const FAILURES_PER_ADDRESS = 20;
const FAILURE_WINDOW_SECONDS = 60;
/** Steady rates, counted over this long, so that a burst of a few seconds passes. */
const WINDOW_SECONDS = 5;

export interface RateLimits {
  /** `null` = go on; else the milliseconds to wait. */
  byAddress(address: string): Promise<number | null>;
  byToken(tokenId: string): Promise<number | null>;
  /** Whether logins of this address have failed too often; milliseconds to wait. */
  byFailures(address: string): Promise<number | null>;
  failed(address: string): Promise<void>;
}

/** @param keyOf one key for all addresses of one household */
export function createRateLimits(
  { callsPerAddress, callsPerToken }: Pick<IngestLimits, "callsPerAddress" | "callsPerToken">,
  keyOf: (address: string) => string,
): RateLimits {
  const addresses = new RateLimiterMemory({ points: callsPerAddress * WINDOW_SECONDS, duration: WINDOW_SECONDS });
  const tokens = new RateLimiterMemory({ points: callsPerToken * WINDOW_SECONDS, duration: WINDOW_SECONDS });
  const failures = new RateLimiterMemory({ points: FAILURES_PER_ADDRESS, duration: FAILURE_WINDOW_SECONDS });

  return {
    byAddress: (address) => consume(addresses, keyOf(address)),
    byToken: (tokenId) => consume(tokens, tokenId),
    async byFailures(address) {
      const found = await failures.get(keyOf(address));
      return found !== null && found.consumedPoints >= FAILURES_PER_ADDRESS ? found.msBeforeNext : null;
    },
    async failed(address) {
      await consume(failures, keyOf(address));
    },
  };
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<number | null> {
  try {
    await limiter.consume(key);
    return null;
  } catch (cause) {
    if (cause instanceof RateLimiterRes) return Math.max(1, cause.msBeforeNext);
    throw cause;
  }
}
