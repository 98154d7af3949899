import { soakBlobs } from "./soak/blobs.ts";
import { soakDistribution } from "./soak/dist.ts";
import { DNA_USAGE, soakDna } from "./soak/dna.ts";
import { soakKills } from "./soak/kills.ts";

const SOAKS: Readonly<
  Record<string, { readonly rounds: number; run(rounds: number, seed: number): boolean | Promise<boolean> }>
> = {
  kills: { rounds: 200, run: soakKills },
  blobs: { rounds: 1_000_000, run: soakBlobs },
  dist: { rounds: 1_000_000, run: soakDistribution },
};
const USAGE = `usage: npm run soak -- ${Object.keys(SOAKS).join("|")} [rounds] [seed]\n${DNA_USAGE}`;

if (process.argv[2] === "dna") {
  const sound = await soakDna(process.argv.slice(3));
  if (sound === null) process.stderr.write(`${DNA_USAGE}\n`);
  process.exit(sound === null ? 2 : sound ? 0 : 1);
}

/** What is too long for every commit: `kills` of a console, mutated `blobs`, mutated frames of nodes (`dist`), histories of `dna` clusters; exit 1 when anything was lost or did harm. */
const [name = "", rounds, seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
const soak = SOAKS[name];
const asked = rounds ?? String(soak?.rounds ?? "");
if (soak === undefined || !/^[1-9][0-9]{0,7}$/.test(asked) || !/^[0-9]{1,9}$/.test(seed)) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}
process.exit((await soak.run(Number(asked), Number(seed))) ? 0 : 1);
