import type { types } from "cassandra-driver";
import { describe, expect, it } from "vitest";
import type { Cql, Outcome, Statement } from "./cql.ts";
import { statementsOn } from "./statements.ts";
import { identify } from "./store.ts";

const statements = statementsOn("k");
const KEY = new Uint8Array(32).fill(7);
const LOST: Outcome = { kind: "unknown", cause: new Error("Server timeout during write query at LOCAL_SERIAL") };

/** A keyspace whose answers to the next foundings are these: `lost` = not applied, `applied-lost` = applied, no answer. */
function keyspace(answers: readonly ("applied" | "lost" | "applied-lost" | "rival")[]) {
  const left = [...answers];
  let row: Readonly<Record<string, unknown>> | null = null;
  const toRow = ({ params }: Statement) => ({ id: params[0], format: params[1], key_check: params[2] });
  const cql: Pick<Cql, "read" | "conditional"> = {
    read: async () => (row === null ? [] : [{ ...row } as unknown as types.Row]),
    async conditional([statement]): Promise<Outcome> {
      const answer = left.shift() ?? "lost";
      if (statement === undefined || answer === "lost") return LOST;
      if (answer === "rival") {
        row = toRow(statement);
        return { kind: "rejected" };
      }
      row ??= toRow(statement);
      return answer === "applied" ? { kind: "applied" } : LOST;
    },
  };
  return { cql: cql as Cql, left };
}

function founding(answers: Parameters<typeof keyspace>[0], mayMake = true) {
  const ids = Array.from("abcdefgh");
  const { cql } = keyspace(answers);
  return identify({ cql, statements, key: KEY }, () => ids.shift() ?? "", mayMake);
}

describe("founding a journal", () => {
  it("takes the row's word for it, whatever became of the answers", async () => {
    expect(await founding(["applied"])).toBe("a");
    expect(await founding(["applied-lost"])).toBe("a");
    expect(await founding(["rival"])).toBe("a");
  });

  it("asks again where a founding without an answer was not applied", async () => {
    expect(await founding(["lost", "lost", "applied"])).toBe("c");
    expect(await founding(["lost", "applied-lost"])).toBe("b");
  });

  it("gives up after some rounds, and makes none where it may not", async () => {
    await expect(founding([])).rejects.toMatchObject({ code: "not-found" });
    await expect(founding(["applied"], false)).rejects.toMatchObject({ code: "not-found" });
  });
});
