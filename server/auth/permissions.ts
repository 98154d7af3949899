/** Who may do what. One closed list; the same `can()` draws the button and refuses the call. */
export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];

export const PERMISSIONS = [
  "session:open",
  "estate:read",
  "attention:acknowledge",
  "dna:read",
  "dna:census",
  "dna:failover",
  "dna:nodes",
  "dna:values",
  "dna:stop",
  "dna:stop-many",
  "plans:read",
  "plans:search-text",
  "plans:resume",
  "plans:skip",
  "plans:cancel",
  "plans:abort",
  "plans:halt",
  "plans:start",
  "plans:bulk",
  "plans:bulk-large",
  "payloads:reveal",
  "worlds:read",
  "worlds:ping",
  "worlds:invalidate",
  "locks:read",
  "haf:read",
  "journal:read",
  "jobs:read",
  "jobs:control",
  "demo:scenario",
  "agents:read",
  "agents:reload",
  "configuration:read",
  "readers:restart",
  "alerts:read",
  "alerts:silence",
  "alerts:test",
  "safety:read-only",
  "safety:allow-acting",
  "safety:approve",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Least role that holds a permission; `anyone` needs no login at all. */
const LEAST_ROLE: Readonly<Record<Permission, Role | "anyone">> = {
  "session:open": "anyone",
  "estate:read": "viewer",
  "attention:acknowledge": "operator",
  "dna:read": "viewer",
  "dna:census": "operator",
  "dna:failover": "admin",
  // Drain, stop of a VM, delete of a row.
  "dna:nodes": "admin",
  // What an actor has stored is its own affair.
  "dna:values": "operator",
  "dna:stop": "operator",
  "dna:stop-many": "admin",
  "plans:read": "viewer",
  // What is masked for viewers is not to be guessed by searching for it.
  "plans:search-text": "operator",
  "plans:resume": "operator",
  "plans:skip": "operator",
  "plans:cancel": "operator",
  "plans:abort": "operator",
  "plans:halt": "operator",
  "plans:start": "operator",
  "plans:bulk": "operator",
  "plans:bulk-large": "admin",
  "payloads:reveal": "operator",
  "worlds:read": "viewer",
  "worlds:ping": "operator",
  "worlds:invalidate": "admin",
  "locks:read": "viewer",
  "haf:read": "viewer",
  "journal:read": "viewer",
  "jobs:read": "viewer",
  "jobs:control": "operator",
  "demo:scenario": "operator",
  "agents:read": "viewer",
  "agents:reload": "admin",
  "configuration:read": "admin",
  // It sends nothing; but what was parked was parked for a reason.
  "readers:restart": "admin",
  "alerts:read": "viewer",
  "alerts:silence": "operator",
  "alerts:test": "operator",
  // Whoever may act at all may pull the brake; letting go of it is another matter.
  "safety:read-only": "operator",
  "safety:allow-acting": "admin",
  "safety:approve": "admin",
};

/** What may go on while the console is read-only: nothing of it is sent to any system. A new permission is taken for one that sends. */
const SENDS_NOTHING: ReadonlySet<Permission> = new Set<Permission>([
  "session:open",
  "estate:read",
  "attention:acknowledge",
  "dna:read",
  "dna:census",
  "dna:values",
  "plans:read",
  "plans:search-text",
  "payloads:reveal",
  "worlds:read",
  "locks:read",
  "haf:read",
  "journal:read",
  "jobs:read",
  "jobs:control",
  "demo:scenario",
  "agents:read",
  "agents:reload",
  "configuration:read",
  "readers:restart",
  "alerts:read",
  "alerts:silence",
  "alerts:test",
  "safety:read-only",
  "safety:allow-acting",
  "safety:approve",
]);

export interface Principal {
  readonly id: string;
  readonly role: Role;
  /** How it proved itself: `local` = loopback without auth. */
  readonly kind: "local" | "token";
  /** Sources it may see and act on; `null` = all. */
  readonly sources: readonly string[] | null;
  /** Id of the token behind it, for revocation; `null` for `local`. */
  readonly tokenId: string | null;
}

/** `public` is masked. Operators and admins read everything. */
export type Audience = "public" | "operator";
export const audienceOf = (principal: Principal): Audience => (principal.role === "viewer" ? "public" : "operator");

/** The least role that holds a permission; `null` = it takes no login. */
export function leastRoleOf(permission: Permission): Role | null {
  const least = LEAST_ROLE[permission];
  return least === "anyone" ? null : least;
}

/** Whether this principal holds the permission; `null` = nobody has logged in. */
export function can(principal: Principal | null, permission: Permission): boolean {
  const least = LEAST_ROLE[permission];
  if (least === "anyone") return true;
  return principal !== null && ROLES.indexOf(principal.role) >= ROLES.indexOf(least);
}

/** Whether this principal may see and act on a source. */
export function canSee(principal: Principal, sourceId: string): boolean {
  return principal.sources === null || principal.sources.includes(sourceId);
}

/** Everything it may do, for the screen to draw its buttons by. */
export const permissionsOf = (principal: Principal | null): readonly Permission[] =>
  PERMISSIONS.filter((permission) => can(principal, permission));

/** What of it the brake for everything takes away. */
export const sendingOf = (permissions: readonly Permission[]): readonly Permission[] =>
  permissions.filter((permission) => !SENDS_NOTHING.has(permission));

/** The refusal in words: what is needed. */
export function refusalOf(permission: Permission): string {
  const least = LEAST_ROLE[permission];
  return least === "anyone" ? `Needs ${permission}` : `Needs ${permission}, which takes the role ${least}`;
}
