import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { groundTruthContract, type StoredEnvelope } from "#server/dynflow/ground-truth.contract.ts";
import { createSqliteStore } from "./sqlite-store.ts";

function envelopesOf(path: string): readonly StoredEnvelope[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare("SELECT id, receiver_id, data FROM dynflow_envelopes ORDER BY id").all();
  database.close();
  return rows.map((row) => ({
    id: Number(row.id),
    receiverId: String(row.receiver_id),
    data: row.data instanceof Uint8Array ? row.data : new Uint8Array(),
  }));
}

groundTruthContract("Dynflow 2.0 on SQLite", "fixtures/dynflow/v25.sqlite.expected.json", async () => {
  const directory = mkdtempSync(join(tmpdir(), "worldline-dynflow-"));
  const path = join(directory, "v25.sqlite");
  copyFileSync("fixtures/dynflow/v25.sqlite", path);
  const store = createSqliteStore({ path });
  return {
    store,
    envelopes: envelopesOf(path),
    async close() {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
