/** Where MariaDB's server is on this machine. */
import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";

export interface MariadbBinaries {
  readonly server: string;
  readonly installDb: string;
}

const FOLDERS = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/usr/local/opt/mariadb/bin"];
const PACKAGES = ["mariadb-server-core", "mariadb-client-core"];
const ADVICE = `no MariaDB server (mariadbd) found: install one (Debian: apt-get install ${PACKAGES.join(" ")}), or name a running server by WORLDLINE_TEST_MARIADB=mysql://root:password@127.0.0.1:3306/mysql`;

/** Installs Debian's packages where root may. @throws Error with the one line that says what to do */
export function findMariadb(): MariadbBinaries {
  const found = look();
  if (found !== null) return found;
  if (userInfo().uid === 0 && existsSync("/usr/bin/apt-get")) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const options: ExecFileSyncOptions = { env, stdio: ["ignore", "ignore", "inherit"] };
    execFileSync("/usr/bin/apt-get", ["-q", "update"], options);
    execFileSync("/usr/bin/apt-get", ["-q", "install", "-y", "--no-install-recommends", ...PACKAGES], options);
  }
  const installed = look();
  if (installed === null) throw new Error(ADVICE);
  return installed;
}

function look(): MariadbBinaries | null {
  const server = which("mariadbd") ?? which("mysqld");
  const installDb = which("mariadb-install-db") ?? which("mysql_install_db");
  return server === null || installDb === null ? null : { server, installDb };
}

function which(name: string): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...FOLDERS];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}
