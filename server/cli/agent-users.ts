import { type Clock, type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";

/** Who may open sessions for agents, as the command line sees it. */
export interface AgentUser {
  readonly name: string;
  /** Whole agent ids, or beginnings that end in `*`. */
  readonly agents: readonly string[];
  /** Empty = all. */
  readonly types: readonly string[];
  readonly active: boolean;
  readonly createdAt: EpochMs;
}

/** The records that a running console reads, too. */
export interface AgentRegister {
  users(): readonly AgentUser[];
  /** Throws `conflict` when there is one of that name, `invalid-input`. */
  add(wanted: Pick<AgentUser, "name" | "agents" | "types"> & { readonly password: string }): Promise<void>;
  /** `false` when there is none of that name. */
  remove(name: string): Promise<boolean>;
  /** Durable when it resolves. */
  endToken(tokenId: string, expiresAt: EpochMs): Promise<void>;
  close(): Promise<void>;
}

export interface AgentCommands {
  /** Answers the password: it is shown this once, and kept by its hash only. */
  add(wanted: { readonly name: string; readonly agents: string; readonly types: string | undefined }): Promise<string>;
  /** A table for people, oldest first. */
  list(): string;
  /** Its tokens end with it, in a running console within a second. */
  remove(name: string): Promise<void>;
  /** By the token itself or its id; answers the id. */
  revoke(tokenOrId: string): Promise<string>;
}

const AGENT = /^[\x21-\x29\x2b-\x7e]{0,199}\*?$/;
const TYPE = /^[a-z0-9][a-z0-9_.-]{0,62}$/;
const TOKEN_ID = /^[0-9A-Za-z]{10,64}$/;
/** No session token lives longer. */
const LIFE_MAX_MS = 86_400_000;

/** What `worldline agent-user` and `worldline agent-token` do. */
export function createAgentCommands(deps: {
  readonly register: AgentRegister;
  readonly clock: Clock;
  readonly newPassword: () => string;
}): AgentCommands {
  const { register, clock, newPassword } = deps;
  return {
    async add({ name, agents, types }) {
      const password = newPassword();
      const scope = { agents: listed(agents, AGENT, "--agents"), types: listed(types, TYPE, "--types") };
      if (scope.agents.length === 0) throw invalid("--agents names none; * stands for all");
      await register.add({ name, password, ...scope });
      return password;
    },
    list: () => toTable(register.users()),
    async remove(name) {
      if (!(await register.remove(name))) throw new OpsError("not-found", `No user of agents is called ${name}`);
    },
    async revoke(tokenOrId) {
      const tokenId = TOKEN_ID.test(tokenOrId) ? tokenOrId : idInToken(tokenOrId);
      if (tokenId === null) throw invalid("That is neither a session token nor the id of one");
      await register.endToken(tokenId, epochMs(clock.now() + LIFE_MAX_MS));
      return tokenId;
    },
  };
}

const invalid = (message: string) => new OpsError("invalid-input", message);

function listed(text: string | undefined, form: RegExp, option: string): readonly string[] {
  const found = (text ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
  const wrong = found.filter((one) => !form.test(one));
  if (wrong.length > 0) throw invalid(`${option}: ${wrong.join(", ")} cannot be`);
  return found;
}

/** `jti` of a token. Whether it was ever signed does not matter: ending one that is none does no harm. */
function idInToken(token: string): string | null {
  const payload = token.split(".")[1];
  if (payload === undefined) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    const id = typeof value === "object" && value !== null && "jti" in value ? value.jti : null;
    return typeof id === "string" && TOKEN_ID.test(id) ? id : null;
  } catch (cause) {
    if (cause instanceof SyntaxError) return null;
    throw cause;
  }
}

function toTable(users: readonly AgentUser[]): string {
  if (users.length === 0) return "There are no users of agents but those of the configuration.\n";
  const rows = users.map(({ name, agents, types, active, createdAt }) => [
    ...[name, agents.join(","), types.length === 0 ? "all" : types.join(",")],
    ...[toIso(createdAt), active ? "active" : "at rest"],
  ]);
  const table = [["name", "agents", "types", "created", "state"], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return `${table.map((row) => line(row).trimEnd()).join("\n")}\n`;
}
