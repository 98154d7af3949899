/** Copies of recorded databases, for tests that open or change them. */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StoredEnvelope } from "#server/dynflow/ground-truth.contract.ts";

/** A copy in a folder of its own. */
export function copyOf(recorded: string): { readonly path: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), "worldline-dynflow-"));
  const path = join(directory, "dynflow.sqlite");
  copyFileSync(recorded, path);
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** The envelopes that wait, as they lie there. */
export function sqliteEnvelopes(path: string): readonly StoredEnvelope[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare("SELECT id, receiver_id, data FROM dynflow_envelopes ORDER BY id").all();
  database.close();
  return rows.map((row) => ({
    id: Number(row.id),
    receiverId: String(row.receiver_id),
    data: row.data instanceof Uint8Array ? row.data : Buffer.from(String(row.data)),
  }));
}
