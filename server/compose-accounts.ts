/** Users and tokens of agents for the command line, beside a running console. */
import type { AgentRegister } from "#server/cli/agent-users.ts";
import { createAccounts } from "#server/ingest/accounts.ts";
import { openRecordsFile } from "#server/ingest/adapters/accounts/records-file.ts";
import { createPasswordHasher } from "#server/ingest/adapters/accounts/scrypt.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

/** @param folder of what the console keeps for itself */
export async function openAgentRegister(folder: string): Promise<AgentRegister> {
  const records = openRecordsFile(folder);
  const accounts = createAccounts({
    ...{ records, shared: null, clock: createSystemClock(), log: silentLogger },
    hasher: createPasswordHasher(),
  });
  const once = new AbortController();
  await accounts.start(once.signal);
  once.abort(new OpsError("cancelled", "The command looks once"));
  return {
    users: () =>
      accounts.users().map(({ name, scope, active, createdAt }) => ({
        ...{ name, active, createdAt, agents: scope.agents, types: scope.types },
      })),
    async add({ name, password, agents, types }) {
      await accounts.add({ name, password, scope: { agents, types } });
    },
    remove: (name) => accounts.remove(name),
    async endToken(tokenId, expiresAt) {
      accounts.endToken(tokenId, expiresAt);
      await accounts.settled();
    },
    close: () => records.close(),
  };
}
