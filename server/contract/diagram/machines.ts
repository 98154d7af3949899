/** Every state machine that the product knows, in the order in which they are listed. */
import { HAF_APP_STATES, HAF_PHASES, type HafAppState, type HafPhase } from "#server/contract/haf.ts";
import { ACTOR_MACHINE, ACTOR_OVERVIEW_MACHINE } from "./actor-lifecycle.ts";
import { AGENT_MACHINE } from "./agent-lifecycle.ts";
import { INCARNATION_MACHINE } from "./dna-lifecycle.ts";
import { ENVELOPE_MACHINE } from "./envelope-lifecycle.ts";
import {
  HAF_APP_LIFECYCLE,
  HAF_APP_STATE_LABELS,
  HAF_APP_STATE_SOURCES,
  HAF_PHASE_LABELS,
  HAF_PHASE_SOURCES,
  HAF_STACK_LIFECYCLE,
} from "./haf-lifecycle.ts";
import { JOB_MACHINE } from "./job-lifecycle.ts";
import { LOCK_MACHINE } from "./lock-lifecycle.ts";
import { hafSource, type Machine, machine } from "./machine.ts";
import { OPERATION_MACHINE } from "./operation-lifecycle.ts";
import { PLAN_MACHINE } from "./plan-lifecycle.ts";
import { READER_MACHINE } from "./reader-lifecycle.ts";
import { RECEIVER_MACHINE } from "./receiver-lifecycle.ts";
import { STEP_MACHINES } from "./step-lifecycle.ts";
import { WORKER_MACHINE } from "./worker-loop.ts";
import { WORLD_MACHINE } from "./world-lifecycle.ts";

export const HAF_MACHINE: Machine<HafPhase> = machine({
  kind: "haf",
  group: "HAF",
  name: "HAF stack",
  title: "Life of a HAF stack",
  system: "haf",
  states: HAF_PHASES,
  means: HAF_PHASE_LABELS,
  toldBy: HAF_PHASE_SOURCES,
  transitions: HAF_STACK_LIFECYCLE,
  first: ["not_started"],
  last: [],
  direction: "TB",
  sources: [hafSource("src/hive_fork_manager")],
});

export const HAF_APP_MACHINE: Machine<HafAppState> = machine({
  kind: "haf-app",
  group: "HAF",
  name: "HAF app",
  title: "Life of a HAF app",
  system: "hafApp",
  states: HAF_APP_STATES,
  means: HAF_APP_STATE_LABELS,
  toldBy: HAF_APP_STATE_SOURCES,
  transitions: HAF_APP_LIFECYCLE,
  first: ["missing"],
  last: [],
  direction: "TB",
  sources: [hafSource("src/hive_fork_manager/app_api_impl.sql")],
});

export const MACHINES: readonly Machine[] = Object.freeze([
  PLAN_MACHINE,
  STEP_MACHINES.plan,
  STEP_MACHINES.run,
  STEP_MACHINES.finalize,
  WORLD_MACHINE,
  LOCK_MACHINE,
  ENVELOPE_MACHINE,
  INCARNATION_MACHINE,
  WORKER_MACHINE,
  ACTOR_OVERVIEW_MACHINE,
  ACTOR_MACHINE,
  HAF_MACHINE,
  HAF_APP_MACHINE,
  AGENT_MACHINE,
  RECEIVER_MACHINE,
  JOB_MACHINE,
  OPERATION_MACHINE,
  READER_MACHINE,
]);

/** By the word of the address; `null` = there is no such machine. */
export const machineOf = (kind: string | null): Machine | null => MACHINES.find((known) => known.kind === kind) ?? null;
