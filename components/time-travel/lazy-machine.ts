import type { TimeMachine, TimeMachinePorts } from "./time-machine.ts";

/** A time machine whose code is fetched when somebody goes to an instant: whoever stays live needs none of it. */
export function createLazyMachine(ports: TimeMachinePorts): TimeMachine {
  let machine: TimeMachine | null = null;
  async function fetched(): Promise<TimeMachine> {
    const { createTimeMachine } = await import("./time-machine.ts");
    machine ??= createTimeMachine(ports);
    return machine;
  }
  return {
    peek: (at) => machine?.peek(at) ?? null,
    load: async (at) => (machine ?? (await fetched())).load(at),
    reach: async (at, from, to) => (machine ?? (await fetched())).reach(at, from, to),
    around: (at) => machine?.around(at) ?? null,
  };
}
