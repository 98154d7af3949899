import type { BeamAbilities, BeamAbility } from "#server/dna/beam-ports.ts";
import { atom, externalFun, list } from "#server/dna/codec/etf/term.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Ask } from "./asking.ts";
import { CLOSED_LIST, type ClosedCall, callName, DNA_NAMES, elixir } from "./closed-list.ts";
import { readKeyTable } from "./instance-answers.ts";
import { readRelease } from "./node-answers.ts";
import { askPartitionChildren, partitionName } from "./node-questions.ts";
import { readAtom, readList, readText } from "./reading.ts";

const { identity, partitions, select, lookup, partitionOf, cacheGet, cacheTtl, terminate, evaluate } = CLOSED_LIST;

/** Passed as a fun, not called by its name. */
const COUNT: ClosedCall = { ...partitions, module: elixir("Registry"), function: "count", arity: 1 };

/** What each ability rests on beyond the Erlang that every node has. */
const NEEDS: readonly (readonly [BeamAbility, readonly ClosedCall[]])[] = [
  ["identity", [identity]],
  ["partitions", [partitions, COUNT]],
  ["instances", [partitions, select, lookup, partitionOf]],
  ["first-instances", [partitions]],
  ["owner-cache", [cacheGet, cacheTtl]],
  ["stop-forced", [lookup, partitionOf, terminate]],
  ["stop-safe", [lookup, partitionOf, terminate, evaluate]],
  ["top", [partitions, select, evaluate]],
];

const EVALUATED: readonly BeamAbility[] = ["stop-safe", "top"];

/** Why the safe stop and the top are not offered. */
export const EVALUATE_OFF = "beam.evaluate is off: nothing may be evaluated on the nodes";

/** Looks which functions of the closed list a node has; calls none that acts. */
export async function askAbilities(ask: Ask, node: string, mayEvaluate: boolean): Promise<BeamAbilities> {
  const [otpRelease, elixirVersion, absent, peerTable] = await Promise.all([
    ask(node, { call: CLOSED_LIST.systemInfo, args: [atom("otp_release")], read: readRelease }),
    ask<string | null>(node, { call: CLOSED_LIST.elixirVersion, args: [], read: readText, raised: () => null }),
    askAbsent(ask, node),
    hasPeerTable(ask, node),
  ]);
  const missing: Partial<Record<BeamAbility, string>> = {};
  for (const [ability, calls] of NEEDS) {
    const lacking = calls.filter((call) => absent.has(callName(call)));
    if (lacking.length > 0) missing[ability] = lackText(elixirVersion, lacking);
    else if (EVALUATED.includes(ability) && !mayEvaluate) missing[ability] = EVALUATE_OFF;
  }
  if (!peerTable) missing.peers = "there is no peer table: DNA's cluster worker does not run there";
  if (missing["first-instances"] === undefined) {
    const reason = await firstInstancesLack(ask, node);
    if (reason !== null) missing["first-instances"] = reason;
  }
  return { otpRelease, elixir: elixirVersion, missing };
}

const lackText = (elixirVersion: string | null, lacking: readonly ClosedCall[]): string =>
  elixirVersion === null ? "the node does not run Elixir" : `the node has no ${lacking.map(callName).join(", ")}`;

/** Functions that abilities rest on and the node has not, by name. A module that no one has used yet is loaded for that. */
async function askAbsent(ask: Ask, node: string): Promise<ReadonlySet<string>> {
  const calls = NEEDS.flatMap(([, needed]) => needed);
  const modules = [...new Set(calls.map(({ module }) => module))].map(atom);
  const loaded = { call: CLOSED_LIST.map, args: [externalFun("code", "ensure_loaded", 1), list(modules)] };
  await ask(node, { ...loaded, read: readList });
  const exported = await ask(node, {
    call: CLOSED_LIST.exported,
    args: [
      externalFun("erlang", "function_exported", 3),
      list(calls.map(({ module }) => atom(module))),
      list(calls.map((call) => atom(call.function))),
      list(calls.map(({ arity }) => arity)),
    ],
    read: (answer) => readList(answer).map(readAtom),
  });
  return new Set(calls.filter((_, position) => exported[position] !== "true").map(callName));
}

const hasPeerTable = (ask: Ask, node: string): Promise<boolean> =>
  ask(node, {
    call: CLOSED_LIST.tableLookup,
    args: [atom(DNA_NAMES.peerTable), atom("last_refresh")],
    read: (answer) => readList(answer).length >= 0,
    raised: () => false,
  });

/** `null` = the first instances can be read without the others. */
async function firstInstancesLack(ask: Ask, node: string): Promise<string | null> {
  try {
    const first = (await askPartitionChildren(ask, node)).find(({ alive }) => alive);
    if (first === undefined) return "no partition runs";
    const known = await ask(node, {
      call: CLOSED_LIST.tableLookup,
      args: [partitionName("registry", first.index), -2],
      read: (answer) => readKeyTable(answer) !== null,
      raised: () => false,
    });
    return known
      ? null
      : "the registry of this Elixir is laid out otherwise: all instances are read for the first ones";
  } catch (cause) {
    if (cause instanceof OpsError && cause.code !== "refused")
      return "the partitions do not run, or are others than DNA's";
    throw cause;
  }
}
