/** The life of a job: bulk work of this console. Frozen; `server/jobs/runner.ts` changes states by this table and no other way. */
import { JOB_STATES, type JobState } from "#server/contract/event.ts";
import { hasWay, type Machine, machine, ownSource, ways } from "./machine.ts";

export const JOB_MACHINE: Machine<JobState> = machine({
  kind: "job",
  group: "Worldline",
  name: "job",
  title: "Life of a job",
  system: "job",
  states: JOB_STATES,
  means: {
    running: "it goes through its targets, one after the other",
    waiting: "it waits for something by itself, and goes on by itself",
    paused: "an operator, or the brake over everything, has stopped it; it goes on when resumed",
    done: "every target was dealt with; some may have been left alone, which its counts tell",
    failed: "an error ended it; what is done stays done",
    stopped: "it ended itself, because to go on was not safe any more",
    cancelled: "an operator ended it; what is done stays done",
  },
  transitions: ways<JobState>([
    ["running", "waiting", "has to wait"],
    ["waiting", "running", "goes on"],
    ["running", "paused", "paused"],
    ["waiting", "paused", "paused"],
    ["paused", "running", "resumed"],
    ["running", "done", "all targets settled"],
    ["running", "failed", "an error"],
    ["running", "stopped", "not safe any more"],
    ["running", "cancelled", "cancelled"],
    ["waiting", "done", "nothing is left"],
    ["waiting", "failed", "an error"],
    ["waiting", "stopped", "waited too long"],
    ["waiting", "cancelled", "cancelled"],
    ["paused", "cancelled", "cancelled"],
  ]),
  first: ["running"],
  last: ["done", "failed", "stopped", "cancelled"],
  direction: "TB",
  sources: [ownSource("server/jobs/runner.ts")],
});

/** Whether a job in one state may come to another. */
export const canJobBecome = (from: JobState, to: JobState): boolean => hasWay(JOB_MACHINE.transitions, from, to);

/** It is over: no way leads on. */
export const isJobEnded = (state: JobState): boolean => JOB_MACHINE.last.includes(state);
