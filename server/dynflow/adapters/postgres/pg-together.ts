import type { CompiledQuery } from "kysely";
import type { Pool } from "pg";
import type { Together } from "#server/dynflow/adapters/sql/differences.ts";
import type { StatementMeter } from "#server/dynflow/adapters/sql/statement-meter.ts";
import { breaksConnection } from "./pg-errors.ts";

/** PostgreSQL's word for a prepared statement that is not there, or there already: connections are swapped behind us. */
const SWAPPED_CONNECTIONS: ReadonlySet<unknown> = new Set(["26000", "42P05"]);

/**
 * Sends the statements in one packet over one connection of a pool in pipeline mode; the server runs them one after the
 * other and answers as it goes. They are prepared, as they are few and of constant text; behind a pooler that swaps
 * connections between statements that cannot work, so there they are planned anew each time.
 */
export function createPgTogether(pool: Pool, meter: StatementMeter): Together {
  const names = new Map<string, string>();
  let prepared = true;

  const nameOf = (text: string): string => {
    const name = names.get(text) ?? `worldline ${names.size}`;
    names.set(text, name);
    return name;
  };

  async function run(statements: readonly CompiledQuery[]) {
    const client = await pool.connect();
    let broken = false;
    const onError = (): void => {
      broken = true;
    };
    client.on("error", onError);
    const { stream } = client.connection;
    const sentAt = performance.now();
    stream.cork();
    const asked = statements.map(({ sql: text, parameters }) =>
      client.query({ ...(prepared ? { name: nameOf(text) } : {}), text, values: [...parameters] }),
    );
    stream.uncork();
    const answers = await Promise.allSettled(asked);
    meter.ended(performance.now() - sentAt);
    const faults = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
    client.off("error", onError);
    client.release(broken || faults.some(breaksConnection));
    if (faults.length > 0) throw faults[0];
    return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.rows] : []));
  }

  return async (statements) => {
    try {
      return await run(statements);
    } catch (cause) {
      if (!prepared || !SWAPPED_CONNECTIONS.has(codeOf(cause))) throw cause;
      prepared = false;
      return run(statements);
    }
  };
}

const codeOf = (cause: unknown): unknown => (cause instanceof Error && "code" in cause ? cause.code : null);
