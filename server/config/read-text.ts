import { readFileSync } from "node:fs";

/** Text of a small file; throws what Node throws. */
export const readTextFile = (file: string): string => readFileSync(file, "utf8");
