import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll } from "vitest";

const folder = (): string => mkdtempSync(join(tmpdir(), "worldline-dynflow-"));

/** The tables that a real Dynflow 2.0 made, emptied. Schema number and indexes stay. Made once, then copied. */
let template: string | null = null;
afterAll(() => {
  if (template !== null) rmSync(dirname(template), { recursive: true, force: true });
});

function templatePath(): string {
  if (template !== null) return template;
  const directory = folder();
  template = join(directory, "dynflow.sqlite");
  copyFileSync("fixtures/dynflow/v25.sqlite", template);
  const database = new DatabaseSync(template, { enableForeignKeyConstraints: false });
  const tables = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'dynflow_%' AND name <> ?")
    .all("dynflow_schema_info");
  for (const { name } of tables) database.exec(`DELETE FROM ${String(name)}`);
  database.exec("VACUUM");
  database.close();
  return template;
}

/** A database of schema 25 without rows, in a file of its own. */
export function emptySqliteDatabase(): { readonly path: string; remove(): void } {
  const directory = folder();
  const path = join(directory, "dynflow.sqlite");
  copyFileSync(templatePath(), path);
  return { path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
