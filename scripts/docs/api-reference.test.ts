import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { apiReference } from "./api-reference.ts";

it("docs/api.md is what the router says", () => {
  expect(readFileSync(path.resolve(import.meta.dirname, "../../docs/api.md"), "utf8")).toBe(apiReference());
});
