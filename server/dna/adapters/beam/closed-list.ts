/**
 * Every function that is ever called on a DNA node, and no other: the one place that names them. What a call may do there
 * is the reason it is here; a function that could end the VM, or create or claim an actor by being looked at, is not.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server/{cluster,partition,utils,server}.ex, lib/dna/application.ex; Elixir 1.14
 * lib/elixir/lib/{registry,dynamic_supervisor,supervisor,code}.ex; Erlang/OTP 25 documentation of the modules named.
 */

/** One function of the closed list. */
export interface ClosedCall {
  /** As on the wire: Elixir's modules with their prefix. */
  readonly module: string;
  readonly function: string;
  readonly arity: number;
  /** For all of it, connecting included. */
  readonly timeoutMs: number;
  /** What it is called for; the documentation lists it. */
  readonly purpose: string;
  readonly effect: "reads" | "acts";
}

const PING_TIMEOUT_MS = 2_000;
const READ_TIMEOUT_MS = 5_000;
const LIST_TIMEOUT_MS = 15_000;
const ACT_TIMEOUT_MS = 10_000;

const reads = (
  module: string,
  name: string,
  arity: number,
  purpose: string,
  timeoutMs = READ_TIMEOUT_MS,
): ClosedCall => ({
  module,
  function: name,
  arity,
  timeoutMs,
  purpose,
  effect: "reads",
});
const acts = (module: string, name: string, arity: number, purpose: string): ClosedCall => ({
  ...reads(module, name, arity, purpose, ACT_TIMEOUT_MS),
  effect: "acts",
});

/** Elixir's modules as atoms. */
export const elixir = (name: string): string => `Elixir.${name}`;

export const CLOSED_LIST = {
  identity: reads(elixir("Dna.Server.Cluster"), "server", 0, "which incarnation it is; also the ping", PING_TIMEOUT_MS),
  partitions: reads(elixir("Supervisor"), "which_children", 1, "the partitions of `Dna.Server`"),
  partitionOf: reads(elixir("Dna.Server.Utils"), "partition", 1, "which partition a key belongs to"),
  lookup: reads(elixir("Dna.Server.Partition"), "lookup", 1, "whether a key's instance runs"),
  select: reads(elixir("Registry"), "select", 2, "instances of a partition, filtered on the node", LIST_TIMEOUT_MS),
  tableLookup: reads(
    "ets",
    "lookup",
    2,
    "when the node last refreshed; where the registry of a partition keeps its keys",
  ),
  tableSelect: reads("ets", "select", 3, "the first instances of a partition, filtered on the node", LIST_TIMEOUT_MS),
  table: reads("ets", "tab2list", 1, "the node's own peer table, `Dna.Server.Cluster`"),
  monotonic: reads("erlang", "monotonic_time", 1, "the clock that the ages in that table go by"),
  cacheGet: reads(elixir("Cachex"), "get", 2, "whom the cache `:dna_actors` holds for an owner"),
  cacheTtl: reads(elixir("Cachex"), "ttl", 2, "for how long"),
  map: reads(
    "lists",
    "map",
    2,
    "with `Registry.count/1`: running instances of each partition; with `erlang:system_info/1`: counts and limits of the VM; with `code:ensure_loaded/1`: the modules of this list, before it is asked which functions they have",
  ),
  memory: reads("erlang", "memory", 0, "memory of the VM"),
  statistics: reads("erlang", "statistics", 1, "`run_queue`"),
  systemInfo: reads(
    "erlang",
    "system_info",
    1,
    "release of OTP; creation, which tells one life of the VM from the next",
  ),
  convertTime: reads("erlang", "convert_time_unit", 3, "its unit of time"),
  zipwith: reads(
    "lists",
    "zipwith",
    3,
    "with `erlang:process_info/2`: memory, mailbox, reductions, state and current function of instances",
    LIST_TIMEOUT_MS,
  ),
  processInfo: reads("erlang", "process_info", 2, "the same of one instance, before its state is asked for"),
  state: reads("sys", "get_state", 2, "backlog and phase of one instance of at most 1 MB"),
  exported: reads(
    "lists",
    "zipwith3",
    4,
    "with `erlang:function_exported/3`: which functions of this list the node has",
  ),
  elixirVersion: reads(elixir("System"), "version", 0, "release of Elixir"),
  evaluate: reads(
    elixir("Code"),
    "eval_string",
    2,
    "one of the constant texts of this adapter, with bound values; only with `evaluate: true`",
  ),
  terminate: acts(elixir("DynamicSupervisor"), "terminate_child", 2, "ends one instance"),
  stopVm: acts("init", "stop", 0, "shuts the VM down in order"),
  haltVm: acts("erlang", "halt", 0, "ends the VM at once"),
  clearCache: acts(elixir("Cachex"), "clear", 1, "empties `:dna_actors`"),
} as const satisfies Readonly<Record<string, ClosedCall>>;

/** `Dna.Server.Cluster.server/0`, `ets:lookup/2`: as their languages write it. */
export function callName({ module, function: name, arity }: ClosedCall): string {
  return `${functionText(module, name)}/${arity}`;
}

/** A function as its language writes it. */
export const functionText = (module: string, name: string): string =>
  module.startsWith("Elixir.") ? `${module.slice("Elixir.".length)}.${name}` : `${module}:${name}`;

/** Processes and tables of DNA by the names they are registered under. */
export const DNA_NAMES = {
  supervisor: elixir("Dna.Server"),
  peerTable: elixir("Dna.Server.Cluster"),
  ownerCache: "dna_actors",
  partition: elixir("Dna.Server.Partition"),
  registry: elixir("Dna.Server.ObjectRegistry"),
  instanceSupervisor: elixir("Dna.Server.ObjectSupervisor"),
} as const;
