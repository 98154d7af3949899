import type { Clock } from "#server/kernel/clock.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { Accounts } from "./accounts.ts";
import { mayBe } from "./domain/scope.ts";
import type {
  Account,
  IngestCredentials,
  IngestScope,
  PasswordHasher,
  SessionClaims,
  SessionDesk,
  TokenMint,
} from "./ports.ts";
import type { HiddenText } from "./settings.ts";

/** Life of a session token. */
export const SESSION_LIFE_MS = 3_600_000;
const WHOLE_SECOND_MS = 1_000;
/** Hash of nothing that anybody has: it is compared with where there is no user, so that time tells nothing. */
const NOBODY = `scrypt$${"A".repeat(22)}$${"A".repeat(43)}`;

/** No user is called so: names hold no colon. */
const bootstrapUser = (name: string): string => `bootstrap:${name}`;

/** Somebody whom the configuration names. */
export interface GivenUser {
  readonly name: string;
  readonly secret: HiddenText;
  readonly scope: IngestScope;
}

export interface SessionDeskDeps {
  readonly accounts: Pick<Accounts, "user" | "users" | "isEnded" | "endToken">;
  /** Users of the configuration: they are not to be removed but there. */
  readonly users: readonly GivenUser[];
  readonly bootstrap: readonly GivenUser[];
  /** Whoever reaches the door may open sessions while nobody is named: on loopback alone. */
  readonly open: boolean;
  readonly mint: TokenMint;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Whether two texts are the same, in constant time. */
  readonly same: (one: string, other: string) => boolean;
  readonly audience: SessionClaims["audience"];
  readonly lifeMs: number;
}

/** The scope of a session: the one agent that it is opened for. */
export function createSessionDesk(deps: SessionDeskDeps): SessionDesk {
  const { accounts, mint, hasher, clock, audience } = deps;
  const given = new Map(deps.users.map((user) => [user.name, user]));
  const tokens = new Set(deps.bootstrap.map(({ name }) => bootstrapUser(name)));
  const isOpen = () => deps.open && given.size + deps.bootstrap.length === 0 && accounts.users().length === 0;

  async function byPassword(name: string, password: string): Promise<GivenUser | Account | null> {
    const user = given.get(name);
    if (user !== undefined) {
      // As slow as for those who are kept by hash.
      await hasher.matches(password, NOBODY);
      return deps.same(password, user.secret.reveal()) ? user : null;
    }
    const account = accounts.user(name);
    const matches = await hasher.matches(password, account?.hash ?? NOBODY);
    return matches && account?.active === true ? account : null;
  }

  function byToken(token: string): GivenUser | null {
    let found: GivenUser | null = null;
    for (const one of deps.bootstrap) if (deps.same(token, one.secret.reveal())) found = one;
    return found;
  }

  async function whoOf(credentials: IngestCredentials): Promise<{ name: string; scope: IngestScope } | null> {
    switch (credentials.kind) {
      case "basic":
        return byPassword(credentials.user, credentials.password);
      case "bearer": {
        const found = byToken(credentials.token);
        return found === null ? null : { name: bootstrapUser(found.name), scope: found.scope };
      }
      case "none":
        return isOpen() ? { name: "", scope: { agents: ["*"], types: [] } } : null;
    }
  }

  /** A user that was removed, or told to rest, has no tokens any more. */
  const isHere = (user: string): boolean =>
    user === "" ? isOpen() : tokens.has(user) || given.has(user) || accounts.user(user)?.active === true;

  /** Who is made anew under a name is another one: what was opened under it before is not theirs. */
  const isOfThisLife = (user: string, expiresAt: number): boolean => {
    const account = given.has(user) ? null : accounts.user(user);
    return account === null || account.createdAt < expiresAt - deps.lifeMs + WHOLE_SECOND_MS;
  };

  const inForce: SessionDesk["inForce"] = ({ tokenId, user, expiresAt }) =>
    expiresAt > clock.now() && !accounts.isEnded(tokenId) && isHere(user) && isOfThisLife(user, expiresAt);

  return {
    async open(credentials, agentId) {
      const who = await whoOf(credentials);
      if (who === null) return { kind: "stranger" };
      if (agentId !== null && !mayBe(who.scope.agents, agentId)) return { kind: "not-allowed" };
      const agents = agentId === null ? who.scope.agents : [agentId];
      const pass = {
        tokenId: deps.newId(),
        user: who.name,
        scope: { agents, types: who.scope.types },
        // Tokens count in whole seconds.
        expiresAt: epochMs(Math.floor((clock.now() + deps.lifeMs) / WHOLE_SECOND_MS) * WHOLE_SECOND_MS),
      };
      return { kind: "opened", token: await mint.sign({ pass, audience }), pass };
    },
    async check(token) {
      const checked = await mint.read(token, audience);
      return checked.kind === "sound" && !inForce(checked.pass) ? { kind: "none" } : checked;
    },
    inForce,
    end: ({ tokenId, expiresAt }) => accounts.endToken(tokenId, expiresAt),
  };
}
