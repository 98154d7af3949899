import { benchAgents } from "./agents/agents.ts";
import { benchDna } from "./dna/dna.ts";
import { benchDynflow } from "./dynflow/dynflow.ts";
import type { Figure } from "./figure.ts";
import { benchHaf } from "./haf/haf.ts";
import { benchJournal } from "./journal/journal.ts";
import { benchMain } from "./main/main.ts";

const SUITES: Readonly<Record<string, () => AsyncIterable<Figure>>> = {
  main: benchMain,
  journal: benchJournal,
  dynflow: benchDynflow,
  dna: benchDna,
  agents: benchAgents,
  haf: benchHaf,
};

/** `npm run bench [-- main|journal|dynflow|dna|agents|haf]`: one JSON line a figure; exit 1 when an aim is missed. */
const asked = process.argv.slice(2);
const names = asked.length === 0 ? Object.keys(SUITES) : asked;
let missed = 0;
for (const name of names) {
  const suite = SUITES[name];
  if (suite === undefined) {
    process.stderr.write(`no suite ${name}; there are: ${Object.keys(SUITES).join(", ")}\n`);
    process.exit(2);
  }
  for await (const figure of suite()) {
    process.stdout.write(`${JSON.stringify(figure)}\n`);
    if (!figure.holds) missed += 1;
  }
}
process.exit(missed === 0 ? 0 : 1);
