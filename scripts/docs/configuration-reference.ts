/** Writes the table of the configuration into `docs/operations.md`, between its two marks. */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { referenceTable } from "#server/config/reference.ts";

const DOCUMENT = path.resolve(import.meta.dirname, "../../docs/operations.md");
const BEGIN = "<!-- configuration:begin -->";
const END = "<!-- configuration:end -->";

const text = await readFile(DOCUMENT, "utf8");
const [before, after] = [text.split(BEGIN)[0], text.split(END)[1]];
if (before === undefined || after === undefined) throw new Error(`${DOCUMENT} has lost its marks ${BEGIN} and ${END}`);
await writeFile(DOCUMENT, `${before}${BEGIN}\n${referenceTable()}\n${END}${after}`);
