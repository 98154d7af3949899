import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openLocalState } from "./local-state.ts";

it("keeps what a console puts down for itself across restarts, readable by its owner alone", async () => {
  const root = mkdtempSync(join(tmpdir(), "local-state-"));
  try {
    const directory = join(root, "own");
    const first = openLocalState(directory);
    await first.putAll("auth", [
      { key: "a", value: "1" },
      { key: "b", value: "2" },
    ]);
    await first.putAll("auth", [{ key: "a", value: null }]);
    first.close();
    const second = openLocalState(directory);
    expect(await second.list("auth")).toEqual([{ key: "b", value: "2" }]);
    expect(await second.list("other")).toEqual([]);
    second.close();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, "state.sqlite")).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(root, { recursive: true });
  }
});
