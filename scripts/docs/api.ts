/** Writes `docs/api.md` from the router. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { apiReference } from "./api-reference.ts";

await writeFile(path.resolve(import.meta.dirname, "../../docs/api.md"), apiReference());
