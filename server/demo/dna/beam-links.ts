import type { BeamLink, BeamRegistration } from "#server/dna/beam-ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { SimulationDriver } from "./driver.ts";
import type { SimulatedNode } from "./node.ts";
import { type Random, streamOf } from "./random.ts";

/** An answer that takes longer is given up. */
const CALL_TIMEOUT_MS = 2_000;
/** After a try that found nobody, the next waits for so long, each time twice as long. */
const BACK_OFF_MS = 1_000;
const BACK_OFF_MAX_MS = 15_000;
const PORT = 25_672;
export const OTP_RELEASE = "25";

export interface SimulatedLinkOptions {
  /** Round trip in ms of the driver's clock, from and to; 0 answers at once, without a sleep. */
  readonly latencyMs?: readonly [number, number];
  /** Nodes that turn the console away, with the reason: e.g. another cookie. */
  readonly refuses?: (node: string) => string | null;
}

/** The connections to simulated nodes: who can be reached, who does not answer, who is tried again when. */
export interface SimulatedLinks {
  /** The node of that name as it is now; `null` = there is none. */
  find(name: string): SimulatedNode | null;
  /**
   * The node, connected and answering.
   *
   * @throws OpsError `upstream-unavailable` | `refused`
   */
  reach(name: string): Promise<SimulatedNode>;
  isConnected(name: string): boolean;
  /** Its connection has ended. */
  dropped(name: string): void;
  link(name: string): BeamLink;
  registration(name: string): Promise<BeamRegistration>;
  /** Lets time pass by the driver's clock. */
  wait(ms: number): Promise<void>;
  /** As long as a call waits for an answer that does not come. */
  timeOut(): Promise<void>;
  close(): void;
}

export function createSimulatedLinks(
  driver: SimulationDriver,
  keyspace: string,
  options: SimulatedLinkOptions,
): SimulatedLinks {
  const { simulation, clock } = driver;
  const random: Random = streamOf(simulation.seed, `beam/${keyspace}`);
  const [fastestMs, slowestMs] = options.latencyMs ?? [0.5, 3];
  const connected = new Set<string>();
  /** Nodes whose last answer did not come in time. */
  const silent = new Set<string>();
  const absences = new Map<string, { readonly waitMs: number; readonly retryAt: number }>();
  let closed = false;

  async function wait(ms: number): Promise<void> {
    if (ms > 0) await clock.sleep(ms);
    driver.catchUp();
  }
  const timeOut = (): Promise<void> => wait(slowestMs > 0 ? CALL_TIMEOUT_MS : 0);
  const trip = (): Promise<void> => wait(random.between(fastestMs, slowestMs));
  function find(name: string): SimulatedNode | null {
    driver.catchUp();
    return simulation.nodes(keyspace).find((node) => node.name === name) ?? null;
  }
  const hasEnded = (node: SimulatedNode | null): boolean => node === null || node.vm.state() === "halted";
  const retryInMs = (name: string): number => Math.max(0, (absences.get(name)?.retryAt ?? 0) - clock.monotonic());

  function absent(name: string): OpsError {
    connected.delete(name);
    const waitMs = Math.min(BACK_OFF_MAX_MS, 2 * (absences.get(name)?.waitMs ?? BACK_OFF_MS / 2));
    absences.set(name, { waitMs, retryAt: clock.monotonic() + waitMs });
    return new OpsError("upstream-unavailable", `Nobody listens for ${name}`);
  }

  return {
    find,
    wait,
    timeOut,
    isConnected: (name) => connected.has(name) && !closed,
    dropped: (name) => void connected.delete(name),
    async reach(name) {
      if (closed) throw new OpsError("upstream-unavailable", "The connections to the nodes were closed");
      const refusal = options.refuses?.(name) ?? null;
      if (refusal !== null) throw new OpsError("refused", `${name} turns the console away: ${refusal}`);
      if (retryInMs(name) > 0) throw new OpsError("refused", `${name} was not there; it is not tried again at once`);
      await trip();
      const node = find(name);
      if (node === null || hasEnded(node)) throw absent(name);
      absences.delete(name);
      if (node.vm.state() !== "running") {
        silent.add(name);
        await timeOut();
        throw new OpsError("upstream-unavailable", `${name} did not answer within ${CALL_TIMEOUT_MS / 1_000} s`);
      }
      silent.delete(name);
      connected.add(name);
      return node;
    },
    link(name) {
      const reason = options.refuses?.(name) ?? null;
      if (reason !== null) return { kind: "refused", reason, retryInMs: 0 };
      const ended = hasEnded(find(name));
      if (ended && (connected.has(name) || absences.has(name))) {
        return { kind: "unreachable", reason: "nobody listens", retryInMs: retryInMs(name) };
      }
      if (silent.has(name)) return { kind: "unreachable", reason: "it does not answer", retryInMs: 0 };
      return connected.has(name) && !ended ? { kind: "connected", otpRelease: OTP_RELEASE } : { kind: "idle" };
    },
    async registration(name) {
      if (closed) return { kind: "unknown", reason: "the connections to the nodes were closed" };
      await trip();
      return hasEnded(find(name)) ? { kind: "not-registered" } : { kind: "registered", port: PORT };
    },
    close() {
      closed = true;
    },
  };
}
