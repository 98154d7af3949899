import { isIPv6 } from "node:net";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { OpsError } from "#server/kernel/errors.ts";

/** Failed logins a minute from one address: people mistype, programs do not stop. */
export const FAILURES_PER_ADDRESS = 10;
/** Failed logins a minute from everywhere: what guessing may cost this process. */
export const FAILURES_IN_ALL = 200;
const WINDOW_SECONDS = 60;
const EVERYWHERE = "everywhere";

/** Slows guessing down. Successful logins do not count. */
export interface LoginLimit {
  /** Runs an attempt that answers `null` when it fails. Throws `limit-exceeded` instead when there were too many. */
  attempt<T>(address: string, run: () => T | null): Promise<T | null>;
}

export function createLoginLimit(): LoginLimit {
  const perAddress = new RateLimiterMemory({ points: FAILURES_PER_ADDRESS, duration: WINDOW_SECONDS });
  const inAll = new RateLimiterMemory({ points: FAILURES_IN_ALL, duration: WINDOW_SECONDS });

  return {
    async attempt(address, run) {
      const key = limitKey(address);
      // Counted before the attempt and given back after a success, so that many at once do not slip through.
      await consume(perAddress, key);
      await consume(inAll, EVERYWHERE);
      const result = run();
      if (result !== null) {
        await perAddress.reward(key);
        await inAll.reward(EVERYWHERE);
      }
      return result;
    },
  };
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (cause) {
    if (cause instanceof Error) throw cause;
    throw new OpsError("limit-exceeded", "Too many failed logins: wait a minute");
  }
}

/** One household or office of IPv6 is a /64: its addresses count as one. */
export function limitKey(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.toLowerCase().split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array.from({ length: missing }, () => "0"), ...back];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
