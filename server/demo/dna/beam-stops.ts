import type { BeamInstance, BeamStopOutcome, DnaBeam } from "#server/dna/beam-ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { SimulatedLinks } from "./beam-links.ts";
import type { SimulatedNode } from "./node.ts";
import type { RunningInstance } from "./registry.ts";

/** A VM that ends in order is waited for this long. */
const STOP_VM_TIMEOUT_MS = 10_000;
/** Between two looks of a safe stop. */
const QUIESCE_STEP_MS = 30;

/** What goes wrong with the next mutating calls to a node: lost on the way there, or done and the answer lost. */
export interface BeamFault {
  readonly node: string;
  readonly kind: "before" | "after";
  /** How many calls it hits. */
  times: number;
}

const unanswered: BeamStopOutcome = { kind: "unknown", reason: "the node did not answer in time" };

/** The calls that change something on simulated nodes: what was sent and not answered is unknown. */
export function createSimulatedStops(deps: {
  readonly links: SimulatedLinks;
  readonly clock: Clock;
  /** The simulation's own time. */
  readonly now: () => number;
  readonly instanceOf: (node: SimulatedNode, seen: BeamInstance) => RunningInstance | null;
}): Pick<DnaBeam, "stopForced" | "stopSafe" | "stopVm"> & { inject(fault: BeamFault): void } {
  const { links, clock, now, instanceOf } = deps;
  const faults: BeamFault[] = [];

  /** The very process that was seen, or `null`. */
  function sameProcess(node: SimulatedNode, seen: BeamInstance): RunningInstance | null {
    const running = instanceOf(node, seen);
    return running?.ref === seen.ref ? running : null;
  }

  /** A call that changes something: what was sent and not answered is unknown. */
  async function mutate(
    name: string,
    change: (node: SimulatedNode) => BeamStopOutcome | Promise<BeamStopOutcome>,
  ): Promise<BeamStopOutcome> {
    const node = links.find(name);
    const standsStill = node !== null && (node.vm.state() === "paused" || node.vm.state() === "frozen");
    if (standsStill && links.isConnected(name)) {
      // It lies in the VM's socket, and is carried out once the VM goes on.
      node.vm.post(() => void change(node));
      await links.timeOut();
      return unanswered;
    }
    const reached = await links.reach(name);
    const fault = faults.find((each) => each.node === name && each.times > 0);
    if (fault !== undefined) {
      fault.times -= 1;
      if (fault.kind === "after") await change(reached);
      return unanswered;
    }
    return change(reached);
  }

  function terminate(node: SimulatedNode, seen: BeamInstance): BeamStopOutcome {
    const running = sameProcess(node, seen);
    if (running === null) return movedFrom(instanceOf(node, seen));
    node.registry.terminate(running);
    return { kind: "stopped" };
  }

  async function quiesce(node: SimulatedNode, seen: BeamInstance, deadlineMs: number): Promise<BeamStopOutcome> {
    const startedAt = clock.monotonic();
    for (;;) {
      if (node.vm.state() === "halted") return { kind: "unknown", reason: `${node.name} has ended meanwhile` };
      if (node.vm.state() !== "running") return unanswered;
      const running = sameProcess(node, seen);
      if (running === null) return movedFrom(instanceOf(node, seen));
      const { buffered, mailbox } = running;
      const inCallback = running.busyUntil > now();
      if (buffered + mailbox === 0 && !inCallback && node.registry.phaseOf(running) === "idle") {
        node.registry.terminate(running);
        return { kind: "stopped" };
      }
      if (clock.monotonic() - startedAt >= deadlineMs) {
        return { kind: "busy", buffered: inCallback ? null : buffered, mailbox };
      }
      await links.wait(QUIESCE_STEP_MS);
    }
  }

  async function endVm(node: SimulatedNode, how: "stop" | "halt"): Promise<BeamStopOutcome> {
    if (how === "halt") node.halt();
    else node.stop();
    const startedAt = clock.monotonic();
    while (node.vm.state() !== "halted") {
      if (clock.monotonic() - startedAt >= STOP_VM_TIMEOUT_MS) return unanswered;
      await links.wait(QUIESCE_STEP_MS);
    }
    links.dropped(node.name);
    return { kind: "stopped" };
  }

  return {
    inject: (fault) => void faults.push(fault),
    stopForced: (name, seen) => mutate(name, (node) => terminate(node, seen)),
    stopSafe: (name, seen, deadlineMs) => mutate(name, (node) => quiesce(node, seen, deadlineMs)),
    stopVm: (name, how) => mutate(name, (node) => endVm(node, how)),
  };
}

const movedFrom = (present: RunningInstance | null): BeamStopOutcome => ({
  kind: "moved",
  detail: present === null ? "no instance runs there" : `another process, ${present.ref}, runs it by now`,
});
