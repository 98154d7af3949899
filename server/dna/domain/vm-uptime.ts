/** Value of the monotonic clock at which 64-bit VMs start, in ms: -2^59 ns. Seen on OTP 25; no promise of anybody. */
const MONOTONIC_START_MS = -576_460_752_303n;
/** Nobody runs a VM for longer: a larger value is a clock that starts elsewhere. */
const UPTIME_MAX_MS = 20n * 365n * 86_400_000n;

/** How long a VM ran when it wrote this heartbeat, in ms; an estimate. `null` = its clock did not start where they do. */
export function uptimeOf(heartbeat: bigint): number | null {
  const uptimeMs = heartbeat - MONOTONIC_START_MS;
  return uptimeMs < 0n || uptimeMs > UPTIME_MAX_MS ? null : Number(uptimeMs);
}
