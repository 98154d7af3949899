import { describe, expect, it } from "vitest";
import { AGENT_WAYS, RECEIVER_STATES } from "#server/contract/agents.ts";
import { OPERATION_PHASES } from "#server/contract/fold/operator.ts";
import { judgeReceiver } from "#server/ingest/domain/receiver-state.ts";
import { lookOf, STATES } from "#server/kernel/states.ts";
import { AGENT_MACHINE } from "./agent-lifecycle.ts";
import { canJobBecome, isJobEnded, JOB_MACHINE } from "./job-lifecycle.ts";
import { MACHINE_GROUPS, MACHINE_KINDS } from "./machine.ts";
import { MACHINES, machineOf } from "./machines.ts";
import { OPERATION_MACHINE } from "./operation-lifecycle.ts";
import { RECEIVER_MACHINE } from "./receiver-lifecycle.ts";

it("lists every kind once, one group after the other", () => {
  expect(MACHINES.map(({ kind }) => kind)).toEqual([...MACHINE_KINDS]);
  expect([...new Set(MACHINES.map(({ group }) => group))]).toEqual([...MACHINE_GROUPS]);
  const blocks = MACHINES.filter(({ group }, index) => group !== MACHINES[index - 1]?.group);
  expect(blocks).toHaveLength(MACHINE_GROUPS.length);
});

it("finds a machine by the word of the address alone", () => {
  expect(machineOf("lock")?.title).toBe("Life of a lock");
  expect(machineOf("nothing")).toBeNull();
  expect(machineOf(null)).toBeNull();
});

describe.each(MACHINES.map((machine) => [machine.kind, machine] as const))("the machine %s", (_kind, machine) => {
  const { states, transitions, first, last, means, system, sources } = machine;
  const known = new Set<string>(states);

  it("is frozen all through", () => {
    for (const part of [machine, states, transitions, first, last, means, sources, ...transitions, ...sources])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it("names each state and each way once, and nothing but its states", () => {
    expect(known.size).toBe(states.length);
    expect(new Set(transitions.map(({ from, to }) => `${from} ${to}`)).size).toBe(transitions.length);
    for (const { from, to, label } of transitions) {
      expect(known.has(from) && known.has(to) && from !== to).toBe(true);
      expect(label).not.toBe("");
    }
    for (const state of [...first, ...last]) expect(known.has(state)).toBe(true);
  });

  it("says of every state what it means, and how it looks", () => {
    for (const state of states) {
      expect(means[state]?.length ?? 0).toBeGreaterThan(10);
      expect(Object.hasOwn(STATES[system], state)).toBe(true);
      expect(lookOf(system, state).tone).toBeDefined();
    }
  });

  it("says where its facts are from", () => {
    expect(sources.length).toBeGreaterThan(0);
    for (const { repository, path } of sources) expect(repository.length > 3 && path.length > 3).toBe(true);
  });

  it("reaches every state from where it begins, and ends only where it says", () => {
    const reached = new Set<string>(first);
    for (const _round of states) for (const { from, to } of transitions) if (reached.has(from)) reached.add(to);
    expect([...reached].toSorted()).toEqual([...states].toSorted());
    const ends = states.filter((state) => !transitions.some(({ from }) => from === state));
    for (const end of ends) expect(last).toContain(end);
  });
});

it("ends a job exactly where no way leads on", () => {
  for (const state of JOB_MACHINE.states) {
    expect(isJobEnded(state)).toBe(JOB_MACHINE.states.every((to) => !canJobBecome(state, to)));
  }
});

it("knows every phase of an action that the fold knows", () => {
  expect(OPERATION_MACHINE.states).toEqual([...OPERATION_PHASES]);
});

it("has a way for every change that the judge of receivers can come to, and no other", () => {
  const told = new Set<string>();
  for (const before of RECEIVER_STATES) {
    for (const stopped of [false, true])
      for (const full of [false, true])
        for (const failure of [null, "refused"])
          for (const lagMs of [0, 3_000, 60_000]) {
            const to = judgeReceiver(before, { stopped, full, failure, lagMs });
            if (to !== before && before !== "stopped") told.add(`${before} ${to}`);
          }
  }
  expect(RECEIVER_MACHINE.transitions.map(({ from, to }) => `${from} ${to}`).toSorted()).toEqual([...told].toSorted());
});

it("draws agents by the ways that their judge goes by", () => {
  expect(AGENT_MACHINE.transitions.map(({ from, to }) => [from, to])).toEqual(
    AGENT_WAYS.map(([from, to]) => [from, to]),
  );
});
