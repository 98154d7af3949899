/**
 * Which things run on the same host, by what they say of it themselves: the host part of a node's BEAM name, the
 * hostname in a world's record, what an agent tells of itself, a container's host, a database host's address. Names are
 * compared, never looked up. What only might be the same host is kept apart and says why. Pure.
 */
import type { Folds } from "#server/contract/fold/fold.ts";
import { firstLabel, hostNameOf } from "./host-name.ts";
import { type Claim, namingOf, type Seen, type Sighting, seenIn } from "./host-sightings.ts";
import { THING_KINDS, type ThingRef, thingKey } from "./things.ts";
import { plural } from "./words.ts";

/** One thing on a host, and by which of its names. */
export interface HostMember {
  readonly ref: ThingRef;
  /** Its names that are names of this host, each with where it stands. */
  readonly said: readonly { readonly name: string; readonly where: string }[];
}

/** A thing that might be on this host too. */
export interface MaybeMember {
  readonly ref: ThingRef;
  readonly why: string;
}

export interface Host {
  /** The name it is shown by: a full name before a short one before an address. */
  readonly name: string;
  /** All its names, that one first. */
  readonly names: readonly string[];
  /** In a fixed order: by kind, source, id. */
  readonly members: readonly HostMember[];
  readonly maybe: readonly MaybeMember[];
}

export interface HostIndex {
  /** By name. */
  readonly hosts: readonly Host[];
  readonly byName: ReadonlyMap<string, Host>;
  /** By `thingKey`. */
  readonly byThing: ReadonlyMap<string, Host>;
  /** Things of which no name is theirs alone, by `thingKey`: what might run beside them. */
  readonly apart: ReadonlyMap<string, readonly MaybeMember[]>;
}

/** At most so many things that might be on a host are told. */
export const MAYBE_MAX = 8;

const known = new WeakMap<Folds, HostIndex>();

interface Indexed {
  readonly naming: readonly string[];
  readonly index: HostIndex;
}

/** Last used first: of now, and of an instant of the past beside it. */
let recent: readonly Indexed[] = [];
const RECENT_MAX = 4;

/** Every host that anything names; the same object while nothing is called anything else. */
export function hostIndex(folds: Folds): HostIndex {
  const before = known.get(folds);
  if (before !== undefined) return before;
  const naming = namingOf(folds);
  const indexed = recent.find((one) => isSameNaming(one.naming, naming)) ?? { naming, index: indexOf(seenIn(folds)) };
  recent = [indexed, ...recent.filter((one) => one !== indexed)].slice(0, RECENT_MAX);
  known.set(folds, indexed.index);
  return indexed.index;
}

const isSameNaming = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, at) => text === b[at]);

/** The host of that name, however it is spelt; `null` = nothing says it runs there. */
export function hostNamed(index: HostIndex, text: string): Host | null {
  const name = hostNameOf(text);
  return name === null ? null : (index.byName.get(name.text) ?? null);
}

function indexOf({ sightings, claims }: Seen): HostIndex {
  const claimOf = new Map(claims.map((claim) => [thingKey(claim.ref), claim]));
  const contested = contestedNames(sightings, claimOf);
  const isSure = ({ ref, name, sure }: Sighting): boolean =>
    sure && !(contested.has(name.text) && claimOf.has(thingKey(ref)));
  const groups = grouped(sightings.filter(isSure));
  const hosts = groups.map(hostOf).sort((a, b) => (a.name < b.name ? -1 : 1));
  const index: HostIndex = {
    hosts,
    byName: new Map(hosts.flatMap((host) => host.names.map((name) => [name, host] as const))),
    byThing: new Map(hosts.flatMap((host) => host.members.map(({ ref }) => [thingKey(ref), host] as const))),
    apart: new Map(),
  };
  return withMaybe(
    index,
    sightings.filter((sighting) => !isSure(sighting)),
    contested,
  );
}

/** Names that agents give to different hosts, with how many agents do: a bridge's address, a name given twice. */
function contestedNames(
  sightings: readonly Sighting[],
  claimOf: ReadonlyMap<string, Claim>,
): ReadonlyMap<string, number> {
  const byName = new Map<string, Claim[]>();
  for (const { ref, name, sure } of sightings) {
    const claim = sure ? claimOf.get(thingKey(ref)) : undefined;
    if (claim === undefined) continue;
    const same = byName.get(name.text);
    if (same === undefined) byName.set(name.text, [claim]);
    else same.push(claim);
  }
  const contested = new Map<string, number>();
  for (const [name, all] of byName) {
    const first = all.find(({ hostname }) => hostname !== null) ?? all[0];
    if (first !== undefined && !all.every((claim) => isOneHost(first, claim))) contested.set(name, all.length);
  }
  return contested;
}

/** Whether two agents that give the same name can be on one host. */
function isOneHost(a: Claim, b: Claim): boolean {
  if (a === b) return true;
  const told = a.addresses !== null && b.addresses !== null && a.addresses.size > 0 && b.addresses.size > 0;
  if (a.hostname !== null && b.hostname !== null) {
    if (!isSpelling(a.hostname, b.hostname)) return false;
    return !told || sharedBy(a.addresses, b.addresses) > 0;
  }
  return !told || sharedBy(a.addresses, b.addresses) === Math.min(a.addresses.size, b.addresses.size);
}

