import { soakKills } from "./soak/kills.ts";

const DEFAULT_ROUNDS = 200;
const USAGE = "usage: npm run soak -- kills [rounds] [seed]";

/** `npm run soak -- kills`: what is too long for every commit; exit 1 when anything was lost. */
const [name, rounds = String(DEFAULT_ROUNDS), seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (name !== "kills" || !/^[1-9][0-9]{0,5}$/.test(rounds) || !/^[0-9]{1,9}$/.test(seed)) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}
process.exit((await soakKills(Number(rounds), Number(seed))) ? 0 : 1);
