/** Who listens: the clients by audience, within the limits. */
import type { Audience } from "#server/contract/mask.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import type { VisibleStreams } from "#server/contract/visibility.ts";
import type { Clock, EpochMs, MonotonicMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type AudienceGroup, createAudienceGroup, groupKey, type HubView } from "./audience-group.ts";
import type { Subscriber } from "./subscriber.ts";

/** Whose stream it is: what logout and revocation are matched against. */
export interface StreamOwner {
  readonly principalId: string;
  readonly tokenId: string | null;
  readonly sessionId: string | null;
}

export interface Member {
  readonly owner: StreamOwner;
  /** When the login ends by itself. */
  readonly expiresAt: EpochMs | null;
  readonly subscriber: Subscriber;
}

export interface Group extends AudienceGroup {
  readonly members: Set<Member>;
  /** When something was last said to all of them. */
  saidAt: MonotonicMs;
  /** The snapshot of one moment, for several who ask at once. */
  kept: { readonly moment: number; readonly frame: Uint8Array } | null;
}

export interface MembershipLimits {
  readonly streamsPerPrincipal: number;
  readonly streamsTotal: number;
}

export interface Membership {
  groups(): Iterable<Group>;
  /** @throws OpsError `limit-exceeded` */
  join(member: Member, audience: Audience, visible: VisibleStreams): Group;
  leave(group: Group, member: Member): void;
  count(): number;
}

export function createMembership(
  view: HubView,
  { clock, eventClock, masks }: { readonly clock: Clock; readonly eventClock: Clock; readonly masks?: MaskRules },
  limits: MembershipLimits,
): Membership {
  const groups = new Map<string, Group>();
  const streamsOf = new Map<string, number>();
  let total = 0;
  return {
    groups: () => groups.values(),
    count: () => total,
    join(member, audience, visible) {
      const { principalId } = member.owner;
      if (total >= limits.streamsTotal) throw new OpsError("limit-exceeded", "Too many live streams are open");
      const own = streamsOf.get(principalId) ?? 0;
      if (own >= limits.streamsPerPrincipal) {
        throw new OpsError("limit-exceeded", `At most ${limits.streamsPerPrincipal} live streams for one login`);
      }
      const key = groupKey(audience, visible);
      const group = groups.get(key) ?? {
        ...createAudienceGroup(audience, visible, view, eventClock, masks),
        members: new Set<Member>(),
        saidAt: clock.monotonic(),
        kept: null,
      };
      groups.set(key, group);
      group.members.add(member);
      streamsOf.set(principalId, own + 1);
      total += 1;
      return group;
    },
    leave(group, member) {
      if (!group.members.delete(member)) return;
      const { principalId } = member.owner;
      const left = (streamsOf.get(principalId) ?? 1) - 1;
      if (left > 0) streamsOf.set(principalId, left);
      else streamsOf.delete(principalId);
      total -= 1;
      if (group.members.size === 0) groups.delete(group.key);
    },
  };
}