const sharedBy = (a: ReadonlySet<string>, b: ReadonlySet<string>): number =>
  [...a].filter((address) => b.has(address)).length;

/** The same name, or one of them is the other without its domain. */
const isSpelling = (a: string, b: string): boolean =>
  a === b || (firstLabel(a) === firstLabel(b) && (a === firstLabel(a) || b === firstLabel(b)));

/** Sightings of the same host together: by name, and by what one thing says of itself under several names. */
function grouped(sightings: readonly Sighting[]): readonly (readonly Sighting[])[] {
  const parent = new Map<string, string>();
  const rootOf = (name: string): string => {
    let at = name;
    for (let up = parent.get(at); up !== undefined && up !== at; up = parent.get(at)) at = up;
    parent.set(name, at);
    return at;
  };
  const firstNameOf = new Map<string, string>();
  for (const { ref, name } of sightings) {
    const key = thingKey(ref);
    const first = firstNameOf.get(key);
    if (first === undefined) firstNameOf.set(key, name.text);
    else parent.set(rootOf(name.text), rootOf(first));
  }
  return [...Map.groupBy(sightings, ({ name }) => rootOf(name.text)).values()];
}

const FORMS = ["full", "short", "address"] as const;

function hostOf(sightings: readonly Sighting[]): Host {
  const names = new Map(sightings.map(({ name }) => [name.text, name]));
  const sorted = [...names.values()].sort(
    (a, b) => FORMS.indexOf(a.form) - FORMS.indexOf(b.form) || (a.text < b.text ? -1 : 1),
  );
  const members = [...Map.groupBy(sightings, ({ ref }) => thingKey(ref)).values()].flatMap((own): HostMember[] => {
    const [first] = own;
    if (first === undefined) return [];
    return [{ ref: first.ref, said: own.map(({ name, where }) => ({ name: name.text, where })) }];
  });
  members.sort((a, b) => inOrder(a.ref, b.ref));
  return { name: sorted[0]?.text ?? "", names: sorted.map(({ text }) => text), members, maybe: [] };
}

export const inOrder = (a: ThingRef, b: ThingRef): number =>
  THING_KINDS.indexOf(a.kind) - THING_KINDS.indexOf(b.kind) || compare(a.source, b.source) || compare(a.id, b.id);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Ties that are not sure, told on both sides. */
function withMaybe(index: HostIndex, doubtful: readonly Sighting[], contested: ReadonlyMap<string, number>): HostIndex {
  const ties = new Map<string, MaybeMember[]>();
  const apart = new Map<string, MaybeMember[]>();
  const tell = (to: Map<string, MaybeMember[]>, key: string, members: readonly HostMember[], why: string): void => {
    const told = to.get(key) ?? [];
    to.set(key, told);
    for (const { ref } of members) {
      if (told.length >= MAYBE_MAX) return;
      if (!told.some((one) => thingKey(one.ref) === thingKey(ref))) told.push({ ref, why });
    }
  };
  for (const [short, full] of spellings(index.hosts)) {
    const why = `${short.short} has no domain: it might be ${full.full}, and nobody says so`;
    tell(ties, short.host.name, full.host.members, why);
    tell(ties, full.host.name, short.host.members, why);
  }
  for (const { ref, name, where } of doubtful) {
    const there = index.byName.get(name.text);
    const own = index.byThing.get(thingKey(ref));
    if (there === undefined || there === own) continue;
    const many = contested.get(name.text);
    const why =
      many === undefined
        ? `${where}, which is not among its addresses: it may sit behind a proxy`
        : `${plural(many, "agent")} call ${name.text} theirs and are not one host`;
    tell(ties, there.name, [{ ref, said: [] }], why);
    if (own === undefined) tell(apart, thingKey(ref), there.members, why);
    else tell(ties, own.name, there.members, why);
  }
  const hosts = index.hosts.map((host) => {
    const maybe = ties.get(host.name);
    return maybe === undefined ? host : { ...host, maybe };
  });
  return {
    hosts,
    byName: new Map(hosts.flatMap((host) => host.names.map((name) => [name, host] as const))),
    byThing: new Map(hosts.flatMap((host) => host.members.map(({ ref }) => [thingKey(ref), host] as const))),
    apart,
  };
}

interface Spelt {
  readonly host: Host;
}

/** Pairs of hosts of which one has a name without a domain, and the other the same with one. */
function spellings(
  hosts: readonly Host[],
): readonly (readonly [Spelt & { readonly short: string }, Spelt & { readonly full: string }])[] {
  const full = new Map<string, (Spelt & { readonly full: string })[]>();
  const short: (Spelt & { readonly short: string })[] = [];
  for (const host of hosts) {
    for (const name of host.names) {
      if (hostNameOf(name)?.form === "short") short.push({ host, short: name });
      if (hostNameOf(name)?.form !== "full") continue;
      const same = full.get(firstLabel(name));
      if (same === undefined) full.set(firstLabel(name), [{ host, full: name }]);
      else if (same.length < MAYBE_MAX) same.push({ host, full: name });
    }
  }
  return short.flatMap((one) =>
    (full.get(one.short) ?? []).filter(({ host }) => host !== one.host).map((other) => [one, other] as const),
  );
}
