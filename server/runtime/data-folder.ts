import { accessSync, chownSync, constants, lstatSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import path from "node:path";
import { OpsError } from "#server/kernel/errors.ts";

/** Depth to which a folder is looked at: segments of the journal lie one below the top. */
const MAX_DEPTH = 3;
const MODE = 0o700;

/**
 * Makes the folder of everything the console keeps, for this user alone, and answers its path.
 *
 * @param options.fallback for the demo, whose memory is nobody's loss: kept in the user's own state folder where the
 *   wanted one belongs to somebody else
 * @throws OpsError `refused` with the line that mends it
 */
export function prepareDataFolder(wanted: string, options: { readonly fallback: boolean }): string {
  const problem = problemOf(wanted);
  if (problem === null) return wanted;
  const own = path.join(homedir(), ".local", "state", "worldline");
  if (options.fallback && problemOf(own) === null) return own;
  throw new OpsError("refused", problem);
}

function problemOf(folder: string): string | null {
  try {
    mkdirSync(folder, { recursive: true, mode: MODE });
    assertWritable(folder, 0);
    return null;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const user = userInfo().username;
    return `Cannot write to ${folder} (${code}). Run: sudo chown -R ${user} ${folder} (or set journal.path to another folder)`;
  }
}

function assertWritable(file: string, depth: number): void {
  accessSync(file, constants.R_OK | constants.W_OK);
  if (depth >= MAX_DEPTH || !lstatSync(file).isDirectory()) return;
  for (const name of readdirSync(file)) assertWritable(path.join(file, name), depth + 1);
}

/** What root has written into a folder of somebody else's is given to that somebody, so that they can go on. */
export function giveBackDataFolder(folder: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(path.dirname(folder));
  if (uid !== 0) give(folder, uid, gid, 0);
}

function give(file: string, uid: number, gid: number, depth: number): void {
  const facts = lstatSync(file);
  if (facts.isSymbolicLink()) return;
  if (facts.uid === 0) chownSync(file, uid, gid);
  if (depth >= MAX_DEPTH || !facts.isDirectory()) return;
  for (const name of readdirSync(file)) give(path.join(file, name), uid, gid, depth + 1);
}
