import type { CompiledQuery, KyselyPlugin } from "kysely";
import type { Database } from "./differences.ts";

/** Tells every statement that is made through the database, as it is sent. */
export function spiedOn(db: Database, onStatement: (query: CompiledQuery) => void): Database {
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      onStatement(db.getExecutor().compileQuery(node, queryId));
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return db.withPlugin(plugin);
}
