import type { IncomingMessage } from "node:http";
import { poaText } from "#server/ingest/codec/poa-calls.ts";
import type { IngestLimits } from "#server/ingest/domain/settings.ts";
import type { Account, SessionDesk, TokenMint } from "#server/ingest/ports.ts";
import { toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { credentialsOf } from "./credentials.ts";
import { type PoaAnswer, poaBody } from "./poa-body.ts";
import { Refusal } from "./refusal.ts";

/** Users of agents, kept as all of them are. */
export interface PoaAccounts {
  users(): readonly Account[];
  isEnded(tokenId: string): boolean;
  endToken(tokenId: string, expiresAt: Account["createdAt"]): void;
  add(wanted: Pick<Account, "name" | "scope"> & { readonly password: string }): Promise<Account>;
  setActive(name: string, active: boolean): Promise<Account | null>;
  remove(name: string): Promise<boolean>;
}

export interface PoaAdminDeps {
  readonly desk: SessionDesk;
  readonly mint: TokenMint;
  readonly accounts: PoaAccounts;
  readonly admins: readonly { readonly name: string; readonly secret: { reveal(): string } }[];
  /** In constant time. */
  readonly same: (one: string, other: string) => boolean;
  readonly newName: () => string;
  readonly newPassword: () => string;
}

const DONE: PoaAnswer = { status: 204, body: null };

/** The calls of administrators of the older protocol: users, and what is banned. */
export function createPoaAdmin(deps: PoaAdminDeps, { maxBytes }: Pick<IngestLimits, "maxBytes">) {
  const { accounts, admins, same, mint } = deps;

  function requireAdmin(request: IncomingMessage): void {
    const credentials = credentialsOf(request.headers.authorization);
    let found = false;
    if (credentials.kind === "basic") {
      for (const { name, secret } of admins) {
        // Both are compared, whichever fails.
        const isName = same(credentials.user, name);
        const isPassword = same(credentials.password, secret.reveal());
        if (isName && isPassword) found = true;
      }
    }
    if (!found) throw new Refusal(401, null);
  }

  async function create(request: IncomingMessage): Promise<PoaAnswer> {
    const body = await poaBody(request, maxBytes);
    requireAdmin(request);
    const name = poaText(body["user-name"]) ?? deps.newName();
    const password = poaText(body.password) ?? deps.newPassword();
    try {
      await accounts.add({ name, password, scope: { agents: ["*"], types: [] } });
    } catch (cause) {
      if (cause instanceof OpsError && cause.code === "conflict") throw new Refusal(409, null, { cause });
      if (cause instanceof OpsError && cause.code === "invalid-input") throw new Refusal(422, null, { cause });
      throw cause;
    }
    return { status: 200, body: { "user-name": name, password } };
  }

  function list(request: IncomingMessage): PoaAnswer {
    requireAdmin(request);
    const body = accounts.users().map(({ name, active, createdAt }) => ({
      ...{ user: name, active, created_at: toIso(createdAt) },
    }));
    return { status: 200, body };
  }

  async function remove(request: IncomingMessage, name: string): Promise<PoaAnswer> {
    requireAdmin(request);
    if (!(await accounts.remove(name))) throw new Refusal(404, null);
    return DONE;
  }

  async function patch(request: IncomingMessage, name: string): Promise<PoaAnswer> {
    const { active } = await poaBody(request, maxBytes);
    requireAdmin(request);
    if (typeof active !== "boolean") throw new Refusal(422, null);
    if ((await accounts.setActive(name, active)) === null) throw new Refusal(404, null);
    return DONE;
  }

  async function banUser(request: IncomingMessage): Promise<PoaAnswer> {
    const { user } = await poaBody(request, maxBytes);
    requireAdmin(request);
    const name = poaText(user);
    if (name === null || (await accounts.setActive(name, false)) === null) throw new Refusal(404, null);
    return { status: 200, body: { result: "success" } };
  }

  async function banToken(request: IncomingMessage): Promise<PoaAnswer> {
    const { token } = await poaBody(request, maxBytes);
    requireAdmin(request);
    const read = await mint.read(poaText(token) ?? "", "poa");
    if (read.kind !== "sound") throw new Refusal(404, null);
    if (accounts.isEnded(read.pass.tokenId)) throw new Refusal(409, { error: "already_exists" });
    accounts.endToken(read.pass.tokenId, read.pass.expiresAt);
    return { status: 200, body: { result: "success" } };
  }

  return async (request: IncomingMessage, path: string): Promise<PoaAnswer> => {
    const name = /^\/user\/([^/]+)$/.exec(path)?.[1];
    switch (`${request.method} ${name === undefined ? path : "/user/:name"}`) {
      case "POST /user":
        return create(request);
      case "GET /user":
        return list(request);
      case "DELETE /user/:name":
        return remove(request, decodedName(name));
      case "PATCH /user/:name":
        return patch(request, decodedName(name));
      case "POST /blacklist/user":
        return banUser(request);
      case "POST /blacklist/token":
        return banToken(request);
      default:
        throw new Refusal(404, null);
    }
  };
}

/** @throws Refusal 404 for what is no name at all */
function decodedName(text: string | undefined): string {
  try {
    return decodeURIComponent(text ?? "");
  } catch (cause) {
    throw new Refusal(404, null, { cause });
  }
}
