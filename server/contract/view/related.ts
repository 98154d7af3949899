/**
 * What is related to a thing, one step away: everything on the same host, and everything that it is tied to otherwise,
 * each with what says so. Pure.
 */
import type { Folds } from "#server/contract/fold/fold.ts";
import { type HostIndex, type HostMember, hostIndex, inOrder } from "./hosts.ts";
import { type Tie, tiesOf } from "./related-ties.ts";
import { type ThingWords, thingWords } from "./thing-words.ts";
import { isSameThing, THING_KINDS, type ThingKind, type ThingRef, thingKey } from "./things.ts";

export interface RelatedThing extends ThingWords {
  readonly ref: ThingRef;
  /** Why the two belong together. */
  readonly evidence: string;
  /** `false` = it might be so. */
  readonly sure: boolean;
}

export interface RelatedGroup {
  readonly kind: ThingKind;
  /** At most `RELATED_MAX`. */
  readonly things: readonly RelatedThing[];
  /** How many there are besides. */
  readonly more: number;
}

export const RELATED_MAX = 50;

/** By kind, in the order of `THING_KINDS`; kinds of which there are none are left out. */
export function related(folds: Folds, ref: ThingRef): readonly RelatedGroup[] {
  const ties = new Map<string, Tie>();
  for (const tie of [...tiesOf(folds, ref), ...hostTies(hostIndex(folds), ref)]) {
    const key = thingKey(tie.ref);
    const before = ties.get(key);
    if (isSameThing(tie.ref, ref)) continue;
    if (before === undefined) ties.set(key, tie);
    else if (before.evidence !== tie.evidence && before.sure === tie.sure)
      ties.set(key, { ...before, evidence: `${before.evidence}; ${tie.evidence}` });
    else if (tie.sure && !before.sure) ties.set(key, tie);
  }
  const byKind = Map.groupBy([...ties.values()], (tie) => tie.ref.kind);
  return THING_KINDS.flatMap((kind) => {
    const all = byKind.get(kind);
    if (all === undefined) return [];
    const sorted = all.toSorted((a, b) => Number(b.sure) - Number(a.sure) || inOrder(a.ref, b.ref));
    const things = sorted.slice(0, RELATED_MAX).map((tie) => ({ ...tie, ...thingWords(folds, tie.ref) }));
    return [{ kind, things, more: all.length - things.length }];
  });
}

/** The host of a thing and all that runs there. */
function hostTies(index: HostIndex, ref: ThingRef): readonly Tie[] {
  if (ref.kind === "host") {
    const host = index.byName.get(ref.id);
    if (host === undefined) return [];
    return [
      ...host.members.map((member) => ({ ref: member.ref, evidence: wordsOf(member), sure: true })),
      ...host.maybe.map(({ ref: other, why }) => ({ ref: other, evidence: why, sure: false })),
    ];
  }
  const host = index.byThing.get(thingKey(ref));
  if (host === undefined)
    return (index.apart.get(thingKey(ref)) ?? []).map(({ ref: other, why }) => ({
      ref: other,
      evidence: why,
      sure: false,
    }));
  const self = host.members.find((member) => isSameThing(member.ref, ref));
  if (self === undefined) return [];
  return [
    { ref: { kind: "host", source: "", id: host.name }, evidence: wordsOf(self), sure: true },
    ...host.members.map((member) => ({ ref: member.ref, evidence: sameHost(host.members, self, member), sure: true })),
    ...host.maybe.map(({ ref: other, why }) => ({ ref: other, evidence: why, sure: false })),
  ];
}

const wordsOf = ({ said }: HostMember): string => said.map(({ where }) => where).join(", ");

/** Both say the same name, or a third one says both of theirs. */
function sameHost(members: readonly HostMember[], self: HostMember, other: HostMember): string {
  for (const { name, where } of self.said) {
    const same = other.said.find((one) => one.name === name);
    if (same !== undefined) return `both say ${name}: ${where}; ${same.where}`;
  }
  const [mine, theirs] = [self.said[0], other.said[0]];
  const says = ({ said }: HostMember, of: HostMember): boolean =>
    of.said.some(({ name }) => said.some((one) => one.name === name));
  const between = members.find((member) => says(member, self) && says(member, other));
  const teller = between === undefined ? "agents there tell" : `agent ${between.ref.id} tells`;
  return `${teller} that ${mine?.name} and ${theirs?.name} are one host: ${mine?.where}; ${theirs?.where}`;
}
