import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "@playwright/test";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"] as const;
const INSTALL_LINE = "apt-get update && apt-get install -y --no-install-recommends chromium";
const INSTALL_TIMEOUT_MS = 600_000;

/**
 * The path of a Chromium: `CHROMIUM_PATH`, then the `PATH`, then Playwright's own. Installs Debian's package when run
 * as root there. Never answers without one: a browser test that is skipped says nothing.
 *
 * @throws Error with the one line to type when there is none
 */
export function findChromium(): string {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && named !== "") {
    if (isProgram(named)) return named;
    throw new Error(`CHROMIUM_PATH is ${named}, and no program is there`);
  }
  return search() ?? installed();
}

function search(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...candidates, chromium.executablePath()].find(isProgram);
}

function installed(): string {
  const mayInstall = process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  if (!mayInstall) {
    throw new Error(
      `A Chromium is needed for browser tests. Install it: sudo sh -c '${INSTALL_LINE}' (or: npx playwright install chromium)`,
    );
  }
  process.stderr.write(`Chromium is missing; installing it: ${INSTALL_LINE}\n`);
  execFileSync("sh", ["-c", INSTALL_LINE.replaceAll("apt-get", "apt-get -q -o DPkg::Lock::Timeout=300")], {
    timeout: INSTALL_TIMEOUT_MS,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  const found = search();
  if (found === undefined) throw new Error(`Chromium was installed by ${INSTALL_LINE}, and is not to be found`);
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // not here: the search goes on, and its end says what is missing
  }
}
