/** Who names which host, and where: read off the folds thing by thing, before anything is compared. Pure. */
import { isMasked } from "#server/contract/event.ts";
import type { DnaFold } from "#server/contract/fold/dna.ts";
import type { DynflowFold } from "#server/contract/fold/dynflow.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import type { HafFold } from "#server/contract/fold/haf.ts";
import type { AgentFold, IngestFold } from "#server/contract/fold/ingest.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { beamHost, type HostName, hostNameOf } from "./host-name.ts";
import { sourceOf } from "./need.ts";
import type { ThingRef } from "./things.ts";

export interface Sighting {
  readonly ref: ThingRef;
  readonly name: HostName;
  /** Where the name stands, in words: `BEAM name dna@10.0.0.7`. */
  readonly where: string;
  /** `false` = it might be a name of another host, such as that of a proxy. */
  readonly sure: boolean;
}

/** A thing that gives several names to its host: only agents do. */
export interface Claim {
  readonly ref: ThingRef;
  readonly hostname: string | null;
  /** `null` = not told to this audience, or not told at all. */
  readonly addresses: ReadonlySet<string> | null;
}

export interface Seen {
  readonly sightings: readonly Sighting[];
  readonly claims: readonly Claim[];
}

/** An agent tells at most so many addresses. */
const ADDRESSES_MAX = 16;

/** Everything that any thing says of its host. */
export function seenIn(folds: Folds): Seen {
  const sightings: Sighting[] = [];
  const claims: Claim[] = [];
  for (const [stream, fold] of Object.entries(folds)) {
    const source = sourceOf(stream);
    if (fold.family === "dna") sightings.push(...dnaSightings(source, fold));
    else if (fold.family === "dynflow") sightings.push(...worldSightings(source, fold));
    else if (fold.family === "haf") sightings.push(...containerSightings(source, fold));
    else if (fold.family === "ingest") {
      sightings.push(...gatewaySightings(source, fold));
      for (const [id, agent] of Object.entries(fold.agents)) {
        const ref: ThingRef = { kind: "agent", source, id };
        sightings.push(...agentSightings(ref, agent));
        claims.push(claimOf(ref, agent));
      }
    }
  }
  return { sightings, claims };
}

/** Stands before each part of a naming, and for what is not told; no name has such a sign. */
const NOT_TOLD = "\u0000";
const HIDDEN = "\u0001";

/**
 * All that sightings and claims are made of, as one list of texts: while it is the same, so are they. Folds change with
 * every state of every thing, and hardly ever in what their things are called.
 */
export function namingOf(folds: Folds): readonly string[] {
  const naming: string[] = [];
  for (const [stream, fold] of Object.entries(folds)) {
    switch (fold.family) {
      case "dna":
        naming.push(NOT_TOLD, stream);
        for (const [id, { node }] of Object.entries(fold.nodes)) naming.push(id, node);
        naming.push(NOT_TOLD);
        for (const { hostId, address } of fold.database?.hosts ?? []) naming.push(hostId, address);
        break;
      case "dynflow":
        naming.push(NOT_TOLD, stream);
        for (const [id, { hostname }] of Object.entries(fold.worlds)) naming.push(id, hostname ?? NOT_TOLD);
        break;
      case "haf":
        naming.push(NOT_TOLD, stream);
        for (const [id, { container }] of Object.entries(fold.roles))
          naming.push(id, container?.name ?? NOT_TOLD, container?.host ?? NOT_TOLD);
        break;
      case "ingest":
        naming.push(NOT_TOLD, stream);
        for (const [id, { host }] of Object.entries(fold.gateways)) naming.push(id, host);
        naming.push(NOT_TOLD);
        for (const [id, { about, peer }] of Object.entries(fold.agents)) {
          naming.push(id, about?.hostname ?? NOT_TOLD, isMasked(peer) ? HIDDEN : peer);
          const listed = addressesOf(about);
          if (listed === null) naming.push(HIDDEN);
          else naming.push(...listed);
          naming.push(NOT_TOLD);
        }
        break;
      case "operator":
      case "console":
        break;
      default:
        unreachable(fold);
    }
  }
  return naming;
}

function one(ref: ThingRef, raw: string | null, where: string): readonly Sighting[] {
  const name = raw === null ? null : hostNameOf(raw);
  return name === null ? [] : [{ ref, name, where, sure: true }];
}

const dnaSightings = (source: string, { nodes, database }: DnaFold): readonly Sighting[] => [
  ...Object.entries(nodes).flatMap(([id, { node }]): readonly Sighting[] => {
    const name = beamHost(node);
    return name === null ? [] : [{ ref: { kind: "node", source, id }, name, where: `BEAM name ${node}`, sure: true }];
  }),
  ...(database?.hosts ?? []).flatMap(({ hostId, address }) =>
    one(
      { kind: "database-host", source, id: hostId },
      address,
      `address ${address} in the cluster's own list of hosts`,
    ),
  ),
];

const worldSightings = (source: string, { worlds }: DynflowFold): readonly Sighting[] =>
  Object.entries(worlds).flatMap(([id, { hostname }]) =>
    one({ kind: "world", source, id }, hostname, `hostname ${hostname} in its record`),
  );

const containerSightings = (source: string, { roles }: HafFold): readonly Sighting[] =>
  Object.entries(roles).flatMap(([id, { container }]) =>
    one(
      { kind: "container", source, id },
      container?.host ?? null,
      `container ${container?.name} on ${container?.host}`,
    ),
  );

const gatewaySightings = (source: string, { gateways }: IngestFold): readonly Sighting[] =>
  Object.entries(gateways).flatMap(([id, { host }]) =>
    one({ kind: "gateway", source, id }, host, `its own host name ${host}`),
  );

function agentSightings(ref: ThingRef, { about, peer }: AgentFold): readonly Sighting[] {
  const listed = addressesOf(about);
  const sightings = [
    ...one(ref, about?.hostname ?? null, `hostname ${about?.hostname} as it tells`),
    ...(listed ?? []).flatMap((address) => one(ref, address, `address ${address} as it tells`)),
  ];
  const from = isMasked(peer) ? null : hostNameOf(peer);
  if (from === null || sightings.some(({ name }) => name.text === from.text)) return sightings;
  // One that tells its addresses and comes from another one may sit behind a proxy.
  const sure = listed !== null && listed.length === 0;
  return [...sightings, { ref, name: from, where: `its connection comes from ${from.text}`, sure }];
}

function claimOf(ref: ThingRef, { about }: AgentFold): Claim {
  const listed = addressesOf(about);
  const addresses = listed?.flatMap((address) => hostNameOf(address)?.text ?? []);
  const hostname = about?.hostname == null ? null : (hostNameOf(about.hostname)?.text ?? null);
  return { ref, hostname, addresses: addresses === undefined ? null : new Set(addresses) };
}

/** `null` = hidden, or it has told nothing of itself. */
function addressesOf(about: AgentFold["about"]): readonly string[] | null {
  if (about === null || isMasked(about.addresses)) return null;
  return about.addresses.slice(0, ADDRESSES_MAX);
}
